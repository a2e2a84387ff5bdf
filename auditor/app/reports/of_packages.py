"""Reports of a bundle, and a report alone: what they say, and how old that is. Steps 4 and 8."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from auditor.app.package_view import PackageView
from auditor.app.reports.checks import STEP, compare_bytes
from auditor.attest.bundle import Bundle
from auditor.attest.evidence import Evidence
from auditor.attest.package import REPORTS
from auditor.attest.reader import read_bounded
from auditor.attest.report_parts import MAX_REPORT, read_report
from auditor.attest.result import Notes, VerificationReport
from auditor.attest.statement import Statement
from auditor.core.times import format_duration, format_instant
from auditor.errors import AuditorError, VerificationError
from auditor.store.interface import Store

_AGE_STEP = 4


def compare_package_reports(
    evidence: Evidence, before: VerificationReport, given: Path | None = None
) -> VerificationReport:
    """The verification of a bundle with step 8 extended by what its reports say.

    Args:
        given: A report besides those of the bundle.
    """
    result = before
    # Rendering asks only what PackageView answers; the port has writing besides.
    view = cast("Store", PackageView(evidence))
    for path in evidence.paths.get(REPORTS, []) if evidence.book else []:
        try:
            data = read_bounded(evidence.reader, path, MAX_REPORT)
            result = _compare(evidence, view, data, path, result)
        except AuditorError as error:
            result = _noted(result, STEP, error, path)
    if given is not None and evidence.book:
        data = given.read_bytes()
        result = _compare(evidence, view, data, given.name, result)
    return result


def _compare(
    evidence: Evidence, view: Store, data: bytes, name: str, before: VerificationReport
) -> VerificationReport:
    return compare_bytes(
        data,
        name,
        view,
        before,
        evidence.trust,
        evidence.now,
        keys=evidence.keys,
        absent=evidence.damaged | evidence.pruned,
        run=evidence.run,
    )


def with_report_age(
    before: VerificationReport, data: bytes, now: datetime, max_age: timedelta | None
) -> VerificationReport:
    """The verification of a report alone, with its age against what is allowed."""
    if max_age is None:
        return before
    try:
        proof = read_report(data).proof
        if proof is None:
            return _told(before, "the report carries no proof: how old it is, nothing tells")
        said = Statement.parse(Bundle.parse(proof.bundle).envelope.payload).predicate
    except VerificationError as error:
        return _noted(before, _AGE_STEP, error, "report")
    if now - said.now <= max_age:
        return before
    old = VerificationError(
        f"the report is of {said.run}, which judged at {format_instant(said.now)}: older than"
        f" {format_duration(max_age)}"
    )
    return _noted(before, _AGE_STEP, old, "report")


def _told(before: VerificationReport, text: str) -> VerificationReport:
    notes = _notes(before, _AGE_STEP)
    notes.cannot_tell(text, "report")
    return _with(before, _AGE_STEP, notes)


def _noted(
    before: VerificationReport, number: int, error: AuditorError, where: str
) -> VerificationReport:
    notes = _notes(before, number)
    if isinstance(error, VerificationError):
        notes.bad(error.message, error.where or where)
    else:
        notes.cannot_tell(error.message, error.where or where)
    return _with(before, number, notes)


def _notes(before: VerificationReport, number: int) -> Notes:
    notes = Notes()
    for note in before.steps[number].notes:
        notes.add(note)
    return notes


def _with(before: VerificationReport, number: int, notes: Notes) -> VerificationReport:
    step = before.steps[number]
    steps = list(before.steps)
    steps[number] = notes.result(number, step.title, step.detail)
    return VerificationReport(tuple(steps))
