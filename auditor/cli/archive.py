"""`auditor archive`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.project import open_project
from auditor.app.reports.archive import archive_report
from auditor.cli.common import config_option, guard, note


@click.command()
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--output",
    "-o",
    "out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The archived file; may be REPORT itself.",
)
@config_option
@guard
def archive(report: Path, out: Path, config: Path) -> None:
    """Make a signed PDF report last: PAdES B-LTA.

    Puts what is needed to check its signature later into the file, and has an authority of
    `timestamping` time-stamp the whole. Do it again before that time-stamp's certificate ends.

    \b
    auditor archive report.pdf -o report-2026.pdf
    """
    made = archive_report(open_project(config), report, out, datetime.now(UTC), note)
    note(f"wrote {out}: PAdES B-LTA, run {made.run}, time-stamped by {made.authority}")
