"""One connection to a server over PyMySQL: read-only, UTC, with time-outs, its certificate checked.

Implements `auditor.collectors.sql.session.Session`. The driver converts nothing: columns come as
the bytes that the server sent, so that no date and no text is guessed at, and `_DECODE` says what
each type is. `0000-00-00` is no date and stays text.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.converters import encoders
from pymysql.cursors import SSCursor
from pymysql.err import MySQLError

from auditor.collectors.mysql.failures import to_failure
from auditor.collectors.mysql.releases import Release, parse_release
from auditor.collectors.mysql.settings import MysqlSettings
from auditor.collectors.sql.failures import failed
from auditor.collectors.sql.session import Row, Rows
from auditor.collectors.sql.text import MYSQL, Dialect, render_pyformat
from auditor.collectors.sql.values import text_of
from auditor.core.model.status import Cause

_BATCH = 1000
_INTEGERS = (
    FIELD_TYPE.TINY,
    FIELD_TYPE.SHORT,
    FIELD_TYPE.LONG,
    FIELD_TYPE.LONGLONG,
    FIELD_TYPE.INT24,
    FIELD_TYPE.YEAR,
)
_ENCODE_ONLY: dict[Any, Any] = {**encoders}  # parameters are escaped, answers stay bytes
_DRIVER_ERRORS = (MySQLError, OSError, ValueError, IndexError, AssertionError)
"""What PyMySQL lets through: its own, the socket's, and those of its parser."""


def _utc(data: bytes) -> object:
    """An instant: the session's zone is UTC, so TIMESTAMP is. A zero date stays what it is."""
    text = data.decode("ascii")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return text


def _zoneless(data: bytes) -> object:
    """A DATETIME says no zone, and none is added."""
    text = data.decode("ascii")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


_DECODE: Mapping[int, Callable[[bytes], object]] = {
    **dict.fromkeys(_INTEGERS, int),
    FIELD_TYPE.DECIMAL: lambda data: Decimal(data.decode("ascii")),
    FIELD_TYPE.NEWDECIMAL: lambda data: Decimal(data.decode("ascii")),
    FIELD_TYPE.TIMESTAMP: _utc,
    FIELD_TYPE.DATETIME: _zoneless,
}


class MysqlSession:
    """A connection; every method raises `QueryFailedError` and nothing else."""

    def __init__(
        self, connection: pymysql.Connection[Any], settings: MysqlSettings, release: Release
    ) -> None:
        self._connection = connection
        self._endpoint = settings.endpoint
        self._database = settings.query_database or ""
        self.release = release

    @property
    def dialect(self) -> Dialect:
        """Lexical rules of its SQL."""
        return MYSQL

    @property
    def endpoint(self) -> str:
        """`host:port`."""
        return self._endpoint

    @property
    def database(self) -> str:
        """The schema of names that are not qualified; "" for none."""
        return self._database

    @property
    def version(self) -> int:
        """MariaDB 10.11.6: 101106."""
        major, minor, patch = self.release.numbers
        return major * 10_000 + minor * 100 + patch

    def quoted(self, *names: str) -> str:
        """Names as one qualified identifier."""
        return ".".join("`" + name.replace("`", "``") + "`" for name in names)

    def rows(self, text: str, params: Mapping[str, object], limit: int) -> Rows:
        """Run one query; reads at most `limit` rows, and one more to know of it."""
        cursor = self._execute(text, params)
        try:
            found = list(cursor.fetchmany(limit + 1))
            columns: Sequence[Any] = cursor.description or ()  # (name, type code, ...)
            kinds = [column[1] for column in columns]
            names = tuple(_text(column[0]) for column in columns)
            more = len(found) > limit
            answer = Rows(names, [_decoded(row, kinds) for row in found[:limit]], more)
        except _DRIVER_ERRORS as error:
            self._abandon(cursor)
            raise to_failure(error) from error
        if more:
            self._abandon(cursor)
        else:
            cursor.close()
        return answer

    @contextmanager
    def stream(self, text: str, params: Mapping[str, object]) -> Iterator[Iterator[Sequence[Row]]]:
        """Run one query and read its rows in batches, as bytes, in constant memory."""
        cursor = self._execute(text, params)
        done = False

        def batches() -> Iterator[Sequence[Row]]:
            nonlocal done
            while True:
                try:
                    part = cursor.fetchmany(_BATCH)
                except _DRIVER_ERRORS as error:
                    raise to_failure(error) from error
                if not part:
                    done = True
                    return
                yield part

        try:
            yield batches()
        finally:
            if not done:
                self._abandon(cursor)

    def limit_statements(self, seconds: float) -> None:
        """The longest that a statement may take from now on."""
        if self.release.flavour == "mariadb":
            self.rows("SET SESSION max_statement_time = :limit", {"limit": seconds}, 1)
        else:
            limit = int(seconds * 1000)
            self.rows("SET SESSION max_execution_time = :limit", {"limit": limit}, 1)

    def begin(self) -> None:
        """A new snapshot, in a transaction that cannot write."""
        self.rows("START TRANSACTION READ ONLY", {}, 1)

    @property
    def closed(self) -> bool:
        """The connection is lost or was dropped."""
        return not self._connection.open

    def close(self) -> None:
        """Drop the connection; what the server still had to send is not read."""
        with suppress(*_DRIVER_ERRORS):
            self._connection.close()

    def _abandon(self, cursor: SSCursor) -> None:
        """Leave an answer unread: the driver itself would read it to its end."""
        result: Any = cursor._result  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
        if result is not None:
            result.unbuffered_active = False
        cursor.connection = None  # type: ignore[assignment]
        self.close()

    def _execute(self, text: str, params: Mapping[str, object]) -> SSCursor:
        try:
            cursor = self._connection.cursor(SSCursor)
            cursor.execute(render_pyformat(text, MYSQL), dict(params))
        except _DRIVER_ERRORS as error:
            raise to_failure(error) from error
        return cursor


def _text(name: str | bytes) -> str:
    return text_of(name) if isinstance(name, bytes) else name


def _decoded(row: Sequence[bytes | None], kinds: Sequence[int]) -> Row:
    return tuple(
        None if data is None else _DECODE.get(kind, text_of)(data)
        for data, kind in zip(row, kinds, strict=True)
    )


def connect(settings: MysqlSettings, password: str, timeout_s: float) -> MysqlSession:
    """A session that reads and cannot write.

    Args:
        password: "" for none.
        timeout_s: Ceiling for the connection, for one statement, and for one answer's packet.

    Raises:
        QueryFailedError: Refused, no trust, or not a server of this kind.
    """
    try:
        connection = pymysql.connect(
            host=settings.host,
            port=settings.port,
            unix_socket=settings.unix_socket,
            user=settings.user,
            database=settings.query_database,
            password=password,
            ssl=tls_context(settings),
            ssl_disabled=not settings.uses_tls,
            charset="utf8mb4",
            use_unicode=False,
            conv=_ENCODE_ONLY,
            local_infile=False,
            connect_timeout=timeout_s,
            read_timeout=timeout_s,
            write_timeout=timeout_s,
            program_name="auditor",
            autocommit=None,
        )
    except _DRIVER_ERRORS as error:
        raise to_failure(error) from error
    try:
        release = parse_release(connection.server_version)  # type: ignore[attr-defined]  # not in its stubs
    except ValueError as error:
        raise failed(Cause.UNPARSABLE, str(error), broken=True) from error
    session = MysqlSession(connection, settings, release)
    try:
        _restrict(session, timeout_s)
    except BaseException:
        session.close()
        raise
    return session


def _restrict(session: MysqlSession, timeout_s: float) -> None:
    """Nothing is written, nothing waits for long, times are UTC and names mean what they say."""
    wait = max(1, int(timeout_s))
    for statement in (
        "SET SESSION sql_mode = ''",
        # The server's default or its init_connect could cut every answer short, without a word.
        "SET SESSION sql_select_limit = 18446744073709551615",
        "SET SESSION time_zone = '+00:00'",
        f"SET SESSION lock_wait_timeout = {wait}",
        f"SET SESSION innodb_lock_wait_timeout = {wait}",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET SESSION TRANSACTION READ ONLY",
    ):
        session.rows(statement, {}, 1)
    session.limit_statements(timeout_s)
    session.begin()


def tls_context(settings: MysqlSettings) -> ssl.SSLContext | None:
    """Trust for the server's certificate; None where the connection is not encrypted.

    Raises:
        QueryFailedError: The file of certificate authorities cannot be used.
    """
    if not settings.uses_tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        message = f"certificate authorities {settings.ca_file}: {error}"
        raise failed(Cause.UNREACHABLE, message, broken=True) from error
    if settings.tls != "verify-full":
        context.check_hostname = False
    if settings.tls == "require":
        context.verify_mode = ssl.CERT_NONE
    return context
