"""`auditor run`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from auditor.app.assess import assemble, recorded
from auditor.app.project import open_project
from auditor.app.reports.outputs import render_to
from auditor.app.runs import find_run, rejudge
from auditor.cli.common import (
    chosen_engine,
    colour_option,
    config_option,
    echo,
    guard,
    note,
    wants_colour,
)
from auditor.core.canonical import digest
from auditor.core.times import format_instant, parse_instant
from auditor.errors import ExitCode, UsageError
from auditor.store.index import RunSummary

_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.group()
def run() -> None:
    """List, show and judge again recorded runs.

    \b
    auditor run list
    auditor run show latest
    auditor run rejudge latest
    """


@run.command("list")
@config_option
@_FORMAT
@guard
def list_(config: Path, form: str) -> None:
    """List the runs, the newest first; also those that were interrupted."""
    summaries = open_project(config).store.runs()
    if form == "json":
        click.echo(json.dumps([_row(summary) for summary in summaries], indent=2))
        return
    for summary in summaries:
        counts = ", ".join(f"{n} {status}" for status, n in summary.counts.items() if n)
        click.echo(f"{summary.id}  {_state(summary):11}  {counts}")
    if not summaries:
        click.echo("no run yet.  Next: auditor scan")


def _state(summary: RunSummary) -> str:
    return summary.outcome or ("aborted" if summary.aborted is not None else "interrupted")


def _row(summary: RunSummary) -> dict[str, object]:
    return {
        "run": summary.id,
        "now": format_instant(summary.now),
        "state": _state(summary),
        "counts": summary.counts,
    }


@run.command()
@click.argument("run_id", default="latest")
@config_option
@_FORMAT
@colour_option
@guard
def show(config: Path, run_id: str, form: str, *, no_color: bool) -> None:
    """Show a recorded run."""
    store = open_project(config).store
    assessment = assemble(recorded(store, find_run(store, run_id)))
    echo(render_to(form, assessment, colour=wants_colour(no_color=no_color)), form)


@run.command("rejudge")
@click.argument("run_id", default="latest")
@config_option
@click.option("--now", help="Another moment, RFC 3339 with a zone; not before the run.")
@_FORMAT
@guard
def rejudge_(config: Path, run_id: str, now: str | None, form: str) -> int:
    """Judge the recorded evidence again; at the run's own moment the bytes must be equal."""
    store = open_project(config).store
    try:
        moment = parse_instant(now) if now else None
    except ValueError as error:
        raise UsageError(f"--now: {error}") from error
    result = rejudge(store, find_run(store, run_id), moment, chosen_engine())
    identical = result.verdicts == result.recorded
    if form == "json":
        document = {
            "run": result.run,
            "now": format_instant(result.now),
            "identical": identical,
            "recorded": digest(result.recorded),
            "rejudged": digest(result.verdicts),
            "differences": list(result.differences),
        }
        click.echo(json.dumps(document, indent=2))
    else:
        for line in result.differences:
            click.echo(line)
        note(f"recorded {digest(result.recorded)}\nrejudged {digest(result.verdicts)}")
        click.echo("identical" if identical else f"{len(result.differences)} findings differ")
    if now is None and not identical:
        return ExitCode.INTEGRITY
    return ExitCode.OK
