"""Step 8: reports, given or lying in the store, are those that the log has recorded.

That a report's attached assessment is the signed one, and its PDF signature, are the renderers'
own checks; here the bytes are compared by digest.
"""

from __future__ import annotations

import hashlib

from auditor.attest.evidence import Evidence
from auditor.attest.reader import StoreReader
from auditor.attest.result import Notes
from auditor.attest.steps_runs import statement_path
from auditor.errors import VerificationError


def check_reports(evidence: Evidence, notes: Notes) -> str:
    """(8) Digests of reports against the `report` entries of the runs."""
    recorded = {item.digest for run in evidence.runs() for item in run.reports}
    kept = {
        item.file: item.digest
        for run in evidence.runs()
        for item in run.reports
        if item.file is not None
    }
    for name, found in evidence.reports.items():
        if found not in recorded:
            notes.bad("the log has recorded no report with these bytes", name)
    for path, expected in kept.items():
        _check_kept(evidence.reader, path, expected, notes)
    if evidence.run is None:
        _check_others(evidence, set(kept), notes)
    compared = len(evidence.reports) + len(kept)
    return f"{len(recorded)} reports recorded, {compared} compared"


def _check_kept(reader: StoreReader, path: str, expected: str, notes: Notes) -> None:
    try:
        found = _digest_of(reader, path)
    except VerificationError as error:
        notes.bad(error.message, path)
        return
    if found != expected:
        notes.bad("the report has another digest than the log says", path)


def _check_others(evidence: Evidence, kept: set[str], notes: Notes) -> None:
    """Files beside the runs that the log does not name."""
    runs = [*evidence.before(), *evidence.runs()]
    known = kept | {statement_path(run.run) for run in runs if run.end is not None}
    known |= {item.file for run in runs for item in run.timestamps}
    for path in evidence.paths["runs"]:
        if path not in known:
            notes.warn("no entry of the log names this file", path)


def _digest_of(reader: StoreReader, path: str) -> str:
    seen = hashlib.sha256()
    for piece in reader.chunks(path):
        seen.update(piece)
    return f"sha256:{seen.hexdigest()}"
