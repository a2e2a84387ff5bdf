"""Refusals of servers and of the driver, classified."""

from __future__ import annotations

import ssl

import pytest
from pymysql.err import OperationalError, ProgrammingError

from auditor.collectors.mysql.failures import to_failure
from auditor.core.model.status import Cause


@pytest.mark.parametrize(
    ("code", "message", "cause"),
    [
        (1045, "Access denied for user 'auditor'@'10.0.0.1' (using password: YES)", Cause.DENIED),
        (1698, "Access denied for user 'auditor'@'localhost'", Cause.DENIED),
        (4151, "Access denied, this account is locked", Cause.DENIED),
        (3118, "Access denied for user 'auditor'@'%'. Account is locked.", Cause.DENIED),
        (1862, "Your password has expired.", Cause.EXPIRED_CREDENTIALS),
        (1969, "Query execution was interrupted (max_statement_time exceeded)", Cause.TIMEOUT),
        (3024, "Query execution was interrupted, maximum statement execution time", Cause.TIMEOUT),
        (1205, "Lock wait timeout exceeded", Cause.TIMEOUT),
        (2003, "Can't connect to MySQL server on 'db' (timed out)", Cause.TIMEOUT),
        (2003, "Can't connect to MySQL server on 'db'", Cause.UNREACHABLE),
        (2013, "Lost connection to MySQL server during query", Cause.UNREACHABLE),
        (1927, "Connection was killed", Cause.UNREACHABLE),
        (1040, "Too many connections", Cause.THROTTLED),
        (1146, "Table 'shop.events' doesn't exist", Cause.VANISHED),
        (1193, "Unknown system variable 'x'", Cause.NOT_SUPPORTED),
        (9999, "Something new", Cause.INTERNAL),
    ],
)
def test_each_number_has_its_cause(code: int, message: str, cause: Cause) -> None:
    failure = to_failure(OperationalError(code, message))
    assert failure.gap.cause is cause
    assert str(code) in failure.gap.detail
    assert failure.code == str(code)


@pytest.mark.parametrize(
    ("message", "action"),
    [
        (
            "SELECT command denied to user 'a'@'b' for table `mysql`.`global_priv`",
            "SELECT ON mysql.global_priv",
        ),
        ("SELECT command denied to user 'a'@'b' for table 'user'", "SELECT ON user"),
        (
            "Access denied; you need (at least one of) the SUPER, BINLOG MONITOR privilege(s)",
            "SUPER, BINLOG MONITOR ON *.*",
        ),
        ("Access denied for user 'a'@'b' to database 'shop'", ""),
    ],
)
def test_what_was_denied_is_named(message: str, action: str) -> None:
    assert to_failure(ProgrammingError(1142, message)).gap.action == action


def test_what_is_not_the_servers_is_classified_too() -> None:
    assert to_failure(ssl.SSLError("certificate verify failed")).gap.cause is Cause.UNREACHABLE
    assert to_failure(TimeoutError("timed out")).gap.cause is Cause.TIMEOUT
    garbled = to_failure(IndexError("index out of range"))
    assert garbled.gap.cause is Cause.UNPARSABLE
    assert garbled.broken
