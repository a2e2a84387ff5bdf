"""Statements in disguise: what a server would read otherwise than a scanner that is careless."""

from __future__ import annotations

import pytest

from auditor.core.sql_text import DIALECTS, Dialect, refusal


@pytest.mark.parametrize(
    ("dialect", "text", "said"),
    [
        ("postgres", 'SELECT "pg_sleep"(5)', "calls `pg_sleep`"),
        ("postgres", "SELECT pg_catalog.\"pg_read_file\"('x')", "calls `pg_read_file`"),
        ("postgres", 'SELECT U&"pg\\005fsleep"(5)', 'U&"..."'),
        ("postgres", "SELECT 1 -- comment\r, pg_sleep(5)", "control character"),
        ("postgres", "SELECT lo_unlink(1)", "calls `lo_unlink`"),
        ("postgres", "SELECT lo_from_bytea(0, '')", "calls `lo_from_bytea`"),
        ("postgres", "SELECT * FROM dblink_send_query('a', 'b')", "calls `dblink_send_query`"),
        ("postgres", "SELECT pg_logical_slot_get_changes('a', NULL, NULL)", "pg_logical_slot_get"),
        ("postgres", "SELECT pg_drop_replication_slot('a')", "pg_drop_replication_slot"),
        ("postgres", "SELECT query_to_xml_and_xmlschema('x', true, true, '')", "query_to_xml"),
        ("postgres", "SELECT pg_stat_reset()", "pg_stat_reset"),
        ("postgres", "SELECT a FROM t FOR SHARE", "locks rows"),
        ("postgres", "SELECT a FROM t FOR KEY SHARE", "locks rows"),
        ("postgres", "SELECT 1 FROM information_schema.tables", "leaves out"),
        ("postgres", 'SELECT 1 FROM "information_schema".tables', "leaves out"),
        ("mysql", "SELECT `sleep`(5)", "calls `sleep`"),
        ("mysql", "SELECT `LOAD_FILE`('/etc/passwd')", "calls `load_file`"),
        ("mysql", "SELECT /*+ MAX_EXECUTION_TIME(0) */ a FROM t", "optimizer hint"),
        ("mysql", "SELECT /*+ SET_VAR(sql_select_limit=1) */ a FROM t", "optimizer hint"),
        ("mysql", "SELECT 1 --\u00a0, sleep(5)", "calls `sleep`"),
        ("mysql", "SELECT 1 --\x01'\n, sleep(5) -- '", "control character"),
        ("mysql", "SELECT a FROM t FOR SHARE", "locks rows"),
        ("mysql", "SELECT 1 FROM INFORMATION_SCHEMA.TABLES", "leaves out"),
    ],
)
def test_a_statement_in_disguise_is_refused(dialect: Dialect, text: str, said: str) -> None:
    assert said in refusal(text, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "text",
    [
        "SELECT share FROM t",
        "SELECT 'information_schema', 'pg_sleep(1)' FROM t",
        "SELECT low_price, lo, dblinked FROM t",
        "SELECT a & b FROM t",
        "SELECT a /* + */ FROM t\n\tWHERE b = 1",
    ],
)
def test_what_only_looks_like_it_is_a_query(dialect: Dialect, text: str) -> None:
    assert refusal(text, dialect) == ""


def test_reading_functions_of_a_family_stay() -> None:
    text = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), :seen), pg_stat_get_numscans(1)"
    assert refusal(text, "postgres") == ""
