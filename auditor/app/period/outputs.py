"""Files of a period report: written all or none, signed where they can be, noted in the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from auditor.app.period.bounds import parse_bounds
from auditor.app.period.make import NOTED, MadeReport, PeriodRequest, make_period
from auditor.app.period.responses import load_responses
from auditor.app.project import Project, check_known
from auditor.app.reports.outputs import Made, ReportSigning, deliver, terminal_width
from auditor.app.reports.requests import OutputRequest
from auditor.app.runs import find_run
from auditor.core.model.period_report import PeriodReport
from auditor.errors import UsageError
from auditor.render.period.registry import period_renderer


def period_of_project(
    project: Project, period: str, frameworks: Sequence[str] = (), since: str | None = None
) -> MadeReport:
    """The report of a period of a project, over its log as it is now.

    Args:
        period: `2026-Q3`, `2026-09`, `2026`, `START/END`.
        since: The run that changes are counted from; None for the last one before the period.

    Raises:
        UsageError: No such period, framework or run; or there is no log.
        DefinitionError: A management response is wrong.
        VerificationError: The store is damaged.
    """
    bounds = parse_bounds(period)
    problems = check_known("framework", frameworks, project.loaded.config.frameworks)
    if problems:
        raise UsageError("\n".join(problems), hint="auditor controls list")
    signed = project.store.checkpoint()
    if signed is None:
        raise UsageError("there is no log yet", hint="auditor scan")
    request = PeriodRequest(
        bounds,
        tuple(sorted(set(frameworks))),
        find_run(project.store, since) if since else "",
        dict(project.loaded.config.remediation),
        load_responses(project.loaded),
    )
    return make_period(project.store, request, signed.checkpoint.size)


def render_period(form: str, report: PeriodReport, *, colour: bool = False) -> bytes:
    """The report in a format; text for the terminal at hand."""
    if form != "text":
        return period_renderer(form).render(report)
    from auditor.render.period.text import PeriodTextRenderer  # options that only text has

    return PeriodTextRenderer(width=terminal_width(), colour=colour).render(report)


def write_period(
    project: Project,
    made: MadeReport,
    requests: Sequence[OutputRequest],
    *,
    signed: bool = True,
    progress: Callable[[str], None] = lambda _line: None,
) -> list[Path]:
    """Write all files or none, and note their digests in the log.

    Raises:
        UsageError: No run has ended: the log has nothing to note the files with.
        DependencyError: A format needs what is not installed.
        ConfigError: A file cannot be written, or a key cannot be used.
    """
    if not requests:
        return []
    if not made.reporter:
        raise UsageError(
            "no run of the log has ended: there is nothing to report", hint="auditor scan"
        )
    signing = ReportSigning(project, progress) if signed else None
    files = (
        Made(request, f"{NOTED}{request.form}", period_renderer(request.form).render(made.report))
        for request in requests
    )
    return deliver(project, made.reporter, files, signing, progress)
