"""Steps 6 and 7: the blobs are what the log says, and judged again they give the same verdicts."""

from __future__ import annotations

from auditor.attest.evidence import Evidence, RunRecord
from auditor.attest.result import Notes
from auditor.errors import AuditorError, StoreError, VerificationError
from auditor.ledger.blobs import BlobRef


def check_blobs(evidence: Evidence, notes: Notes) -> str:
    """(6) Every blob against both digests; with one run given, only the blobs of that run."""
    wanted = evidence.blobs if evidence.run is None else _blobs_of_runs(evidence)
    for path, reference in wanted.items():
        try:
            for _piece in evidence.stream_blob(reference):
                pass
        except VerificationError as error:
            evidence.damaged.add(path)
            notes.bad(error.message, path)
        except StoreError as error:
            evidence.damaged.add(path)
            notes.cannot_tell(error.message, path)
    if evidence.run is None:
        for path in evidence.paths["blobs"]:
            if path not in evidence.blobs:
                notes.warn("no entry of the log names this blob", path)
    return f"{len(wanted)} blobs have the digests that the log names"


def check_verdicts(evidence: Evidence, notes: Notes) -> str:
    """(7) Each run judged again on its recorded evidence: the verdicts must be the same bytes."""
    records = list(evidence.records())
    if evidence.rejudge is None:
        notes.warn(f"{len(records)} runs were not judged again")
        return ""
    for record in records:
        path = record.verdicts.blob.path
        if _paths(record) & evidence.damaged:
            notes.cannot_tell(f"run {record.run}: its evidence is damaged (step 6)", path)
            continue
        try:
            again = evidence.rejudge(record)
        except VerificationError as error:
            notes.bad(f"run {record.run}: {error.message}", error.where or path)
        except AuditorError as error:
            notes.cannot_tell(f"run {record.run} cannot be judged again: {error.message}", path)
        else:
            if again != record.read(record.verdicts.blob):
                notes.bad(f"run {record.run}: judged again, the verdicts are others", path)
    return f"{len(records)} runs judged again, with the same verdicts byte for byte"


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
