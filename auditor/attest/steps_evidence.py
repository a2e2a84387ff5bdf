"""Steps 6 and 7: the blobs are what the log says, and judged again they give the same verdicts."""

from __future__ import annotations

from auditor.attest.evidence import Evidence, RunRecord
from auditor.attest.pruning import PruningRecord
from auditor.attest.result import Notes
from auditor.attest.vault import vault_path
from auditor.attest.verdict_difference import undecided_findings
from auditor.errors import AuditorError, StoreError, UndecidableError, VerificationError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.runs import RunBook


def check_blobs(evidence: Evidence, notes: Notes) -> str:
    """(6) Every blob against both digests; with one run given, only the blobs of that run."""
    wanted = evidence.blobs if evidence.run is None else _blobs_of_runs(evidence)
    present = set(evidence.paths.get("blobs", ()))
    pruning = PruningRecord(evidence.book or RunBook(), evidence.read_blob)
    for path, reference in wanted.items():
        if path not in present and pruning.is_listed(reference.digest):
            _check_pruned(evidence, path, pruning.objection(reference.digest), notes)
            continue
        try:
            for _piece in evidence.stream_blob(reference):
                pass
        except VerificationError as error:
            evidence.damaged.add(path)
            notes.bad(error.message, path)
        except StoreError as error:
            evidence.damaged.add(path)
            notes.cannot_tell(error.message, path)
    check_vault(evidence, notes)
    if evidence.run is None:
        for path in evidence.paths["blobs"]:
            if path not in evidence.blobs:
                notes.warn("no entry of the log names this blob", path)
    found = len(wanted) - len(evidence.pruned)
    return f"{found} blobs have the digests that the log names"


def check_vault(evidence: Evidence, notes: Notes) -> None:
    """What is left of the disclosures can be read; that it is true, judging again shows."""
    collects = [collect for run in evidence.runs() for collect in run.collects]
    wanted = {vault_path(c.disclosures): c.disclosures for c in collects if c.disclosures}
    for path, reference in wanted.items():
        try:
            evidence.read_vault(reference)
        except VerificationError as error:
            notes.bad(error.message, path)
        except (UndecidableError, StoreError) as error:
            notes.cannot_tell(error.message, path)


def _check_pruned(evidence: Evidence, path: str, objection: str, notes: Notes) -> None:
    """A blob that is not there, and that the log says was to be deleted."""
    if objection:
        evidence.damaged.add(path)
        notes.bad(objection, path)
    else:
        evidence.pruned.add(path)
        notes.warn("pruned after its retention", path)


def check_verdicts(evidence: Evidence, notes: Notes) -> str:
    """(7) Each run judged again on its recorded evidence: the verdicts must be the same bytes."""
    records = list(evidence.records())
    before = len(evidence.before())
    if before:
        notes.warn(
            f"{before} runs before the period were not judged again: their evidence is not here"
        )
    if evidence.rejudge is None:
        notes.warn(f"{len(records)} runs were not judged again")
        return ""
    judged = [record for record in records if _can_be_judged(evidence, record, notes)]
    for record in judged:
        path = record.verdicts.blob.path
        try:
            _compare(record, evidence.rejudge(record), notes)
        except VerificationError as error:
            notes.bad(f"run {record.run}: {error.message}", error.where or path)
        except AuditorError as error:
            notes.cannot_tell(f"run {record.run} cannot be judged again: {error.message}", path)
    return f"{len(judged)} runs judged again, with the same verdicts byte for byte"


def _can_be_judged(evidence: Evidence, record: RunRecord, notes: Notes) -> bool:
    path = record.verdicts.blob.path
    needed = _paths(record)
    if needed & evidence.pruned:
        told = f"run {record.run}: its evidence is past its retention and was deleted"
        if evidence.run == record.run:
            notes.cannot_tell(told, path)
        else:
            notes.warn(told, path)
        return False
    if needed & evidence.damaged:
        notes.cannot_tell(f"run {record.run}: its evidence is damaged (step 6)", path)
        return False
    return True


def _compare(record: RunRecord, again: bytes, notes: Notes) -> None:
    """The same bytes; or others, only for values that were withheld or erased after the run."""
    path = record.verdicts.blob.path
    recorded = record.read(record.verdicts.blob)
    withheld = record.withheld()
    told = f"run {record.run}: personal values of {withheld} observations were withheld or erased"
    if again == recorded:
        if withheld:
            notes.warn(f"{told}; no verdict hangs on them", path)
        return
    count = undecided_findings(recorded, again) if withheld else None
    if count is None:
        notes.bad(f"run {record.run}: judged again, the verdicts are others", path)
    else:
        notes.cannot_tell(f"{told}, and {count} findings hang on them", path)


def _blobs_of_runs(evidence: Evidence) -> dict[str, BlobRef]:
    found: dict[str, BlobRef] = {}
    for run in evidence.runs():
        references = [collect.blob for collect in run.collects]
        references += [run.start.policy] if run.start else []
        references += [run.verdicts.blob] if run.verdicts else []
        found |= {reference.path: reference for reference in references}
    return found


def _paths(record: RunRecord) -> set[str]:
    observations = {collect.blob.path for collect in record.history.collects}
    return {record.start.policy.path, record.verdicts.blob.path} | observations
