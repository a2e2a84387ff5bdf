"""Without one of the printed grants exactly what depends on it is an error, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

import pytest

from auditor.collectors.mysql import MysqlCollector
from tests.services.mysql.conftest import AUDIT_TABLE
from tests.services.mysql.reading_mysql import judged, read_all
from tests.services.mysql.servers import Server, grant_lines, settings_of

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("password")]
_ACCOUNTS = {
    "mysql-access/accounts",
    "mysql-access/methods",
    "mysql-access/file-privilege",
    "mysql-logging/append-only",
}
_TABLES = {"mysql-logging/append-only"}
DEPENDENT = {
    "SELECT ON mysql.global_priv": _ACCOUNTS,
    "SELECT ON mysql.roles_mapping": _ACCOUNTS,
    "SELECT ON mysql.db": _TABLES,
    "SELECT ON mysql.tables_priv": _TABLES,
    "SELECT ON mysql.columns_priv": _TABLES,
    "BINLOG MONITOR ON *.*": {"mysql-operation/binary-log"},
    "SLAVE MONITOR ON *.*": {"mysql-operation/replicas"},
    "PROCESS ON *.*": {"mysql-operation/binary-log", "mysql-encryption/files"},
    "SELECT ON mysql.procs_priv": _TABLES,
    "SHOW VIEW ON *.*": {"mysql-encryption/files", *_TABLES},
    "SELECT ON mysql.proc": {"mysql-access/definers", *_TABLES},
    "SELECT ON mysql.event": {"mysql-access/definers", *_TABLES},
    "SELECT ON `shop`.`events`": {"mysql-logging/hash-chain"},
    "TRIGGER ON *.*": _TABLES,
}


def test_every_printed_grant_is_tried() -> None:
    collector = MysqlCollector()
    document = collector.grants(list(collector.resource_types()))["sql"]
    lines = [line for line in grant_lines(document, ["`shop`.`events`"]) if "GRANT" in line]
    printed = {line.removeprefix("GRANT ").partition(" TO ")[0] for line in lines}
    assert printed - {"USAGE ON *.*"} == set(DEPENDENT)


@pytest.mark.parametrize("grant", DEPENDENT)
def test_without_a_grant_what_depends_on_it_is_an_error_that_names_it(
    grant: str, good: Server, executor: Executor
) -> None:
    settings = settings_of(good, audit_tables=[AUDIT_TABLE])
    with _without(good, grant):
        found = read_all(executor, settings)
    errors = [finding for finding in judged(found) if finding.status == "error"]
    assert {f"{one.control}/{one.check}" for one in errors} == DEPENDENT[grant]
    gaps = [gap for one in found.values() for gap in one.gaps]
    gaps += [g for one in found.values() for r in one.resources for g in r.unread.values()]
    assert gaps
    named = grant.replace("`", "")
    for gap in gaps:
        assert gap.cause == "denied"
        assert named in f"{gap.action} {gap.hint}".replace("`", ""), gap


@contextmanager
def _without(server: Server, grant: str) -> Iterator[None]:
    server.sql(f"REVOKE {grant} FROM auditor@'%'")
    try:
        yield
    finally:
        server.sql(f"GRANT {grant} TO auditor@'%'")
