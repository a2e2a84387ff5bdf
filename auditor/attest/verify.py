"""Verification in numbered steps, (0) to (8), over any store that can be read.

Each step answers ok, warning, cannot tell or bad, and names the file. A step runs when those before
it have established what it builds on; else it answers "not reached", which is "cannot tell". Only
the trust policy says whose signatures count: nothing is believed because the evidence says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from auditor.attest.evidence import Evidence, Rejudge
from auditor.attest.reader import StoreReader
from auditor.attest.result import Notes, StepResult, VerificationReport
from auditor.attest.steps_checkpoint import check_checkpoint
from auditor.attest.steps_evidence import check_blobs, check_verdicts
from auditor.attest.steps_log import check_log
from auditor.attest.steps_reports import check_reports
from auditor.attest.steps_runs import check_runs, check_statements
from auditor.attest.steps_trust import check_files, check_trust
from auditor.attest.trust import TrustPolicy
from auditor.errors import LedgerError, StoreError, UndecidableError, VerificationError


@dataclass(frozen=True, slots=True)
class _Step:
    """One step: what it is called, what it does, and whether it has ground to stand on."""

    title: str
    check: Callable[[Evidence, Notes], str]
    has_ground: Callable[[Evidence], bool]


def _always(_evidence: Evidence) -> bool:
    return True


def _files_listed(evidence: Evidence) -> bool:
    return "runs" in evidence.paths  # the last folder that step 1 lists


def _checkpoint_read(evidence: Evidence) -> bool:
    return evidence.signed is not None


def _entries_proven(evidence: Evidence) -> bool:
    return evidence.book is not None


_STEPS = (
    _Step("trust policy and times", check_trust, _always),
    _Step("files of the store", check_files, _always),
    _Step("checkpoint: signature, witnesses, earlier head", check_checkpoint, _files_listed),
    _Step("entries: tree and chain", check_log, _checkpoint_read),
    _Step("runs: order", check_runs, _entries_proven),
    _Step("statements: signature and content", check_statements, _entries_proven),
    _Step("evidence: digests", check_blobs, _entries_proven),
    _Step("verdicts: judged again", check_verdicts, _entries_proven),
    _Step("reports: digests", check_reports, _entries_proven),
)


def verify_store(
    reader: StoreReader,
    trust: TrustPolicy | None,
    *,
    run: str | None = None,
    rejudge: Rejudge | None = None,
    now: datetime,
    remembered: bytes | None = None,
    reports: Mapping[str, str] | None = None,
) -> VerificationReport:
    """Verify a store: the log, and all its runs or one of them.

    Args:
        reader: The store.
        trust: What the auditor trusts; None makes every signature "cannot tell".
        run: Verify only this run (the log is verified as a whole all the same).
        rejudge: Judges a recorded run again and gives the bytes of its verdicts; None leaves step 7
            with a warning.
        now: Time of the verification.
        remembered: A checkpoint file kept from an earlier look at this log.
        reports: Reports to compare: name to `sha256:...` of the bytes.

    Returns:
        One result for each step; `.exit_code` sums up.

    Raises:
        UsageError: `run` is not in the log.
    """
    evidence = Evidence(
        reader=reader,
        trust=trust,
        run=run,
        rejudge=rejudge,
        now=now,
        remembered=remembered,
        reports=dict(reports or {}),
    )
    return VerificationReport(
        tuple(_take_step(number, step, evidence) for number, step in enumerate(_STEPS))
    )


def _take_step(number: int, step: _Step, evidence: Evidence) -> StepResult:
    notes = Notes()
    detail = ""
    if not step.has_ground(evidence):
        notes.cannot_tell("not reached: an earlier step has left it no ground")
        return notes.result(number, step.title, detail)
    try:
        detail = step.check(evidence, notes)
    except (VerificationError, LedgerError) as error:
        notes.bad(error.message, error.where)
    except (UndecidableError, StoreError) as error:
        notes.cannot_tell(error.message, error.where)
    return notes.result(number, step.title, detail)
