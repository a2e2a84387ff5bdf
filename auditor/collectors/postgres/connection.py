"""One connection to one database of PostgreSQL: read-only, with time-outs, its answers cut short.

Whatever the server does, no call waits for ever: the server cancels what runs too long, and where
no answer comes at all (a server that is stopped, a network that swallows) a watchdog cuts the
connection.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from math import ceil
from threading import Timer
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from auditor.collectors.postgres.failures import FAILURES, classify
from auditor.collectors.postgres.loaders import register, register_bytes
from auditor.collectors.postgres.settings import PostgresSettings
from auditor.collectors.sql.credentials import password_of
from auditor.collectors.sql.failures import QueryFailedError, failed
from auditor.collectors.sql.session import Row, Rows
from auditor.collectors.sql.text import POSTGRES, Dialect, SqlTextError, render_pyformat
from auditor.core.model.status import Cause
from auditor.errors import ConfigError

APPLICATION = "auditor"
_BATCH = 5_000
_GRACE_S = 5.0  # the server is given so much more than its own time-out to say that it timed out
_MIN_CONNECT_S = 2  # libpq takes no less
_SESSION = {
    "default_transaction_read_only": "on",
    "search_path": "pg_catalog",
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "iso_8601",
    "standard_conforming_strings": "on",
    "row_security": "off",  # a policy that would hide rows is an error, not a shorter answer
    "cursor_tuple_fraction": "1",
}
_SSLMODES = {
    "verify-full": "verify-full", "verify-ca": "verify-ca", "require": "require", "off": "disable",
}  # fmt: skip


class PostgresSession:
    """A session, as `sql.session.Session` describes it.

    Args:
        timeout_s: Ceiling for one statement, in seconds.
    """

    def __init__(
        self, connection: psycopg.Connection[Any], endpoint: str, timeout_s: float
    ) -> None:
        self._connection = connection
        self._host = endpoint
        self._timeout_s = timeout_s

    def begin(self) -> None:
        """Make it the session that this program needs; before any other request.

        Raises:
            QueryFailedError: The server refused.
        """
        with self._watched() as connection:
            _set(connection, self._timeout_s)
        register(self._connection)

    @property
    def dialect(self) -> Dialect:
        """PostgreSQL's."""
        return POSTGRES

    @property
    def endpoint(self) -> str:
        """`host:port/database`."""
        return f"{self._host}/{self.database}"

    @property
    def database(self) -> str:
        """Name of the database."""
        return self._connection.info.dbname

    @property
    def version(self) -> int:
        """`150014`."""
        return self._connection.info.server_version

    def quoted(self, *names: str) -> str:
        """Names as one identifier."""
        return sql.Identifier(*names).as_string(self._connection)

    def literal(self, value: str) -> str:
        """A text as a literal."""
        return sql.Literal(value).as_string(self._connection)

    def rows(self, text: str, params: Mapping[str, object], limit: int) -> Rows:
        """Run one query.

        Raises:
            QueryFailedError: It failed.
        """
        # By a cursor on the server: of a million rows that nobody asked for, none comes here.
        with self._transaction("auditor_rows") as cursor, self._watched():
            cursor.execute(_rendered(text), dict(params))
            found = cursor.fetchmany(limit + 1)
            columns = tuple(column.name for column in cursor.description or ())
        return Rows(columns, found[:limit], more=len(found) > limit)

    @contextmanager
    def stream(self, text: str, params: Mapping[str, object]) -> Iterator[Iterator[Sequence[Row]]]:
        """Run one query and read its rows in batches, by a cursor on the server.

        Raises:
            QueryFailedError: It failed, now or while its rows are read.
        """
        with self._transaction("auditor_stream", binary=True) as cursor:
            register_bytes(cursor.adapters)
            with self._watched():
                cursor.execute(_rendered(text), dict(params))
            yield self._batches(cursor)

    @contextmanager
    def _transaction(
        self, name: str, *, binary: bool = False
    ) -> Iterator[psycopg.ServerCursor[Any]]:
        """A cursor on the server, in a transaction of its own that can only read."""
        with self._watched() as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor = self._connection.cursor(name, binary=binary)
        try:
            yield cursor
        finally:
            with suppress(QueryFailedError), self._watched():  # or it ends with the connection
                cursor.close()
                self._connection.rollback()

    def _batches(self, cursor: psycopg.ServerCursor[Any]) -> Iterator[Sequence[Row]]:
        while True:
            with self._watched():
                batch = cursor.fetchmany(_BATCH)
            if not batch:
                return
            yield batch

    @contextmanager
    def _watched(self) -> Iterator[psycopg.Connection[Any]]:
        """Requests for whose answer nobody waits longer than the time-out and a grace.

        Raises:
            QueryFailedError: For whatever psycopg raises.
        """
        fired: list[bool] = []

        def cut() -> None:
            fired.append(True)
            with (
                suppress(OSError, *FAILURES),
                closing(socket.socket(fileno=os.dup(self._connection.fileno()))) as line,
            ):
                line.shutdown(socket.SHUT_RDWR)

        watchdog = Timer(self._timeout_s + _GRACE_S, cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield self._connection
        except FAILURES as error:
            raise classify(error, timed_out=bool(fired)) from error
        finally:
            watchdog.cancel()


@contextmanager
def connected(
    settings: PostgresSettings, database: str, timeout_s: float
) -> Iterator[PostgresSession]:
    """A session with one database, closed with the block.

    Raises:
        QueryFailedError: There is no connection to be had.
    """
    try:
        connection = psycopg.connect(_conninfo(settings, database, timeout_s), autocommit=True)
    except ConfigError as error:
        raise failed(Cause.DENIED, error.message, hint=error.hint) from error
    except FAILURES as error:
        raise classify(error) from error
    with closing(connection):
        session = PostgresSession(connection, settings.endpoint, timeout_s)
        session.begin()
        yield session


def _set(connection: psycopg.Connection[Any], timeout_s: float) -> None:
    """The session's own settings: by SET, so that `reset_val` still shows the server's."""
    milliseconds = str(max(1, int(timeout_s * 1000)))
    if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
        # Such a database knows no encoding: taken as UTF-8, one other byte would fail the query.
        connection.execute("SET client_encoding = 'SQL_ASCII'")
    own = _SESSION | {"statement_timeout": milliseconds, "lock_timeout": milliseconds}
    calls = [sql.SQL("set_config({}, {}, false)").format(*pair) for pair in own.items()]
    connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(calls)))


def _conninfo(settings: PostgresSettings, database: str, timeout_s: float) -> str:
    parts: dict[str, Any] = {
        "host": settings.host,
        "hostaddr": "",  # or PGHOSTADDR would lead to another server than the evidence names
        "options": "",  # and PGOPTIONS to other settings
        "port": settings.port,
        "user": settings.user,
        "dbname": database,
        "password": password_of(settings),
        "passfile": settings.passfile,
        "sslmode": _SSLMODES[settings.tls],
        "sslrootcert": settings.ca_file or ("system" if settings.tls == "verify-full" else None),
        "sslcert": settings.client_certificate,
        "sslkey": settings.client_key,
        "gssencmode": "disable",
        "connect_timeout": max(_MIN_CONNECT_S, ceil(timeout_s)),
        "keepalives_idle": 10,
        "application_name": APPLICATION,
        "client_encoding": "UTF8",
    }
    return make_conninfo(**{name: value for name, value in parts.items() if value is not None})


def _rendered(text: str) -> bytes:
    """Rendered for psycopg."""
    try:
        return render_pyformat(text, POSTGRES).encode()
    except SqlTextError as error:
        raise failed(Cause.NOT_SUPPORTED, error.message, hint=error.hint) from error
