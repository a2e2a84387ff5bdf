"""`auditor ledger timestamp`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.project import open_project
from auditor.app.runs import find_run
from auditor.app.timestamps.spool import untimed_runs
from auditor.app.timestamps.stamping import (
    AT_ONCE,
    read_responses,
    stamp_runs,
    write_requests,
)
from auditor.cli.common import config_option, guard, note
from auditor.errors import ExitCode, UsageError

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@config_option
@click.option("--run", "run_id", help="Only this run; all runs without a time-stamp if absent.")
@click.option("--request", type=_FOLDER, help="Ask nobody: write RUN.tsq files into this folder.")
@click.option("--response", type=_FOLDER, help="Take the answers RUN.tsr from this folder.")
@guard
def timestamp(config: Path, run_id: str | None, request: Path | None, response: Path | None) -> int:
    """Have runs time-stamped that no authority has stamped yet.

    Asks the authorities of `timestamping` in auditor.yaml. Without a network: --request writes the
    questions, any machine sends them (curl), --response takes the answers. Exit 3: runs are left.

    \b
    auditor ledger timestamp
    auditor ledger timestamp --run latest
    auditor ledger timestamp --request spool
    curl -H 'Content-Type: application/timestamp-query' --data-binary @RUN.tsq -o RUN.tsr URL
    auditor ledger timestamp --response spool
    """
    if request and response:
        raise UsageError("--request and --response are two steps: give one of them")
    project = open_project(config)
    run = find_run(project.store, run_id) if run_id else None
    waiting = untimed_runs(project.store, note, run=run)
    if not waiting:
        click.echo("every complete run has a time-stamp" if run is None else f"{run} has one")
        return ExitCode.OK
    if request:
        for path in write_requests(waiting, request):
            click.echo(str(path))
        return ExitCode.OK
    if response:
        result = read_responses(project, waiting, response, note, clock=_now)
    else:
        result = stamp_runs(project, waiting, note, clock=_now)
    for name in result.stamped:
        click.echo(f"{name}  time-stamped")
    if result.left:
        note(f"{result.left} runs are still untimed (at most {AT_ONCE} are asked for at one go)")
    return ExitCode.INCOMPLETE if result.left else ExitCode.OK


def _now() -> datetime:
    return datetime.now(UTC)
