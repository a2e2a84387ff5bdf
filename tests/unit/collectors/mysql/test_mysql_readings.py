"""Readings of MySQL 8, whose answers differ: rows as its reference manual documents them.

MariaDB's are read from real servers in tests/services/mysql.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from auditor.collectors.interface import CollectionContext
from auditor.collectors.mysql.desk import Desk, Variables, seconds
from auditor.collectors.mysql.queries import load_queries, load_types
from auditor.collectors.mysql.read.audit_log import read_audit_log
from auditor.collectors.mysql.read.binary_log import read_binary_log
from auditor.collectors.mysql.read.connections import read_connections
from auditor.collectors.mysql.read.guards import raises
from auditor.collectors.mysql.read.replicas import read_replicas
from auditor.collectors.mysql.read.server import read_server
from auditor.collectors.mysql.read.tablespaces import decoded, read_tablespaces
from auditor.collectors.mysql.releases import Release, parse_release
from auditor.collectors.mysql.session import MysqlSession
from auditor.collectors.mysql.settings import MysqlSettings
from auditor.collectors.sql.failures import QueryFailedError, failed
from auditor.collectors.sql.grants import HeldGrants
from auditor.collectors.sql.session import Asker, Row, Rows
from auditor.collectors.sql.text import MYSQL, Dialect
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.status import Cause

NOW = datetime(2026, 6, 1, tzinfo=UTC)
VARIABLES = {
    "hostname": "db-1",
    "version": "8.4.9",
    "version_comment": "MySQL Community Server - GPL",
    "server_id": "7",
    "server_uuid": "3e11fa47-71ca-11e1-9e33-c80aa9429562",
    "read_only": "OFF",
    "wait_timeout": "300",
    "interactive_timeout": "300",
    "default_password_lifetime": "0",
    "require_secure_transport": "ON",
    "tls_version": "TLSv1.2,TLSv1.3",
    "local_infile": "OFF",
    "secure_file_priv": "NULL",
    "general_log": "OFF",
    "slow_query_log": "ON",
    "long_query_time": "1.000000",
    "log_output": "FILE,TABLE",
    "default_table_encryption": "ON",
    "innodb_redo_log_encrypt": "ON",
    "innodb_undo_log_encrypt": "ON",
    "validate_password.length": "12",
    "validate_password.policy": "MEDIUM",
    "log_bin": "ON",
    "sync_binlog": "1",
    "binlog_format": "ROW",
    "binlog_encryption": "ON",
    "binlog_expire_logs_seconds": "2592000",
    "binlog_expire_logs_auto_purge": "ON",
    "max_connections": "100",
}
STATUS = {
    "Threads_connected": "10",
    "Max_used_connections": "81",
    "Connection_errors_max_connections": "4",
    "Uptime": "7200",
}
Answers = Mapping[str, Sequence[Row]]


class Server:
    """Answers queries by what they contain; one that is not expected is denied."""

    dialect: Dialect = MYSQL
    endpoint = "db:3306"
    database = ""
    closed = False

    def __init__(self, release: Release, answers: Answers, columns: Sequence[str]) -> None:
        self.release = release
        self._answers = answers
        self._columns = tuple(columns)

    @property
    def version(self) -> int:
        major, minor, patch = self.release.numbers
        return major * 10_000 + minor * 100 + patch

    def quoted(self, *names: str) -> str:
        return ".".join(names)

    def rows(self, text: str, params: Mapping[str, object], limit: int) -> Rows:
        del params, limit
        for part, rows in self._answers.items():
            if part in text:
                return Rows(self._columns, rows, more=False)
        raise failed(Cause.DENIED, f"SELECT command denied: {text}")

    def stream(
        self, text: str, params: Mapping[str, object]
    ) -> AbstractContextManager[Iterator[Sequence[Row]]]:
        raise AssertionError((text, params))


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def desk_of(
    executor: Executor,
    answers: Mapping[str, Sequence[Row]],
    *,
    version: str = "8.4.9",
    variables: Mapping[str, str] | None = None,
    columns: Sequence[str] = (),
    earlier: Observation | None = None,
) -> Desk:
    shown = [*(VARIABLES | dict(variables or {})).items()]
    known: dict[str, Sequence[Row]] = {
        "user_privileges": [(1,)],
        "SHOW GLOBAL VARIABLES": shown,
        "SHOW GLOBAL STATUS": [*STATUS.items()],
    }
    # The first part that a query holds answers it: those of the test come first.
    server = Server(parse_release(version), {**answers, **known, **answers}, columns)
    session = cast("MysqlSession", server)
    context = CollectionContext(clock=lambda: NOW, executor=executor)
    asker = Asker(session, context.clock, context.budget)
    held = HeldGrants(asker, load_types("mysql").grants)
    settings = MysqlSettings(user="auditor")
    return Desk(session, asker, held, load_queries(), settings, context, lambda _wanted: earlier)


PLUGINS: Answers = {"information_schema.plugins": [("keyring_file", "ACTIVE", "KEYRING", "ON")]}
COMPONENTS: Answers = {"mysql.component": [("file://component_validate_password",)]}


def test_a_server_of_mysql_8(executor: Executor) -> None:
    (row,) = read_server(desk_of(executor, {**PLUGINS, **COMPONENTS})).resources
    assert row.unread == {}
    assert row.uid == VARIABLES["server_uuid"]
    data = row.data
    assert (data["flavour"], data["series"], data["secure_file_priv"]) == ("mysql", "8.4", None)
    assert data["tls_available"] is True
    assert data["password_checks"] == ["component_validate_password"]
    assert (data["password_min_length"], data["password_policy"]) == (12, "MEDIUM")
    assert data["key_plugins"] == ["keyring_file"]
    assert data["skip_grant_tables"] is data["slow_query_sampling"] is None
    assert data["behind"] is False


def test_without_the_list_of_components_password_checks_are_not_known(executor: Executor) -> None:
    (row,) = read_server(desk_of(executor, PLUGINS)).resources
    assert {name for name, gap in row.unread.items() if gap.cause == "denied"} == {
        "password_checks",
        "key_plugins",
        "password_min_length",
        "password_policy",
    }


def test_a_series_that_nobody_knows_is_an_error_and_an_older_release_is_behind(
    executor: Executor,
) -> None:
    answers = {**PLUGINS, **COMPONENTS}
    (row,) = read_server(desk_of(executor, answers, version="99.1.0")).resources
    assert {"end_of_life", "behind"} <= set(row.unread)
    (old,) = read_server(desk_of(executor, answers, version="8.4.3")).resources
    assert old.data["behind"] is True
    (undated,) = read_server(desk_of(executor, answers, version="9.6.0")).resources
    assert "end_of_life" in undated.data
    assert "behind" in undated.unread


def test_a_value_that_makes_no_sense_is_unread(executor: Executor) -> None:
    odd = {"local_infile": "perhaps", "long_query_time": "soon", "wait_timeout": "1.5"}
    answers = {**PLUGINS, **COMPONENTS}
    (row,) = read_server(desk_of(executor, answers, variables=odd)).resources
    assert set(row.unread) == set(odd)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "2592000s"),
        ({"binlog_expire_logs_auto_purge": "OFF", "binlog_expire_logs_seconds": "0"}, None),
        ({"binlog_expire_logs_seconds": "0", "expire_logs_days": "1.5"}, "129600s"),
        ({"binlog_expire_logs_seconds": "0"}, None),
    ],
)
def test_how_long_the_binary_log_is_kept(
    changed: Mapping[str, str], expected: str | None, executor: Executor
) -> None:
    answers: Answers = {
        "SHOW BINARY LOGS": [("b.1", 100, "Yes"), ("b.2", 50, "Yes")],
        "performance_schema.threads": [(2,)],
    }
    (row,) = read_binary_log(desk_of(executor, answers, variables=changed)).resources
    assert row.data["expires_after"] == expected
    assert (row.data["files"], row.data["bytes"], row.data["newest"]) == (2, 150, "b.2")
    assert (row.data["receivers"], row.data["encrypted"]) == (2, True)


def test_a_replica_of_mysql_8_has_the_new_names(executor: Executor) -> None:
    columns = [
        "Replica_IO_State", "Source_Host", "Source_Port", "Replica_IO_Running",
        "Replica_SQL_Running", "Seconds_Behind_Source", "Source_SSL_Allowed",
        "Source_SSL_Verify_Server_Cert", "SQL_Delay", "Last_IO_Errno", "Last_SQL_Errno",
        "Channel_Name",
    ]  # fmt: skip
    row = ("Waiting", "db-0", 3306, "Yes", "No", None, "Yes", "No", 60, 0, 1062, "eu")
    answers: Answers = {"SHOW REPLICA STATUS": [row]}
    (found,) = read_replicas(desk_of(executor, answers, columns=columns)).resources
    assert found.data["name"] == "localhost:3306/eu"
    assert (found.data["receiving"], found.data["applying"]) == ("Yes", "No")
    assert (found.data["lag"], found.data["delay"], found.data["apply_error"]) == (
        None,
        "60s",
        1062,
    )
    with pytest.raises(QueryFailedError, match="no column"):
        read_replicas(desk_of(executor, answers, columns=[f"x{n}" for n in range(12)]))


@pytest.mark.parametrize(
    ("variables", "logging", "events"),
    [
        ({"audit_log_policy": "ALL"}, True, ["ALL"]),
        ({"audit_log_policy": "LOGINS"}, True, ["CONNECT"]),
        ({"audit_log_policy": "QUERIES"}, True, ["QUERY"]),
        ({"audit_log_policy": "NONE"}, False, []),
        ({"audit_log_policy": "ALL", "audit_log_disable": "ON"}, False, ["ALL"]),
    ],
)
def test_the_audit_log_of_mysql(
    variables: Mapping[str, str], logging: object, events: object, executor: Executor
) -> None:
    plugin = ("audit_log", "ACTIVE", "AUDIT", "FORCE_PLUS_PERMANENT")
    answers: Answers = {"information_schema.plugins": [plugin], "mysql.component": []}
    (row,) = read_audit_log(desk_of(executor, answers, variables=variables)).resources
    assert (row.data["logging"], row.data["events"]) == (logging, events)
    assert row.data["permanent"] is True


def test_an_audit_component_is_found_and_can_be_taken_out(executor: Executor) -> None:
    answers: Answers = {
        "information_schema.plugins": [],
        "mysql.component": [("file://component_audit_log_filter",)],
    }
    (row,) = read_audit_log(desk_of(executor, answers)).resources
    assert (row.data["name"], row.data["permanent"]) == ("component_audit_log_filter", False)
    assert set(row.unread) == {"logging", "events"}, "filters are not shown by variables"
    denied = read_audit_log(desk_of(executor, {"information_schema.plugins": []}))
    assert [gap.cause for gap in denied.gaps] == ["denied"]


def test_tables_of_engines_that_do_not_tell_are_unread(executor: Executor) -> None:
    answers: dict[str, Sequence[Row]] = {
        "SELECT COUNT(*) FROM information_schema.innodb_tablespaces": [(2,)],
        "information_schema.innodb_tablespaces": [("shop/a", 1), ("mysql", 0)],
        "information_schema.tables": [
            ("shop", "a", "InnoDB"),
            ("shop", "b", "MyISAM"),
            ("shop", "c", "MEMORY"),
            ("shop", "d", "ROCKSDB"),
        ],
    }
    reading = read_tablespaces(desk_of(executor, answers))
    rows = {str(row.data["name"]): row for row in reading.resources}
    assert set(rows) == {"shop/a", "mysql", "shop/b", "shop/d"}
    assert rows["shop/a"].data["encrypted"] is True
    assert rows["shop/b"].data["encrypted"] is False
    assert rows["shop/d"].unread["encrypted"].cause == "not_supported"


def _earlier(age: timedelta, refused: object) -> Observation:
    row = Resource({"endpoint": "localhost:3306", "refused": refused})
    at = NOW - age
    return Observation("db", "prod", "mysql.connections", "x", at, at, at, (row,))


@pytest.mark.parametrize(
    ("earlier", "before"),
    [
        (None, None),
        (_earlier(timedelta(hours=1), 3), 3),
        (_earlier(timedelta(hours=3), 3), 0),
        (_earlier(timedelta(hours=1), None), None),
    ],
)
def test_refused_connections_are_compared_with_the_run_before(
    earlier: Observation | None, before: object, executor: Executor
) -> None:
    (row,) = read_connections(desk_of(executor, {}, earlier=earlier)).resources
    assert row.data["refused_before"] == before
    assert (row.data["share"], row.data["peak_share"]) == ("0.1000", "0.8100")


@pytest.mark.parametrize(
    ("body", "guards"),
    [
        ("SIGNAL SQLSTATE '45000'", True),
        ("signal sqlstate value '45000' SET MESSAGE_TEXT = 'no'", True),
        ("BEGIN\n -- never\n SIGNAL SQLSTATE '45000'; END", True),
        ("SIGNAL SQLSTATE '01000'", False),
        ("SIGNAL forbidden", False),
        ("IF NEW.id > 1 THEN SIGNAL SQLSTATE '45000'; END IF", False),
        ("BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; END", False),
        ("SET @x = 'SIGNAL SQLSTATE'", False),
        ("", False),
    ],
)
def test_only_a_signal_that_always_comes_is_a_guard(body: str, *, guards: bool) -> None:
    assert raises(body) is guards


def test_names_of_folders_are_shown_as_names() -> None:
    assert [decoded(name) for name in ("a@002db", "plain", "x@0k")] == ["a-b", "plain", "x@0k"]


def test_durations_and_numbers_of_variables() -> None:
    variables = Variables({"a": "0.5", "b": "NaN", "c": "x, y,"})
    assert seconds(variables.decimal("a")) == "500ms"
    assert variables.words("c") == ["x", "y"]
    for name in ("b", "missing"):
        with pytest.raises(QueryFailedError):
            variables.decimal(name)
