"""The port between reading and a driver, and the provenance of each query.

A `Session` is one connection to one database: read-only, with time-outs, UTC, its text in UTF-8.
The library only sees sessions; an engine's package makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from auditor.collectors.budget import BudgetSpentError, CallBudget
from auditor.collectors.sql.failures import QueryFailedError, budget_spent
from auditor.collectors.sql.text import Dialect
from auditor.core.model.observation import Call

Row = Sequence[object]


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to a query.

    Args:
        columns: Names, as the server gave them.
        rows: In its order; at most as many as asked for.
        more: There are more rows than were asked for.
    """

    columns: tuple[str, ...]
    rows: Sequence[Row]
    more: bool


class Session(Protocol):
    """A connection to one database. Every method raises `QueryFailedError` and nothing else."""

    @property
    def dialect(self) -> Dialect:
        """Lexical rules of its SQL."""
        ...

    @property
    def endpoint(self) -> str:
        """`host:port/database`, for provenance."""
        ...

    @property
    def database(self) -> str:
        """Name of the database."""
        ...

    @property
    def version(self) -> int:
        """The server's version as one number that grows (PostgreSQL: 150019, MariaDB: 101106)."""
        ...

    def quoted(self, *names: str) -> str:
        """Names as one (qualified) identifier, quoted for this server."""
        ...

    def rows(self, text: str, params: Mapping[str, object], limit: int) -> Rows:
        """Run one query with `:name` parameters; reads at most `limit` rows (and one more)."""
        ...

    def stream(
        self, text: str, params: Mapping[str, object]
    ) -> AbstractContextManager[Iterator[Sequence[Row]]]:
        """Run one query and read its rows in batches, in constant memory.

        Values are bytes or None, whatever the column: the text form in UTF-8 (in the server's own
        bytes where the database has no encoding), or the bytes of a binary column.
        """
        ...


@dataclass(slots=True)
class Asker:
    """A session of which every query is counted and recorded.

    Args:
        calls: What was asked, in order; a query that failed is among them.
    """

    session: Session
    clock: Callable[[], datetime]
    budget: CallBudget
    calls: list[Call] = field(default_factory=list)

    def ask(
        self, name: str, text: str, params: Mapping[str, object] | None = None, limit: int = 100_000
    ) -> Rows:
        """Run a query.

        Args:
            name: What stands in provenance: the query's name, without values.

        Raises:
            QueryFailedError: It failed, or the ceiling of requests is reached.
        """
        started = self._begin()
        try:
            answer = self.session.rows(text, params or {}, limit)
        except QueryFailedError:
            self._record(name, started, 0, ok=False)
            raise
        self._record(name, started, len(answer.rows), ok=True, more=answer.more)
        return answer

    def scalar(
        self, name: str, text: str, params: Mapping[str, object] | None = None
    ) -> object | None:
        """The only value of a query's only row; None where there is no row.

        Raises:
            QueryFailedError: As `ask`.
        """
        answer = self.ask(name, text, params, 1)
        return answer.rows[0][0] if answer.rows else None

    @contextmanager
    def stream(
        self, name: str, text: str, params: Mapping[str, object] | None = None
    ) -> Iterator[Iterator[Sequence[Row]]]:
        """Run a query and read its rows in batches.

        Raises:
            QueryFailedError: It failed, at its begin or later; what was read until then is void.
        """
        started = self._begin()
        read, batches, done = 0, 0, False

        def counted(parts: Iterator[Sequence[Row]]) -> Iterator[Sequence[Row]]:
            nonlocal read, batches
            for part in parts:
                read += len(part)
                batches += 1
                yield part

        try:
            with self.session.stream(text, params or {}) as parts:
                yield counted(parts)
            done = True
        finally:
            self._record(name, started, read, ok=done, pages=max(batches, 1))

    def _begin(self) -> datetime:
        try:
            self.budget.take()
        except BudgetSpentError as error:
            raise budget_spent(error) from error
        return self.clock()

    def _record(
        self,
        name: str,
        started: datetime,
        items: int,
        *,
        ok: bool,
        more: bool = False,
        pages: int = 1,
    ) -> None:
        self.calls.append(
            Call(name, self.session.endpoint, started, pages=pages, items=items, ok=ok, more=more)
        )
