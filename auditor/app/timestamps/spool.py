"""The spool of runs that wait for a time-stamp: it is the store itself.

A complete run without a token in its bundle and without a `timestamp` entry waits. Its late tokens
are kept beside the statement as `statement.N.tsr`, each with its entry in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.app.log import open_log
from auditor.app.project import Project
from auditor.attest.bundle import Bundle
from auditor.core.canonical import digest
from auditor.errors import UsageError, VerificationError
from auditor.ledger.entries import RunEnd, Timestamp
from auditor.store.index import RunSummary
from auditor.store.interface import Store

Clock = Callable[[], datetime]
Progress = Callable[[str], None]
RESPONSE = ".tsr"


@dataclass(frozen=True, slots=True)
class UntimedRun:
    """A complete run without a time-stamp.

    Args:
        run: Its id.
        begun: When the log has it begin.
        signature: What is to be stamped.
    """

    run: str
    begun: datetime
    signature: bytes


def untimed_runs(
    store: Store, progress: Progress, *, run: str | None = None, limit: int | None = None
) -> list[UntimedRun]:
    """The complete runs without a token in the bundle or in the log, the newest first.

    Args:
        progress: Told of runs whose statement is not what the log says: they are left out.
        run: Only this one.
        limit: Look only at so many runs, the newest; None for all.

    Raises:
        UsageError: The run has not come to its end.
    """
    chosen = [item for item in store.runs(limit) if run in (None, item.id)]
    ended = [item for item in chosen if item.end_index is not None]
    if run is not None and not ended:
        raise UsageError(f"run {run} is not complete", hint="auditor run list")
    return list(_untimed(store, ended, progress)) if ended else []


def _untimed(store: Store, ended: Sequence[RunSummary], progress: Progress) -> Iterator[UntimedRun]:
    statements: dict[str, str] = {}
    stamped: set[str] = set()
    for entry in store.entries(min(item.start_index for item in ended)):
        if isinstance(entry.body, RunEnd):
            statements[entry.body.run] = entry.body.statement
        elif isinstance(entry.body, Timestamp):
            stamped.add(entry.body.run)
    for item in ended:
        if item.id in stamped:
            continue
        try:
            bundle = _statement(store, item.id, statements[item.id])
        except VerificationError as error:
            progress(f"run {item.id} cannot be time-stamped: {error}")
            continue
        if not bundle.timestamps:
            signature = bundle.envelope.signatures[0].signature
            yield UntimedRun(item.id, item.started, signature)


def keep_tokens(project: Project, tokens: Mapping[str, Sequence[bytes]], *, clock: Clock) -> None:
    """Keep tokens beside their runs' statements, and note them in the log."""
    if not tokens:
        return
    with open_log(project, clock) as log:
        for run, found in tokens.items():
            number = _last_number(project.store, run)
            for place, token in enumerate(found, number + 1):
                name = f"statement.{place}{RESPONSE}"
                path, written = project.store.write_run_file(run, name, token)
                log.append(Timestamp(run=run, digest=written, file=path))
        log.commit()


def _statement(store: Store, run: str, expected: str) -> Bundle:
    data = store.read_statement(run)
    if digest(data) != expected:
        raise VerificationError("its statement has another digest than the log says")
    return Bundle.parse(data)


def _last_number(store: Store, run: str) -> int:
    """The highest N of the files statement.N.tsr that a run has, 0 where it has none."""
    numbers = [0]
    for path in store.reader().paths(f"runs/{run}"):
        parts = path.rpartition("/")[2].split(".")
        if len(parts) == 3 and parts[0] == "statement" and parts[1].isdigit():  # noqa: PLR2004 - as written above
            numbers.append(int(parts[1]))
    return max(numbers)
