"""A session in memory: queries to answers, or to the error that they raise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from auditor.collectors.budget import CallBudget
from auditor.collectors.sql.failures import QueryFailedError
from auditor.collectors.sql.session import Asker, Row, Rows
from auditor.collectors.sql.text import POSTGRES, Dialect

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Answer = Rows | QueryFailedError


class MemorySession:
    """Implements `sql.session.Session`."""

    dialect: Dialect = POSTGRES
    endpoint = "db:5432/here"
    database = "here"

    def __init__(self, answers: Mapping[str, Answer], version: int = 150000) -> None:
        self.answers = answers
        self.version = version
        self.asked: list[tuple[str, Mapping[str, object]]] = []

    def quoted(self, *names: str) -> str:
        return ".".join(f'"{name}"' for name in names)

    def rows(self, text: str, params: Mapping[str, object], limit: int) -> Rows:
        self.asked.append((text, params))
        answer = self.answers[text]
        if isinstance(answer, QueryFailedError):
            raise answer
        return Rows(answer.columns, answer.rows[:limit], answer.more or len(answer.rows) > limit)

    @contextmanager
    def stream(self, text: str, params: Mapping[str, object]) -> Iterator[Iterator[Sequence[Row]]]:
        answer = self.rows(text, params, 10**9)
        yield iter([answer.rows[:2], answer.rows[2:]])


def table(columns: str, *rows: Sequence[object]) -> Rows:
    return Rows(tuple(columns.split()), rows, more=False)


def asker(answers: Mapping[str, Answer], version: int = 150000, limit: int | None = None) -> Asker:
    return Asker(MemorySession(answers, version), lambda: NOW, CallBudget(limit))
