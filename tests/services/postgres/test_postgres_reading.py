"""What is read of a server in good configuration, and that each planted fault is seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
import pytest

from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from tests.services.postgres.conftest import collect, target_of
from tests.services.postgres.server import Server, next_second_of
from tests.services.postgres.standby import standby

pytestmark = pytest.mark.service
Read = Mapping[str, Observation]


def rows(read: Read, name: str) -> list[Mapping[str, Any]]:
    return [resource.data for resource in read[f"postgres.{name}"].resources]


def one(read: Read, kind: str, **where: object) -> Mapping[str, Any]:
    found = [row for row in rows(read, kind) if where.items() <= row.items()]
    assert len(found) == 1, (kind, where, len(found))
    return found[0]


@pytest.fixture(scope="module")
def good_read(good: Server) -> Read:
    return collect(target_of(good))


@pytest.fixture(scope="module")
def bad_read(bad: Server) -> Read:
    return collect(target_of(bad))


@pytest.mark.parametrize("server", ["good", "good18", "bad"])
def test_the_printed_account_reads_every_type_without_a_gap(
    server: str, request: pytest.FixtureRequest
) -> None:
    read = collect(target_of(request.getfixturevalue(server)))
    told = {name: [gap.cause for gap in one.gaps] for name, one in read.items() if one.gaps}
    # Its last rule was added after the server read the file.
    assert told == ({"postgres.hba_rule": [Cause.STALE]} if server == "bad" else {})
    unread = {
        (name, path)
        for name, observation in read.items()
        for resource in observation.resources
        for path in resource.unread
    }
    assert unread == set()
    assert len(read) == 19


def test_independent_counts_agree_with_what_was_read(good_read: Read) -> None:
    counted = {n: o.facts for n, o in good_read.items() if "counted" in o.facts}
    assert len(counted) == 7
    assert all(facts["counted"] == facts["items"] for facts in counted.values())


def test_keys_and_uids_are_unique_and_stable(good: Server, good_read: Read) -> None:
    again = collect(target_of(good))
    for name, observation in good_read.items():
        uids = [resource.uid for resource in observation.resources if resource.uid]
        assert len(set(uids)) == len(uids), name
        assert [r.uid for r in again[name].resources] == [r.uid for r in observation.resources]


def test_every_request_is_recorded_with_its_database(good_read: Read) -> None:
    tables = good_read["postgres.table"]
    assert {call.endpoint.rpartition("/")[2] for call in tables.calls} == {"ledger", "postgres"}
    assert all(call.ok for observation in good_read.values() for call in observation.calls)
    assert all(observation.calls for observation in good_read.values())


def test_the_good_server(good_read: Read) -> None:
    server = one(good_read, "server")
    assert (server["major"], server["ssl"], server["data_checksums"]) == (15, True, True)
    assert server["pgaudit_log"] == ["role", "ddl", "write"]
    assert server["end_of_life"] == "2027-11-12T00:00:00Z"
    # Our own session has time-outs; what is shown is the server's.
    assert server["statement_timeout"] == "0d"
    app = one(good_read, "role", name="app")
    assert (app["password_kind"], app["statement_timeout"]) == ("scram-sha-256", "30s")
    assert one(good_read, "audit_chain")["broken_at"] is None
    assert one(good_read, "audit_chain")["rows"] == 200
    assert "only what was computed" in good_read["postgres.audit_chain"].derived_only


FAULTY: Mapping[str, tuple[str, Mapping[str, object], str, object]] = {
    "TLS off": ("server", {}, "ssl", False),
    "old protocol": ("server", {}, "ssl_min_protocol_version", "TLSv1"),
    "md5 for new passwords": ("server", {}, "password_encryption", "md5"),
    "connections not logged": ("server", {}, "log_connections", False),
    "disconnections not logged": ("server", {}, "log_disconnections", False),
    "statements not logged": ("server", {}, "log_statement", "none"),
    "short log prefix": ("server", {}, "log_line_prefix", "%p "),
    "local time in the log": ("server", {}, "log_timezone", "Europe/Berlin"),
    "no pgaudit": ("server", {}, "shared_preload_libraries", []),
    "no pgaudit classes": ("server", {}, "pgaudit_log", None),
    "no statement statistics": ("statement_statistics", {}, "loaded", False),
    "md5 rule": ("hba_rule", {"order": 3}, "method", "md5"),
    "trust rule": ("hba_rule", {"order": 4}, "method", "trust"),
    "rule without TLS": ("hba_rule", {"order": 5}, "type", "hostnossl"),
    "loopback address with the mask of the world": ("hba_rule", {"order": 6}, "remote", True),
    "another superuser": ("role", {"name": "admin2"}, "superuser", True),
    "application is superuser by membership": ("role", {"name": "app"}, "reaches_superuser", True),
    "application without time-out": ("role", {"name": "app"}, "statement_timeout", "0d"),
    "md5 password": ("role", {"name": "old"}, "password_kind", "md5"),
    "password for ever": ("role", {"name": "old"}, "valid_until", None),
    "never signed in": ("role", {"name": "old"}, "last_login_at", None),
    "old login": ("role", {"name": "app"}, "last_login_at", "2026-01-01T00:00:00Z"),
    "PUBLIC creates": ("schema", {"id": "ledger.public"}, "public_create", True),
    "default privilege": ("default_privilege", {"grantee": "PUBLIC"}, "objects", "tables"),
    "application owns the log": ("audit_table", {}, "owns", True),
    "application changes the log": ("audit_table", {}, "can_update", True),
    "update not guarded": ("audit_table", {}, "guards_update", False),
    "truncate not guarded": ("audit_table", {}, "guards_truncate", False),
    "row changed": ("audit_chain", {}, "broken_at", "77"),
    "row changed, its kind": ("audit_chain", {}, "broken_kind", "altered_row"),
    "row security off": ("tenant_table", {}, "row_security", False),
    "schema behind": ("schema_version", {}, "version", "20261001090000"),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_planted_fault_is_seen_and_the_good_server_does_not_have_it(
    bad_read: Read, good_read: Read, fault: str
) -> None:
    name, where, field, value = FAULTY[fault]
    assert one(bad_read, name, **where)[field] == value
    good = [row[field] for row in rows(good_read, name) if where.items() <= row.items()]
    assert value not in good


def test_a_broken_line_of_the_rules_shows_its_error(bad_read: Read) -> None:
    (broken,) = [row for row in rows(bad_read, "hba_rule") if row["error"] is not None]
    assert broken["type"] is None
    assert "not-an-address" in broken["error"]


def test_a_remote_session_shows_whether_it_has_tls(good: Server) -> None:
    with good.connect("ledger") as other:
        found = one(collect(target_of(good), ["postgres.session"]), "session", database="ledger")
        assert (found["tls"], found["tls_version"], found["loopback"]) == (True, "TLSv1.3", True)
        assert found["id"].startswith(f"{other.info.backend_pid}/")


def test_a_transaction_that_waits_shows_its_age_and_who_blocks_it_and_no_text(
    good: Server,
) -> None:
    with (
        good.connect("ledger") as holder,
        good.connect("ledger") as waiter,
        good.connect() as observer,
    ):
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE")
        waiter.pgconn.send_query(b"SELECT count(*) FROM invoices WHERE id = 4711")
        wait_until(lambda: blocked(observer, waiter))
        read = collect(target_of(good), ["postgres.activity"])
        found = one(read, "activity", statement="SELECT")
        assert found["blocked_by"] == [holder.info.backend_pid]
        assert found["blocked_for"] is not None
        assert one(read, "activity", state="idle in transaction")["statement"] == "LOCK"
        assert "4711" not in str(read)
        holder.execute("ROLLBACK")
        waiter.pgconn.get_result()
        waiter.pgconn.get_result()


def blocked(observer: psycopg.Connection[Any], waiter: psycopg.Connection[Any]) -> bool:
    query = "SELECT cardinality(pg_blocking_pids(%s)) > 0"
    row = observer.execute(query, [waiter.info.backend_pid]).fetchone()
    assert row is not None
    return bool(row[0])


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_value_of_our_own_account_is_not_taken_for_the_servers(good: Server) -> None:
    good.run("ALTER ROLE auditor SET statement_timeout = '5s'")
    try:
        read = collect(target_of(good), ["postgres.server", "postgres.setting"])
    finally:
        good.run("ALTER ROLE auditor RESET statement_timeout")
    (server,) = read["postgres.server"].resources
    assert "statement_timeout" in server.unread
    assert server.data["overridden"] == ["statement_timeout"]
    (setting,) = [
        r for r in read["postgres.setting"].resources if r.data["name"] == "statement_timeout"
    ]
    assert "setting" in setting.unread


def test_a_database_that_is_excluded_or_missing_is_said(good: Server) -> None:
    only = collect(target_of(good, databases=["ledger", "gone"]), ["postgres.schema"])
    observation = only["postgres.schema"]
    assert observation.facts["databases"] == ["ledger"]
    assert [(gap.cause.value, gap.subject) for gap in observation.gaps] == [("vanished", "gone")]
    excluded = collect(target_of(good, exclude_databases=["ledger"]), ["postgres.audit_chain"])
    assert [g.subject for g in excluded["postgres.audit_chain"].gaps] == ["ledger.public.audit_log"]


def test_a_listed_table_that_is_not_there_is_a_gap(good: Server) -> None:
    settings = {"tenant_tables": [{"database": "ledger", "table": "gone"}]}
    (gap,) = collect(target_of(good, **settings), ["postgres.tenant_table"])[
        "postgres.tenant_table"
    ].gaps
    assert (gap.cause.value, gap.subject) == ("vanished", "ledger.public.gone")


def test_without_a_record_of_logins_the_last_login_is_unread(good: Server) -> None:
    read = collect(target_of(good, logins=None), ["postgres.role"])
    assert all("last_login_at" in r.unread for r in read["postgres.role"].resources)


def test_a_setting_that_may_hold_a_secret_is_not_kept(good: Server) -> None:
    read = collect(target_of(good), ["postgres.setting"])
    for name in ("archive_command", "primary_conninfo", "ssl_passphrase_command"):
        found = one(read, "setting", name=name)
        assert (found["kept"], found["setting"]) == (False, None)
    assert one(read, "setting", name="password_encryption")["setting"] == "scram-sha-256"


def test_a_replica_streams_and_shows_itself_as_one(good: Server) -> None:
    with standby(good) as port:
        primary = collect(target_of(good), ["postgres.replica"])
        found = one(primary, "replica")
        assert (found["application"], found["state"]) == ("replica1", "streaming")
        assert found["id"] == "replica1@127.0.0.1"
        replica = collect(target_of(good, port=port), ["postgres.server", "postgres.audit_chain"])
        assert one(replica, "server")["in_recovery"] is True
        assert one(replica, "audit_chain")["rows"] == 200


def test_rules_that_the_server_has_not_loaded_are_not_vouched_for(good: Server) -> None:
    rules = good.folder / "pg_hba.conf"
    before = rules.read_text()
    name = "postgres.hba_rule"
    try:
        rules.write_text(f"{before}hostssl all all 192.168.0.0/16 scram-sha-256\n")
        read = collect(target_of(good), [name])[name]
    finally:
        rules.write_text(before)
        restored = collect(target_of(good), [name])[name]
        next_second_of(rules)
        good.run("SELECT pg_reload_conf()")
        loaded = wait_for(lambda: collect(target_of(good), [name])[name].gaps == ())
    (gap,) = read.gaps
    assert (gap.cause.value, "cannot be told" in gap.detail) == ("stale", True)
    assert "pg_reload_conf" in gap.hint
    assert restored.gaps != ()  # the same text again, and nobody knows since when
    assert loaded


def wait_for(done: Callable[[], bool]) -> bool:
    """Whether it is done within some seconds: the server reloads on its own."""
    end = time.monotonic() + 10
    while not done():
        if time.monotonic() > end:
            return False
    return True
