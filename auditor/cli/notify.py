"""`auditor notify`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.notifying.delivering import Notifier
from auditor.app.notifying.events import Event
from auditor.app.notifying.state import Waiting, load_state
from auditor.app.project import open_project
from auditor.app.runs import find_run
from auditor.cli.common import config_option, guard, note
from auditor.core.times import format_instant
from auditor.errors import ExitCode, UsageError
from auditor.render.escape import visible


@click.command()
@config_option
@click.option("--run", "run", default="latest", show_default=True, help="latest: all since.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent; send and write nothing.")
@click.option("--list", "list_", is_flag=True, help="Show what is not delivered, and why.")
@click.option("--again", is_flag=True, help="Try now what is to wait for a later go.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@guard
def notify(*, config: Path, run: str, dry_run: bool, list_: bool, again: bool, form: str) -> int:
    """Tell the configured channels what recorded runs show; each event once.

    New failures, what is no longer evaluated, waivers, certificates and attestations at their end,
    runs that are missing. Call it after each scan, and once a day besides: a scan that never began
    tells nothing. Exits 3 where something was not delivered; the next call tries it again.

    \b
    auditor notify --dry-run
    auditor notify
    auditor notify --list
    auditor notify --again
    auditor notify --run 20260331T120000Z --dry-run --format json
    """
    if dry_run and list_:
        raise UsageError("--dry-run and --list are two different questions: give one")
    project = open_project(config)
    notifier = Notifier(project, os.environ, lambda: datetime.now(UTC))
    if list_:
        _say(form, "waiting", load_state(notifier.state_file).waiting)
        return ExitCode.OK
    chosen = run if run == "latest" else find_run(project.store, run)
    if dry_run:
        found, waiting = notifier.preview(chosen)
        _say(form, "would_send", waiting)
        note(f"{len(found.events)} events found; nothing was sent")
        return ExitCode.OK
    done = notifier.notify(chosen, again=again)
    if done.skipped:
        note(f"{done.skipped} older runs since the last time were not looked at")
    if done.dropped:
        note(f"{done.dropped} events waited for channels that are configured no more: dropped")
    if form == "json":
        _say(form, "waiting", done.waiting)
    for channel, event in done.sent if form == "text" else ():
        click.echo(f"sent to {channel}: {_line(event)}")
    failed = [item for item in done.waiting if item.problem]
    for channel, problem in sorted({(item.channel, item.problem) for item in failed}):
        note(f"{channel}: {problem}.  Kept for the next go: auditor notify --list")
    note(f"{len(done.found)} events found, {len(done.sent)} delivered, {len(done.waiting)} wait")
    return ExitCode.INCOMPLETE if done.waiting else ExitCode.OK


def _say(form: str, name: str, waiting: Iterable[Waiting]) -> None:
    if form == "json":
        items = [item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in waiting]
        click.echo(json.dumps({name: items}, indent=2, ensure_ascii=False))
        return
    for item in waiting:
        click.echo(f"{item.channel}: {_line(item.event)}")
        if item.attempts:
            again = format_instant(item.next_at.replace(microsecond=0))
            click.echo(f"  {item.attempts} attempts, again after {again}: {visible(item.problem)}")


def _line(event: Event) -> str:
    return (
        f"{event.kind.replace('_', ' ')}, {event.severity.value}: {visible(event.subject)}:"
        f" {visible(event.detail)}"
    )
