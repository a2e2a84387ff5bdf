"""`auditor bridge`: facts for a bridge letter."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.app.bridge import bridge_json, bridge_markdown
from auditor.app.period.outputs import period_of_project
from auditor.app.project import open_project
from auditor.app.reports.outputs import write_files
from auditor.cli.common import config_option, echo, guard, note


@click.command()
@config_option
@click.option("--from", "since", required=True, help="The period's end: a date, or a time.")
@click.option("--to", "until", required=True, help="Until before: a date, or a time.")
@click.option("--format", "form", type=click.Choice(["markdown", "json"]), default="markdown")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="To a file.")
@guard
def bridge(config: Path, since: str, until: str, form: str, output: Path | None) -> None:
    """State what changed, failed and was not tested since a period's end; no opinion.

    \b
    auditor bridge --from 2026-10-01 --to 2026-12-01
    auditor bridge --from 2026-10-01 --to 2026-12-01 --format json -o bridge.json
    """
    report = period_of_project(open_project(config), f"{since}/{until}").report
    data = bridge_json(report) if form == "json" else bridge_markdown(report)
    if output is None:
        echo(data)
        return
    write_files([(output, data)])
    note(f"wrote {output}")
