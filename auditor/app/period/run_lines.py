"""The headers of runs: what log, policy and signed statement say of each."""

from __future__ import annotations

from datetime import timedelta

from auditor.app.period.contents import Contents
from auditor.attest.bundle import Bundle
from auditor.core.canonical import digest
from auditor.core.model.period_report import Bounds, RunLine, RunState
from auditor.core.times import format_instant
from auditor.errors import VerificationError
from auditor.ledger.entries import Entry, RunStart
from auditor.ledger.runs import RunHistory

APART = timedelta(hours=1)
"""How far a run's own moment and the log's may lie apart: nobody fills a gap of last month."""


def run_lines(
    histories: dict[str, RunHistory], bounds: Bounds, contents: Contents
) -> list[RunLine]:
    """Headers of all runs that started; those of the period with everything.

    Raises:
        VerificationError: A policy or statement of the period is missing or was changed.
    """
    return [
        _line(history, history.start, history.start_entry, bounds, contents)
        for history in histories.values()
        if history.start is not None and history.start_entry is not None
    ]


def _line(
    history: RunHistory, start: RunStart, entry: Entry, bounds: Bounds, contents: Contents
) -> RunLine:
    state, reason = _state(history, start, entry)
    inside = bounds.since <= start.now < bounds.until
    policy = contents.policy(start) if inside else None
    end, end_entry = history.end, history.end_entry
    signer, timestamped = "", False
    if inside and state is RunState.COMPLETE and end is not None:
        signer, timestamped = _signature(contents, history.run, end.statement)
    return RunLine(
        run=history.run,
        now=start.now,
        started_at=entry.time,
        ended_at=end_entry.time if end_entry else None,
        state=state,
        outcome=end.outcome if end else "",
        reason=reason,
        counts=dict(history.verdicts.counts) if history.verdicts else {},
        policy=start.policy.digest,
        verdicts=history.verdicts.blob.digest if history.verdicts else "",
        statement=end.statement if end else "",
        signer=signer,
        timestamped=timestamped,
        first_entry=history.start_index,
        last_entry=end_entry.index if end_entry else -1,
        targets=len(policy.targets) if policy else 0,
        controls=len(policy.controls) if policy else 0,
    )


def _state(history: RunHistory, start: RunStart, entry: Entry) -> tuple[RunState, str]:
    """Only what ended in order is evidence, and was logged when it says that it judged."""
    if abs(entry.time - start.now) > APART:
        return RunState.OUT_OF_ORDER, (
            f"it judged at {format_instant(start.now)}, and its start was logged at"
            f" {format_instant(entry.time)}"
        )
    if history.problems:
        return RunState.OUT_OF_ORDER, "; ".join(history.problems)
    if history.abort is not None:
        return RunState.ABORTED, f"it was given up: {history.abort.reason}"
    if history.end is None or history.verdicts is None:
        return RunState.UNFINISHED, "it has no end: it was interrupted, or is still going on"
    return RunState.COMPLETE, ""


def _signature(contents: Contents, run: str, expected: str) -> tuple[str, bool]:
    """Key id and time-stamp of the signed statement that the log names.

    A late time-stamp lies beside the statement and changes nothing here: a report says the same
    whenever it is made.
    """
    data = contents.store.read_statement(run)
    if digest(data) != expected:
        raise VerificationError(
            "the statement has another digest than `run.end` says", where=f"run {run}"
        )
    bundle = Bundle.parse(data)
    return bundle.hint, bool(bundle.timestamps)
