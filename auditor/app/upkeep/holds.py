"""Legal holds: evidence of runs that must stay, whatever its retention says.

The log says what is held, and `prune` obeys; a store that can lock is told besides. A hold is
named, so that two matters that concern one run do not undo each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from auditor.app.log import open_log
from auditor.app.project import Project
from auditor.errors import UsageError
from auditor.ledger.entries import HoldRecord
from auditor.ledger.retention import Hold
from auditor.ledger.runs import RunBook, RunHistory
from auditor.store.interface import Store

Clock = Callable[[], datetime]
_RUNS_AN_ENTRY = 400  # of the longest ids; an entry has 65,535 bytes


def read_book(store: Store) -> RunBook:
    """All that the log says of runs, holds and prunings."""
    book = RunBook()
    for entry in store.entries():
        book.add(entry)
    return book


def list_holds(store: Store) -> list[Hold]:
    """The holds in force, by name."""
    return sorted(read_book(store).retention.holds().values(), key=lambda hold: hold.name)


def set_hold(project: Project, name: str, runs: Sequence[str], reason: str, clock: Clock) -> Hold:
    """Put the evidence of runs under a hold, or add runs to one.

    Safe to repeat: what is held already is locked again where a lock was missed.

    Args:
        runs: Ids; each must be in the log.

    Raises:
        UsageError: No run, an unknown one, or no reason.
    """
    _check(name, reason)
    store = project.store
    known = read_book(store)
    unknown = [run for run in runs if run not in known.runs]
    if unknown or not runs:
        problem = f"there is no run {unknown[0]}" if unknown else "no run was named"
        raise UsageError(problem, hint="auditor run list")
    before = known.retention.holds().get(name)
    new = sorted(set(runs) - set(before.runs if before else ()))
    _log(project, name, "set", new, reason, clock)
    book = read_book(store)
    hold = book.retention.holds()[name]
    store.hold(_paths(store, book, hold.runs))
    return hold


def clear_hold(project: Project, name: str, reason: str, clock: Clock) -> Hold:
    """End a hold; evidence that another hold names stays held.

    Raises:
        UsageError: There is no such hold, or no reason.
    """
    _check(name, reason)
    store = project.store
    hold = read_book(store).retention.holds().get(name)
    if hold is None:
        raise UsageError(f"there is no hold {name!r}", hint="auditor hold list")
    _log(project, name, "clear", hold.runs, reason, clock)
    book = read_book(store)
    still = set(_paths(store, book, sorted(book.retention.held())))
    store.release(path for path in _paths(store, book, hold.runs) if path not in still)
    return hold


def hold_again(store: Store, run: str) -> None:
    """Lock what was stored for a run after a hold on it was set."""
    if store.is_held(run):
        history = store.history(run)
        store.hold(_paths_of(store, history) if history else ())


def hold_all_again(store: Store, book: RunBook) -> None:
    """Lock everything that is under a hold, where a lock was missed."""
    store.hold(_paths(store, book, sorted(book.retention.held())))


def _check(name: str, reason: str) -> None:
    if not reason.strip():
        raise UsageError("a hold is set and cleared for a reason", hint="--reason TEXT")
    if not name.isascii() or not name.replace("-", "").replace(".", "").isalnum():
        raise UsageError(f"got hold {name!r}, expected letters, digits, '.' and '-'")


def _log(
    project: Project, name: str, action: str, runs: Sequence[str], reason: str, clock: Clock
) -> None:
    if not runs:
        return
    with open_log(project, clock) as log:
        log.append_all(
            HoldRecord(
                hold=name,
                action="set" if action == "set" else "clear",
                runs=list(runs[at : at + _RUNS_AN_ENTRY]),
                reason=reason,
            )
            for at in range(0, len(runs), _RUNS_AN_ENTRY)
        )
        log.commit()


def _paths(store: Store, book: RunBook, runs: Iterable[str]) -> list[str]:
    found = {path for run in runs for path in _paths_of(store, book.runs[run])}
    return sorted(found)


def _paths_of(store: Store, history: RunHistory) -> list[str]:
    """Everything that is kept of a run, but for the vault, which is never locked."""
    found = {collect.blob.path for collect in history.collects}
    found |= {history.start.policy.path} if history.start else set()
    found |= {history.verdicts.blob.path} if history.verdicts else set()
    return sorted(found | set(store.reader().paths(f"runs/{history.run}")))
