"""Files of a period report: written all or none, signed where they can be, noted in the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from auditor.app.period.bounds import parse_bounds
from auditor.app.period.make import NOTED, MadeReport, PeriodRequest, make_period
from auditor.app.period.responses import load_responses
from auditor.app.project import Project, check_known
from auditor.app.reports.outputs import (
    OutputRequest,
    ReportSigning,
    log_reports,
    terminal_width,
    write_files,
)
from auditor.app.runs import find_run
from auditor.core.canonical import digest
from auditor.core.model.period_report import PeriodReport
from auditor.errors import UsageError
from auditor.render.period.registry import period_renderer


def parse_output(text: str) -> OutputRequest:
    """Read `FORMAT=FILE` of a period report.

    Raises:
        UsageError: Another form, an unknown format, or a folder that does not exist.
    """
    form, separator, name = text.partition("=")
    if not separator or not name:
        raise UsageError(f"got --output {text!r}, expected FORMAT=FILE such as json=q3.json")
    period_renderer(form)
    path = Path(name)
    if not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} does not exist", hint=f"mkdir {path.parent}")
    return OutputRequest(form, path)


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
    rendered = []
    for request in requests:
        data = period_renderer(request.form).render(made.report)
        rendered.append((request, signing.sign(request, data) if signing else data))
    write_files([(request.path, data) for request, data in rendered])
    noted = [(f"{NOTED}{request.form}", digest(data)) for request, data in rendered]
    log_reports(project, made.reporter, noted, progress)
    return [request.path for request, _data in rendered]
