"""The shipped checks over a server without faults, and over one with a fault for each of them."""

from __future__ import annotations

from concurrent.futures import Executor

import pytest

from tests.services.mysql.conftest import AUDIT_TABLE, fill_chain
from tests.services.mysql.reading_mysql import by_status, judged, read_all
from tests.services.mysql.servers import Server, settings_of

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("password")]
TYPES = (
    "mysql.server",
    "mysql.connections",
    "mysql.account",
    "mysql.audit_log",
    "mysql.binary_log",
    "mysql.tablespace",
    "mysql.routine",
    "mysql.audit_table",
    "mysql.audit_chain",
)
# What each fault of the bad server must give, `{}` for its endpoint. Everything else must pass.
PLANTED = {
    "mysql-access/accounts/@db.example.org": "an anonymous account",
    "mysql-access/accounts/dba@%": "an administrator from anywhere",
    "mysql-access/accounts/root@localhost": "no password",
    "mysql-access/accounts/root@127.0.0.1": "no password",
    "mysql-access/accounts/root@::1": "no password",
    "mysql-access/accounts/root@HOST": "no password, as a fresh installation leaves it",
    "mysql-access/methods/@db.example.org": "native",
    "mysql-access/methods/dba@%": "native",
    "mysql-access/methods/app@10.0.0.%": "native",
    "mysql-access/methods/root@localhost": "native",
    "mysql-access/methods/root@127.0.0.1": "native",
    "mysql-access/methods/root@::1": "native",
    "mysql-access/methods/root@HOST": "native",
    "mysql-access/password-checks/{}": "nothing checks passwords",
    "mysql-access/definers/procedure shop.totals": "runs as root",
    "mysql-access/file-privilege/app@10.0.0.%": "FILE",
    "mysql-access/file-privilege/dba@%": "FILE by ALL",
    "mysql-access/file-privilege/root@127.0.0.1": "FILE by ALL",
    "mysql-access/file-privilege/root@::1": "FILE by ALL",
    "mysql-access/file-privilege/root@HOST": "FILE by ALL",
    "mysql-access/local-files/{}": "local_infile is on",
    "mysql-encryption/connections/{}": "plain connections and TLS 1.1",
    "mysql-encryption/files/innodb_system": "not encrypted",
    "mysql-encryption/files/shop/events": "not encrypted",
    "mysql-encryption/files/shop/legacy": "an engine without encryption",
    "mysql-encryption/files/shop/od@0060d@002d@0k@003b@002d@002d": "not encrypted, odd name",
    "mysql-encryption/redo-log/{}": "not encrypted",
    "mysql-logging/audit-plugin/": "no audit plugin",
    "mysql-logging/slow-statements/{}": "slow log off",
    "mysql-logging/append-only/shop.events": "DELETE, UPDATE by a role, no guards",
    "mysql-logging/hash-chain/shop.events": "row 7 was changed",
    "mysql-operation/idle-sessions/{}": "eight hours",
    "mysql-operation/binary-log/{}": "no binary log",
}


def test_a_good_server_gives_no_fail_and_no_error(good: Server, executor: Executor) -> None:
    found = read_all(executor, settings_of(good, audit_tables=[AUDIT_TABLE]), *TYPES)
    findings = judged(found)
    assert by_status(findings, "fail") == set()
    assert by_status(findings, "error") == set()
    assert len(by_status(findings, "pass")) >= 20


def test_every_planted_fault_is_found_and_nothing_else(bad: Server, executor: Executor) -> None:
    found = read_all(executor, settings_of(bad, audit_tables=[AUDIT_TABLE]), *TYPES)
    server = found["mysql.server"].resources[0].data
    names = {"{}": str(server["endpoint"]), "HOST": str(server["host"]).lower()}
    planted = set(PLANTED)
    for mark, value in names.items():
        planted = {name.replace(mark, value) for name in planted}
    findings = judged(found)
    assert by_status(findings, "fail") == planted
    assert by_status(findings, "error") == set()


def test_what_lets_the_application_change_rows_is_named(bad: Server, executor: Executor) -> None:
    found = read_all(executor, settings_of(bad, audit_tables=[AUDIT_TABLE]), "mysql.audit_table")
    (table,) = found["mysql.audit_table"].resources
    assert table.data["excess"] == [
        "app@10.0.0.%: DELETE on shop.*",
        "editors: UPDATE on shop.events",
    ]
    assert table.data["update_guard"] is False, "a trigger with a condition is no guard"


def test_a_chain_that_grew_holds_its_earlier_head(good: Server, executor: Executor) -> None:
    settings = settings_of(good, audit_tables=[AUDIT_TABLE])
    first = read_all(executor, settings, "mysql.audit_chain")["mysql.audit_chain"]
    assert "streamed" in first.derived_only
    assert first.resources[0].data["anchor_key"] is None
    fill_chain(good, 3)
    second = read_all(
        executor, settings, "mysql.audit_chain", earlier=lambda _target, _type, _wanted: first
    )
    data = second["mysql.audit_chain"].resources[0].data
    assert data["anchor_found"] == data["anchor_digest"] == first.resources[0].data["head_digest"]
    assert data["rows"] == data["counted"] == int(str(data["anchor_rows"])) + 3
    assert by_status(judged(second), "fail") == set()


def test_a_table_that_was_emptied_and_refilled_is_found(bad: Server, executor: Executor) -> None:
    settings = settings_of(bad, audit_tables=[AUDIT_TABLE])
    first = read_all(executor, settings, "mysql.audit_chain")["mysql.audit_chain"]
    bad.sql("CREATE TABLE shop.kept AS SELECT * FROM shop.events", "TRUNCATE shop.events")
    try:
        fill_chain(bad, 25, body="history as it should have been")
        second = read_all(
            executor, settings, "mysql.audit_chain", earlier=lambda _target, _type, _wanted: first
        )
    finally:
        bad.sql(
            "TRUNCATE shop.events",
            "INSERT INTO shop.events SELECT * FROM shop.kept",
            "DROP TABLE shop.kept",
        )
    data = second["mysql.audit_chain"].resources[0].data
    assert (data["altered_rows"], data["broken_links"]) == (0, 0), "the new chain is whole"
    assert data["anchor_found"] not in (None, data["anchor_digest"])
    assert by_status(judged(second), "fail") == {"mysql-logging/hash-chain/shop.events"}
