"""`auditor report`."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.app.assess import assemble, recorded
from auditor.app.project import open_project
from auditor.app.reports.outputs import OutputRequest, render_to, write_outputs
from auditor.app.runs import find_run
from auditor.cli.common import colour_option, config_option, echo, guard, note, wants_colour


@click.command()
@config_option
@click.option("--run", "run_id", default="latest", show_default=True, help="Which run.")
@click.option("--format", "form", default="text", show_default=True, help="What stdout gets.")
@click.option("--output", "outputs", multiple=True, metavar="FORMAT=FILE", help="To a file.")
@click.option("--unsigned", is_flag=True, help="Write files without a signature of their own.")
@colour_option
@guard
def report(
    *,
    config: Path,
    run_id: str,
    form: str,
    outputs: tuple[str, ...],
    unsigned: bool,
    no_color: bool,
) -> None:
    """Render the report of a recorded run; needs no access to the systems.

    PDF and HTML files carry the proof of the run and are signed with the run key.

    \b
    auditor report
    auditor report --output pdf=report.pdf --output html=report.html
    auditor report --run 20260331T120000Z --format json
    """
    requests = [OutputRequest.parse(text) for text in outputs]
    OutputRequest.check_format(form)
    project = open_project(config)
    run = find_run(project.store, run_id)
    assessment = assemble(recorded(project.store, run))
    for path in write_outputs(project, assessment, requests, signed=not unsigned, progress=note):
        note(f"wrote {path}")
    if not requests:
        echo(render_to(form, assessment, colour=wants_colour(no_color=no_color)))
