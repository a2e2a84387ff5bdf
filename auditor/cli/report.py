"""`auditor report`: of a run, or of a period."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.app.assess import assemble, recorded
from auditor.app.period.outputs import period_of_project, render_period, write_period
from auditor.app.project import open_project
from auditor.app.reports.outputs import render_parts, write_outputs
from auditor.app.reports.requests import parse_request
from auditor.app.runs import find_run
from auditor.cli.common import (
    colour_option,
    config_option,
    echo,
    echo_parts,
    guard,
    note,
    wants_colour,
)
from auditor.cli.undelivered import note_undelivered
from auditor.errors import ExitCode, UsageError
from auditor.render.formats import check_format
from auditor.render.period.registry import period_format_names
from auditor.render.registry import format_names


@click.command()
@config_option
@click.option("--run", "run_id", help="Which run.  [default: latest]")
@click.option("--period", help="Report a period: 2026-Q3, 2026-09, 2026, or START/END.")
@click.option(
    "--framework", "frameworks", multiple=True, help="With --period: only this framework."
)
@click.option("--since", help="With --period: the run that changes are counted from.")
@click.option("--format", "form", default="text", show_default=True, help="What stdout gets.")
@click.option("--output", "outputs", multiple=True, metavar="FORMAT=FILE", help="To a file.")
@click.option("--unsigned", is_flag=True, help="Write files without a signature of their own.")
@colour_option
@guard
def report(
    *,
    config: Path,
    run_id: str | None,
    period: str | None,
    frameworks: tuple[str, ...],
    since: str | None,
    form: str,
    outputs: tuple[str, ...],
    unsigned: bool,
    no_color: bool,
) -> int:
    """Render the report of a recorded run, or of a period; needs no access to the systems.

    PDF and HTML files carry the proof of the run and are signed with the run key. A period is
    half-open and in UTC; everything in its report comes from the log and the store. Where no
    complete run lies in it, nothing was tested: the report is made, and the exit code is 4.

    \b
    auditor report
    auditor report --output pdf=report.pdf --output html=report.html
    auditor report --run 20260331T120000Z --format json
    auditor report --period 2026-Q3 --framework soc2
    auditor report --period 2026-07-01/2026-10-01 --output json=q3.json
    """
    colour = wants_colour(no_color=no_color)
    if period is None:
        if frameworks or since:
            raise UsageError(
                "--framework and --since are of a period",
                hint="auditor report --period 2026-Q3 --framework soc2",
            )
        _of_run(config, run_id or "latest", form, outputs, signed=not unsigned, colour=colour)
        return ExitCode.OK
    if run_id is not None:
        raise UsageError("a report is of one run or of a period: give --run or --period")
    check_format(form, period_format_names())
    requests = [parse_request(text, period_format_names()) for text in outputs]
    project = open_project(config)
    made = period_of_project(project, period, frameworks, since)
    for path in write_period(project, made, requests, signed=not unsigned, progress=note):
        note(f"wrote {path}")
    if not requests:
        echo(render_period(form, made.report, colour=colour), form)
    note_undelivered(project)
    if made.report.facts["runs_complete"]:
        return ExitCode.OK
    note(f"there is no complete run in {period}: nothing was tested.  Next: auditor run list")
    return ExitCode.NOTHING_EVALUATED


def _of_run(
    config: Path, run_id: str, form: str, outputs: tuple[str, ...], *, signed: bool, colour: bool
) -> None:
    check_format(form, format_names())
    requests = [parse_request(text, format_names()) for text in outputs]
    project = open_project(config)
    run = find_run(project.store, run_id)
    assessment = assemble(recorded(project.store, run))
    for path in write_outputs(project, assessment, requests, signed=signed, progress=note):
        note(f"wrote {path}")
    if not requests:
        echo_parts(render_parts(form, assessment, colour=colour), form)
    note_undelivered(project)
