"""`auditor ledger show` and `auditor ledger checkpoint`."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.app.project import open_project
from auditor.cli.common import config_option, echo, guard, note
from auditor.core.times import format_instant
from auditor.errors import UsageError


@click.command()
@config_option
@click.option("--from", "start", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@guard
def show(config: Path, start: int, form: str) -> None:
    """Print the entries, one a line."""
    store = open_project(config).store
    signed = store.checkpoint()
    size = signed.checkpoint.size if signed else 0
    if start >= size:
        note(f"the log has {size} entries, and none from {start} on")
    for entry in store.entries(start):
        body = entry.body.to_json()
        if form == "json":
            click.echo(entry.to_bytes().decode())
            continue
        about = " ".join(
            str(body[name]) for name in ("run", "target", "resource_type") if name in body
        )
        click.echo(f"{entry.index:6}  {format_instant(entry.time)}  {entry.body.type:10}  {about}")


@click.command()
@config_option
@guard
def checkpoint(config: Path) -> None:
    """Print the signed checkpoint; keep it and give it to `verify --since` next time."""
    signed = open_project(config).store.checkpoint()
    if signed is None:
        raise UsageError("there is no log yet", hint="auditor scan")
    echo(signed.to_bytes())
