"""`auditor hold`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.project import open_project
from auditor.app.runs import find_run
from auditor.app.upkeep.holds import clear_hold, list_holds, set_hold
from auditor.cli.common import config_option, guard, note
from auditor.core.times import format_instant
from auditor.render.escape import visible


@click.group()
def hold() -> None:
    """Keep the evidence of runs whatever its retention says: legal holds.

    \b
    auditor hold set case-17 --run latest --reason "letter of counsel, 2026-03-31"
    auditor hold list
    auditor hold clear case-17 --reason "settled"
    """


@hold.command("set")
@config_option
@click.argument("name")
@click.option("--run", "runs", multiple=True, required=True, help="A run; may be repeated.")
@click.option("--reason", required=True, help="Why; it stands in the log for ever.")
@guard
def set_(config: Path, name: str, runs: tuple[str, ...], reason: str) -> None:
    """Put runs under the hold NAME, or add runs to it."""
    project = open_project(config)
    ids = [find_run(project.store, run) for run in runs]
    done = set_hold(project, name, ids, reason, lambda: datetime.now(UTC))
    click.echo(f"hold {done.name}: {len(done.runs)} runs are held")


@hold.command()
@config_option
@click.argument("name")
@click.option("--reason", required=True, help="Why; it stands in the log for ever.")
@guard
def clear(config: Path, name: str, reason: str) -> None:
    """End the hold NAME."""
    done = clear_hold(open_project(config), name, reason, lambda: datetime.now(UTC))
    click.echo(f"hold {done.name} is over: {len(done.runs)} runs")


@hold.command("list")
@config_option
@guard
def list_(config: Path) -> None:
    """Print the holds in force."""
    holds = list_holds(open_project(config).store)
    if not holds:
        note("no hold is in force.  Next: auditor hold set NAME --run RUN --reason TEXT")
    for item in holds:
        since = format_instant(item.since)
        click.echo(f"{item.name}  since {since}  {visible(item.reason)}")
        for run in item.runs:
            click.echo(f"    {run}")
