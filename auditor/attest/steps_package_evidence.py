"""Step 6 for a bundle: the blobs of its runs, what was left out, and the copies for people."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.attest.evidence import Evidence
from auditor.attest.package import CONTROLS
from auditor.attest.reader import read_bounded
from auditor.attest.result import Notes
from auditor.attest.steps_evidence import check_vault
from auditor.errors import LedgerError, StoreError, VerificationError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.encoding import MAX_DOCUMENT, parse_object
from auditor.ledger.runs import RunHistory

MAX_RATIO = 400
"""Largest ratio of evidence to its packed form that is unpacked, past MAX_UNPACKED."""
MAX_UNPACKED = 64 * 1024 * 1024
_UNNAMED = "an attestation or a sample rests on it, and it is neither here nor said to be left out"


def check_package_blobs(evidence: Evidence, notes: Notes) -> str:
    """(6) The blobs of the runs against both digests; nothing is missing without being named."""
    withheld = dict(evidence.package.withheld) if evidence.package else {}
    wanted = {ref.path: ref for run in evidence.before() for ref in judged_of(run)}
    wanted |= {ref.path: ref for run in evidence.runs() for ref in blobs_of(run)}
    for path, reference in wanted.items():
        if path in withheld and path not in evidence.paths["blobs"]:
            evidence.damaged.add(path)
            notes.cannot_tell(f"left out of the bundle: {withheld[path]}", path)
        else:
            _check_blob(evidence, reference, notes)
    wanted |= _check_records(evidence, wanted, withheld, notes)
    check_vault(evidence, notes)
    _check_unchosen(evidence, notes)
    _check_others(evidence, set(wanted), notes)
    _check_copies(evidence, notes)
    return f"{len(wanted)} blobs have the digests that the log names"


def blobs_of(run: RunHistory) -> list[BlobRef]:
    """What a run's judgement rests on, and the verdicts."""
    return [*(collect.blob for collect in run.collects), *judged_of(run)]


def judged_of(run: RunHistory) -> list[BlobRef]:
    """What a run was judged by, and the verdicts."""
    references = [run.start.policy] if run.start else []
    references += [run.verdicts.blob] if run.verdicts else []
    return references


def _check_records(
    evidence: Evidence, checked: Mapping[str, BlobRef], withheld: Mapping[str, str], notes: Notes
) -> dict[str, BlobRef]:
    """What people attested and what samples were drawn of; gives the blobs that are there.

    No verdict hangs on them (the observations hold what was judged): one that is said to be left
    out is the warning of step 1. With one run to verify, only those that are there are looked at.
    """
    present = set(evidence.paths["blobs"])
    found = {path: ref for path, ref in evidence.record_blobs.items() if path not in checked}
    for path, reference in found.items():
        if path in present:
            _check_blob(evidence, reference, notes)
        elif path not in withheld and evidence.run is None:
            evidence.damaged.add(path)
            notes.cannot_tell(_UNNAMED, path)
    return {path: ref for path, ref in found.items() if path in present}


def _check_blob(evidence: Evidence, reference: BlobRef, notes: Notes) -> None:
    if reference.size > MAX_UNPACKED + MAX_RATIO * reference.stored.size:
        evidence.damaged.add(reference.path)
        notes.cannot_tell(
            f"{reference.stored.size} bytes that unpack to {reference.size} are not unpacked here",
            reference.path,
        )
        return
    try:
        for _piece in evidence.stream_blob(reference):
            pass
    except VerificationError as error:
        evidence.damaged.add(reference.path)
        notes.bad(error.message, reference.path)
    except StoreError as error:
        evidence.damaged.add(reference.path)
        notes.cannot_tell(error.message, reference.path)


def _check_others(evidence: Evidence, checked: set[str], notes: Notes) -> None:
    """Blobs beside those of the runs, such as lists of what was deleted."""
    for path in evidence.paths["blobs"]:
        if path in checked:
            continue
        reference = evidence.blobs.get(path)
        if reference is None:
            notes.warn("no entry of the bundle names this blob", path)
        else:
            _check_blob(evidence, reference, notes)


def _check_unchosen(evidence: Evidence, notes: Notes) -> None:
    """Chosen by control: no other run of the span judged that control."""
    package, book = evidence.package, evidence.book
    if package is None or book is None or package.chosen.control is None:
        return
    chosen = package.chosen
    for run in book.runs.values():
        start = run.start
        if start is None or run.run in package.runs:
            continue
        early = chosen.since is not None and start.now < chosen.since
        late = chosen.until is not None and start.now >= chosen.until
        if early or late:
            continue
        try:
            policy = parse_object(evidence.read_blob(start.policy))
        except (VerificationError, LedgerError):
            notes.cannot_tell(f"whether run {run.run} judged {chosen.control}", start.policy.path)
            continue
        if chosen.control in _controls(policy):
            notes.bad(
                f"run {run.run} judged {chosen.control} and is not in the bundle", f"run {run.run}"
            )


def _controls(policy: dict[str, object]) -> set[object]:
    controls = policy.get("controls")
    rows = controls if isinstance(controls, list) else []
    return {row.get("id") for row in rows if isinstance(row, dict)}


def _check_copies(evidence: Evidence, notes: Notes) -> None:
    """`controls/` is for people: it says what the recorded policies say, or nobody may read it."""
    paths = set(evidence.paths[CONTROLS])
    if evidence.readable is None:
        if paths:
            notes.warn("the readable copies of the controls were not compared with the policies")
        return
    expected: dict[str, bytes] = {}
    for run in evidence.runs():
        if run.start is None or run.start.policy.path in evidence.damaged:
            continue
        reference = run.start.policy
        try:
            expected |= evidence.readable(reference, evidence.read_blob(reference))
        except VerificationError as error:
            notes.bad(error.message, reference.path)
    for path in sorted(paths):
        if path not in expected:
            notes.bad("no policy of the runs gives this copy", path)
            continue
        if read_bounded(evidence.reader, path, MAX_DOCUMENT) != expected[path]:
            notes.cannot_tell("this version writes the policy's control otherwise", path)
