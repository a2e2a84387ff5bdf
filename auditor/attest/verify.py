"""Verification in numbered steps, (0) to (8), over a whole store or a bundle.

What the steps are is a table for each kind of source; most rows are shared. Each step answers ok,
warning, cannot tell or bad, and names the file. A step runs when those before it have established
what it builds on; else it answers "not reached", which is "cannot tell". Only the trust policy says
whose signatures count: nothing is believed because the evidence says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.attest.evidence import Evidence, Rejudge
from auditor.attest.reader import StoreReader
from auditor.attest.result import Notes, StepResult, VerificationReport
from auditor.attest.steps_age import check_age
from auditor.attest.steps_checkpoint import check_checkpoint
from auditor.attest.steps_evidence import check_blobs, check_verdicts
from auditor.attest.steps_log import check_log
from auditor.attest.steps_package import check_package
from auditor.attest.steps_package_evidence import check_package_blobs
from auditor.attest.steps_package_log import check_package_log
from auditor.attest.steps_reports import check_reports
from auditor.attest.steps_runs import check_runs, check_statements
from auditor.attest.steps_trust import check_files, check_trust
from auditor.attest.trust import TrustPolicy
from auditor.errors import LedgerError, StoreError, UndecidableError, VerificationError


@dataclass(frozen=True, slots=True)
class Step:
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


def _check_runs_and_age(evidence: Evidence, notes: Notes) -> str:
    detail = check_runs(evidence, notes)
    check_age(evidence, notes)
    return detail


_TRUST = Step("trust policy and times", check_trust, _always)
_CHECKPOINT = Step(
    "checkpoint: signature, witnesses, earlier head", check_checkpoint, _files_listed
)
_RUNS = Step("runs: order", _check_runs_and_age, _entries_proven)
_STATEMENTS = Step("statements: signature and content", check_statements, _entries_proven)
_VERDICTS = Step("verdicts: judged again", check_verdicts, _entries_proven)
_REPORTS = Step("reports: digests", check_reports, _entries_proven)

STORE_STEPS = (
    _TRUST,
    Step("files of the store", check_files, _always),
    _CHECKPOINT,
    Step("entries: tree and chain", check_log, _checkpoint_read),
    _RUNS,
    _STATEMENTS,
    Step("evidence: digests", check_blobs, _entries_proven),
    _VERDICTS,
    _REPORTS,
)
PACKAGE_STEPS = (
    _TRUST,
    Step("bundle: manifest and digests", check_package, _always),
    _CHECKPOINT,
    Step("entries: proofs and chain", check_package_log, _checkpoint_read),
    _RUNS,
    _STATEMENTS,
    Step("evidence: digests", check_package_blobs, _entries_proven),
    _VERDICTS,
    _REPORTS,
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
    max_age: timedelta | None = None,
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
        max_age: How old the newest run may be; None for any age.

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
        max_age=max_age,
    )
    return take_steps(evidence, STORE_STEPS)


def take_steps(evidence: Evidence, steps: Sequence[Step]) -> VerificationReport:
    """Take steps in order, from step 0 on; afterwards `evidence` holds what they established.

    Args:
        evidence: The inputs.
        steps: STORE_STEPS or PACKAGE_STEPS, or the first of them.

    Raises:
        UsageError: The run that was asked for is not in the log.
    """
    return VerificationReport(
        tuple(_take_step(number, step, evidence) for number, step in enumerate(steps))
    )


def _take_step(number: int, step: Step, evidence: Evidence) -> StepResult:
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
