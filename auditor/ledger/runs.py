"""The runs that a log tells of, and whether each was told in order.

start, then collects, then verdicts, then end (or abort at any time), then reports and time-stamps
that came late. What breaks the
order is a problem of that run; a run without an end is no problem but a fact: it is either still
going on or was interrupted, and it stays visible for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from auditor.ledger.entries import (
    Collect,
    Entry,
    FreeBody,
    HoldRecord,
    KeyRecord,
    PruneRecord,
    Report,
    RunAbort,
    RunBody,
    RunEnd,
    RunStart,
    Timestamp,
    Verdicts,
)
from auditor.ledger.retention import RetentionBook


@dataclass(slots=True)
class RunHistory:
    """Everything that the log says of one run; it grows while the log is read.

    Args:
        run: Its id.
        timestamps, timestamp_times: Late time-stamps, and when the log took note of each.
        problems: What broke the order, each with its entry's index.
    """

    run: str
    start: RunStart | None = None
    start_entry: Entry | None = None
    start_index: int = -1
    collects: list[Collect] = field(default_factory=list)
    verdicts: Verdicts | None = None
    end: RunEnd | None = None
    end_entry: Entry | None = None
    abort: RunAbort | None = None
    reports: list[Report] = field(default_factory=list)
    timestamps: list[Timestamp] = field(default_factory=list)
    timestamp_times: list[datetime] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    last_index: int = -1
    last_collect_index: int = -1

    @property
    def state(self) -> str:
        """`ended`, `aborted` or `open`."""
        if self.end is not None:
            return "ended"
        return "aborted" if self.abort is not None else "open"


class RunBook:
    """Sorts the entries of a log by run; holds and prunings go to `retention`."""

    def __init__(self) -> None:
        self.retention = RetentionBook()
        self._runs: dict[str, RunHistory] = {}

    @property
    def runs(self) -> Mapping[str, RunHistory]:
        """The runs by id, in the order of their first entry."""
        return self._runs

    def add(self, entry: Entry) -> RunHistory | None:
        """Take the next entry; gives its run, None where it belongs to none."""
        body = entry.body
        if isinstance(body, (FreeBody, KeyRecord, HoldRecord, PruneRecord)):
            self.retention.add(entry)
            return None
        name = body.run
        history = self._runs.setdefault(name, RunHistory(name))
        problem = _apply(history, entry, body)
        if problem:
            history.problems.append(f"entry {entry.index}: {problem}")
        history.last_index = entry.index
        return history


def _apply(history: RunHistory, entry: Entry, body: RunBody) -> str:
    """Take the entry into the history; the answer is what is wrong with it, "" if nothing."""
    match body:
        case RunStart():
            return _start(history, entry, body)
        case Collect():
            return _collect(history, entry, body)
        case Verdicts():
            return _verdicts(history, body)
        case RunEnd():
            return _end(history, entry, body)
        case RunAbort():
            return _abort(history, body)
        case Report() | Timestamp():
            return _after(history, entry, body)
        case _:
            assert_never(body)


def _start(history: RunHistory, entry: Entry, body: RunStart) -> str:
    if history.last_index >= 0:
        return "the run starts a second time or after another of its entries"
    history.start = body
    history.start_entry = entry
    history.start_index = entry.index
    return ""


def _collect(history: RunHistory, entry: Entry, body: Collect) -> str:
    history.collects.append(body)
    history.last_collect_index = entry.index
    if history.verdicts is not None:
        return "collected after the verdicts"
    return _not_going(history)


def _verdicts(history: RunHistory, body: Verdicts) -> str:
    if history.verdicts is not None:
        return "judged a second time"
    history.verdicts = body
    return _not_going(history)


def _end(history: RunHistory, entry: Entry, body: RunEnd) -> str:
    problem = _not_going(history)
    if problem:
        return problem
    history.end = body
    history.end_entry = entry
    return "" if history.verdicts is not None else "ended without verdicts"


def _abort(history: RunHistory, body: RunAbort) -> str:
    problem = _not_going(history)
    if not problem:
        history.abort = body
    return problem


def _after(history: RunHistory, entry: Entry, body: Report | Timestamp) -> str:
    if isinstance(body, Report):
        history.reports.append(body)
    else:
        history.timestamps.append(body)
        history.timestamp_times.append(entry.time)
    return "" if history.end is not None else f"a {body.type} of a run that has not ended"


def _not_going(history: RunHistory) -> str:
    if history.start is None:
        return "the run has not started"
    return "the run is over" if history.state != "open" else ""
