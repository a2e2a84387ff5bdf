"""Audit tables on a real server: tampering of every kind is found, the head is anchored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.collectors.interface import CollectionContext
from auditor.collectors.postgres import PostgresCollector
from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from auditor.errors import VerificationError
from tests.services.postgres.conftest import collect, target_of
from tests.services.postgres.planted import AUDIT_TABLE, ROWS, good_server
from tests.services.postgres.server import Server

pytestmark = pytest.mark.service
CHAIN = "postgres.audit_chain"
REFILL = """INSERT INTO audit_log WITH RECURSIVE c AS (
  SELECT {start}::bigint AS id, NULL::timestamptz AS at, ''::text AS body, ''::text AS prev,
    coalesce((SELECT hash FROM audit_log WHERE id = {start}), '') AS hash
  UNION ALL SELECT id + 1, n.at, n.body, c.hash, encode(sha256(convert_to(c.hash || '|' || (id + 1)
    || '|' || to_char(n.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '|' || n.body,
    'UTF8')), 'hex')
  FROM c, LATERAL (SELECT timestamptz '2026-02-02' AS at, 'other' AS body) n WHERE id < {last})
  SELECT id, at, body, nullif(prev, ''), hash FROM c WHERE id > {start}"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with good_server() as running:
        yield running


@pytest.fixture
def ledger(server: Server) -> Iterator[Server]:
    """The server; the table is put back after the test."""
    server.run("CREATE TABLE kept AS SELECT * FROM audit_log", database="ledger")
    yield server
    change(server, "DELETE FROM audit_log", "INSERT INTO audit_log SELECT * FROM kept")
    server.run("DROP TABLE kept", database="ledger")


def change(server: Server, *statements: str) -> None:
    """As somebody with the server's keys would: no trigger fires."""
    switched = "ALTER TABLE audit_log {} TRIGGER ALL"
    server.run(switched.format("DISABLE"), *statements, database="ledger")
    server.run(
        "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_rows, ENABLE ALWAYS TRIGGER audit_all",
        database="ledger",
    )


def read(server: Server, earlier: Observation | None = None) -> Observation:
    known = {} if earlier is None else {CHAIN: earlier}
    return collect(target_of(server), [CHAIN], known)[CHAIN]


def facts(observation: Observation) -> Mapping[str, Any]:
    (resource,) = observation.resources
    return resource.data


TAMPERED: Mapping[str, tuple[tuple[str, ...], str | None, str]] = {
    "a row changed": (("UPDATE audit_log SET body = 'x' WHERE id = 50",), "50", "altered_row"),
    "a row changed with its digest": (
        ("UPDATE audit_log SET body = 'x', hash = repeat('a', 64) WHERE id = 50",),
        "50",
        "altered_row",
    ),
    "a digest gone": (("ALTER TABLE audit_log ALTER hash DROP NOT NULL",
                       "UPDATE audit_log SET hash = NULL WHERE id = 50"), "50", "altered_row"),
    "a row taken out": (("DELETE FROM audit_log WHERE id = 50",), "51", "missing_row"),
    "rows exchanged": (
        (
            "UPDATE audit_log SET id = -1 WHERE id = 50",
            "UPDATE audit_log SET id = 50 WHERE id = 51",
            "UPDATE audit_log SET id = 51 WHERE id = -1",
        ),
        "50",
        "altered_row",  # the id is part of the digest
    ),
    "the begin cut off": (("DELETE FROM audit_log WHERE id <= 10",), "11", "truncated_start"),
    "a number left out at the end": (
        ("UPDATE audit_log SET id = 1000 WHERE id = 200",), "1000", "altered_row",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", TAMPERED)
def test_tampering_is_found_where_it_was_done(ledger: Server, kind: str) -> None:
    statements, at, what = TAMPERED[kind]
    change(ledger, *statements)
    found = facts(read(ledger))
    assert (found["broken_at"], found["broken_kind"]) == (at, what)


def test_the_first_reading_has_no_anchor_and_the_next_has(ledger: Server) -> None:
    first = read(ledger)
    assert [facts(first)[n] for n in ("anchor_key", "anchor_run_at")] == [None, None]
    second = read(ledger, first)
    assert facts(second)["anchor_key"] == str(ROWS)
    assert facts(second)["anchor_found"] == facts(first)["head_digest"]
    assert facts(second)["anchor_run_at"] is not None


def test_a_table_that_grew_still_has_its_anchor(ledger: Server) -> None:
    first = read(ledger)
    change(ledger, REFILL.format(start=ROWS, last=ROWS + 50))
    second = facts(read(ledger, first))
    assert (second["rows"], second["broken_at"]) == (ROWS + 50, None)
    assert second["anchor_found"] == second["anchor_digest"]


def test_a_cut_end_leaves_a_whole_chain_without_its_anchor(ledger: Server) -> None:
    first = read(ledger)
    change(ledger, "DELETE FROM audit_log WHERE id > 195")
    second = facts(read(ledger, first))
    assert second["broken_at"] is None
    assert second["anchor_found"] is None
    assert second["rows"] < second["anchor_rows"]


def test_a_table_that_was_emptied_and_refilled_is_found_and_stays_found(ledger: Server) -> None:
    first = read(ledger)
    change(ledger, "DELETE FROM audit_log", REFILL.format(start=0, last=ROWS + 1))
    second = read(ledger, first)
    assert facts(second)["broken_at"] is None
    assert facts(second)["anchor_found"] not in (None, facts(second)["anchor_digest"])
    third = facts(read(ledger, second))
    assert third["anchor_digest"] == facts(first)["head_digest"]
    assert third["anchor_found"] != third["anchor_digest"]


def test_a_column_that_no_digest_covers_is_named(ledger: Server) -> None:
    change(ledger, "ALTER TABLE audit_log ADD amount numeric")
    try:
        found = facts(read(ledger))
    finally:
        change(ledger, "ALTER TABLE audit_log DROP amount")
    assert (found["uncovered"], found["altered_rows"]) == (["amount"], 0)


def test_an_order_that_is_not_unique_is_a_gap(ledger: Server) -> None:
    change(ledger, "CREATE TABLE twice AS SELECT * FROM audit_log",
           "INSERT INTO twice SELECT * FROM audit_log WHERE id = 9",
           "GRANT SELECT ON twice TO auditor")  # fmt: skip
    try:
        settings = {"audit_tables": [{**AUDIT_TABLE, "table": "twice"}]}
        (gap,) = collect(target_of(ledger, **settings), [CHAIN])[CHAIN].gaps
    finally:
        ledger.run("DROP TABLE twice", database="ledger")
    assert (gap.cause, gap.subject) == (Cause.UNPARSABLE, "ledger.public.twice")
    assert "id = 9 is not unique" in gap.detail


def test_earlier_evidence_that_was_changed_is_a_gap(server: Server) -> None:
    def refuse(_target: str, _name: str, _wanted: object) -> Observation:
        raise VerificationError("its digest is another")

    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(lambda: datetime.now(UTC), executor, earlier=refuse)
        (found,) = PostgresCollector().collect(target_of(server), [CHAIN], context)
    assert found.resources == ()
    assert [gap.detail for gap in found.gaps] == ["its digest is another"]


def test_a_role_that_is_not_there_is_a_gap_of_its_table(server: Server) -> None:
    settings = {"audit_tables": [{**AUDIT_TABLE, "application_roles": ["app", "gone"]}]}
    name = "postgres.audit_table"
    found = collect(target_of(server, **settings), [name])[name]
    assert [(gap.cause, "gone" in gap.detail) for gap in found.gaps] == [(Cause.VANISHED, True)]


def test_a_table_without_a_version_is_a_gap(server: Server) -> None:
    name = "postgres.schema_version"
    server.run("CREATE TABLE fresh (version int)", "GRANT SELECT ON fresh TO auditor",
               database="ledger")  # fmt: skip
    settings = {"schema_versions": [{"database": "ledger", "table": "fresh"}]}
    empty = collect(target_of(server, **settings), [name])[name]
    server.run("INSERT INTO fresh VALUES (9), (10)", database="ledger")
    filled = collect(target_of(server, **settings), [name])[name]
    server.run("DROP TABLE fresh", database="ledger")
    assert [gap.cause for gap in empty.gaps] == [Cause.EMPTY]
    assert filled.resources[0].data["version"] == "10"  # as a number, not as a text


def test_an_empty_table_has_no_head(ledger: Server) -> None:
    change(ledger, "DELETE FROM audit_log")
    found = facts(read(ledger))
    assert (found["rows"], found["head_key"], found["broken_at"]) == (0, None, None)


def test_a_partition_that_can_be_changed_is_seen(ledger: Server) -> None:
    ledger.run(
        "CREATE TABLE part () INHERITS (audit_log)", "GRANT DELETE ON part TO app",
        database="ledger",
    )  # fmt: skip
    try:
        (row,) = collect(target_of(ledger), ["postgres.audit_table"])[
            "postgres.audit_table"
        ].resources
    finally:
        ledger.run("DROP TABLE part", database="ledger")
    assert (row.data["can_delete"], row.data["can_change_partition"]) == (False, True)


def test_rights_through_a_role_that_is_not_inherited_count(ledger: Server) -> None:
    ledger.run("CREATE ROLE writer", "ALTER ROLE app NOINHERIT", "GRANT writer TO app")
    ledger.run("GRANT DELETE ON audit_log TO writer", database="ledger")
    try:
        (row,) = collect(target_of(ledger), ["postgres.audit_table"])[
            "postgres.audit_table"
        ].resources
    finally:
        ledger.run("REVOKE ALL ON audit_log FROM writer", database="ledger")
        ledger.run("ALTER ROLE app INHERIT", "DROP ROLE writer")
    assert row.data["can_delete"] is True
