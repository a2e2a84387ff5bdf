"""The report of a period, from a store alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from auditor import __version__
from auditor.app.period.contents import Contents
from auditor.app.period.log_view import LogView, PeriodStore, read_log
from auditor.app.period.run_lines import run_lines
from auditor.core.model.period_report import (
    Bounds,
    PeriodLog,
    PeriodReport,
    Response,
    RunLine,
    RunState,
)
from auditor.core.model.status import Severity
from auditor.core.period.inputs import PeriodQuestion
from auditor.core.period.report import build_period
from auditor.core.times import format_instant
from auditor.errors import UsageError
from auditor.ledger.encoding import encode_base64

NOTED = "period-"
"""What `format` of a `report` entry begins with: `period-json` is a period report in JSON."""


@dataclass(frozen=True, slots=True)
class PeriodRequest:
    """What is asked: all that a report depends on besides the log.

    Args:
        frameworks: Ids; empty for all.
        since_run: The run to compare with; "" for the last complete one before the period.
        remediation: Severity to how soon a finding is to be fixed.
    """

    bounds: Bounds
    frameworks: tuple[str, ...] = ()
    since_run: str = ""
    remediation: Mapping[Severity, timedelta] = field(default_factory=dict)
    responses: Sequence[Response] = ()


@dataclass(frozen=True, slots=True)
class MadeReport:
    """The report, and what the log had for it.

    Args:
        reporter: The run that the log notes its files with; "" where none has ended.
        whole: Every entry of the log was there; false of a bundle that holds a part.
    """

    report: PeriodReport
    reporter: str
    whole: bool


def make_period(store: PeriodStore, request: PeriodRequest, size: int) -> MadeReport:
    """The report of a period, as the log had it when it had `size` entries.

    Raises:
        UsageError: There is no log, or `since_run` is no complete run before the period.
        VerificationError: Something that is needed is missing or was changed.
    """
    view = read_log(store, size, request.bounds)
    contents = Contents(store, view.histories)
    lines = run_lines(view.histories, request.bounds, contents)
    _check_since(request, lines)
    question = PeriodQuestion(
        tool=f"auditor {__version__}",
        bounds=request.bounds,
        log=_log(view),
        frameworks=request.frameworks,
        since_run=request.since_run,
        remediation=request.remediation,
        responses=request.responses,
        attestations=view.attestations,
        events=view.events,
    )
    report = build_period(question, lines, contents.load)
    _check_frameworks(request, report)
    return MadeReport(report, view.reporter, view.count == view.head.size)


def _log(view: LogView) -> PeriodLog:
    head = view.head
    return PeriodLog(head.origin, head.size, encode_base64(head.root), view.time)


def _check_since(request: PeriodRequest, lines: Sequence[RunLine]) -> None:
    name = request.since_run
    line = next((line for line in lines if line.run == name), None)
    if not name or (
        line is not None and line.state is RunState.COMPLETE and line.now < request.bounds.since
    ):
        return
    begin = format_instant(request.bounds.since)
    raise UsageError(
        f"run {name} is no complete run before {begin}: changes cannot be counted from it",
        hint="auditor run list",
    )


def _check_frameworks(request: PeriodRequest, report: PeriodReport) -> None:
    known = {framework.id for framework in report.frameworks}
    for name in request.frameworks:
        if name not in known and report.runs:
            raise UsageError(
                f"no run of the period was made for the framework `{name}`",
                hint="auditor report --period PERIOD, without --framework, shows all",
            )
