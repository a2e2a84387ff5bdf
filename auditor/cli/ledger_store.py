"""`auditor ledger copy` and `auditor ledger prune`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.project import open_project
from auditor.app.upkeep.copying import copy_log
from auditor.app.upkeep.prune import prune as prune_evidence
from auditor.app.upkeep.stores import open_store
from auditor.cli.common import config_option, guard
from auditor.cli.progress import make_progress
from auditor.core.times import parse_instant
from auditor.errors import UsageError


@click.command()
@config_option
@click.argument("destination")
@guard
def copy(config: Path, destination: str) -> None:
    """Copy the log and all evidence to another store, and prove that it is the same.

    DESTINATION is a folder (from where you are) or s3://bucket/prefix, reached as `object_store:`
    says. It must be empty, or hold the beginning of such a copy. This store is only read.

    \b
    auditor ledger copy /mnt/archive/evidence
    auditor ledger copy s3://example-evidence/auditor
    """
    project = open_project(config)
    target = open_store(destination, Path.cwd(), project.loaded.config.object_store)
    with make_progress() as progress:
        done = copy_log(project, target, lambda: datetime.now(UTC), progress)
    click.echo(f"{done.files} files in {done.location}, {done.new} of them written now")
    click.echo(f"the same log: {done.size} entries, root {done.root}, {done.blobs} blobs compared")
    if done.absent:
        click.echo(f"{done.absent} blobs are in neither store (pruned, or lost: auditor verify)")
    line = config.name
    click.echo(f"To go on there, change one line of {line}:\n\n    store: {done.location}\n")
    click.echo("Do it before the next run: two copies that both go on are two histories.")


@click.command()
@config_option
@click.option("--now", "moment", help="As if it were then; never later than now. RFC 3339.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@guard
def prune(config: Path, moment: str | None, *, dry_run: bool) -> None:
    """Delete evidence whose retention is over and that no legal hold names.

    What is deleted is listed in the log first, so that `auditor verify` knows that it was right.
    Statements, reports, policies and verdicts stay; the runs cannot be judged again.

    \b
    auditor ledger prune --dry-run
    auditor ledger prune
    """
    project = open_project(config)
    now = _instant(moment) if moment else datetime.now(UTC)
    with make_progress() as progress:
        done = prune_evidence(
            project, now=now, clock=lambda: datetime.now(UTC), dry_run=dry_run, progress=progress
        )
    verb = "would be deleted" if dry_run else f"listed, {done.deleted} deleted, {done.kept} kept"
    click.echo(f"{len(done.runs)} runs are past their retention and under no hold")
    click.echo(f"{done.blobs} blobs of {done.size} bytes {verb}")
    click.echo(f"{done.disclosures} files of personal values {'would be ' * dry_run}erased")


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise UsageError(f"--now: {error}", hint="--now 2026-03-31T00:00:00Z") from error
