from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.sql.text import (
    DIALECTS,
    MYSQL,
    POSTGRES,
    Dialect,
    SqlTextError,
    parameters,
    render_pyformat,
    statement_words,
    tokens,
)

BOTH = [POSTGRES, MYSQL]
ALL = [
    ("SELECT :a, :b_2, :a", ("a", "b_2")),
    ("SELECT ':a', '''', 'it''s :b', :c", ("c",)),
    ('SELECT ":a", :b', ("b",)),
    ("SELECT 1 -- :a\n, :b", ("b",)),
    ("SELECT /* :a */ :b", ("b",)),
    ("SELECT @x := :a", ("a",)),
    ("SELECT x%:a", ("a",)),
]
OF_POSTGRES = [
    ("SELECT :a::text, now()::date", ("a",)),
    ("SELECT /* /* :a */ :b */ :c", ("c",)),
    ("SELECT $$:a$$, $x$ :b $$ $x$, :c", ("c",)),
    (r"SELECT E'\':a', :b", ("b",)),
    (r"SELECT '\', :a, '\'", ("a",)),
    ("SELECT a$b$c, :d", ("d",)),
    ("SELECT `:a`", ("a",)),
    ("SELECT # :a", ("a",)),
]
OF_MYSQL = [
    (r"SELECT '\':a', :b", ("b",)),
    (r'SELECT "\":a", :b', ("b",)),
    ("SELECT `:a`, :b", ("b",)),
    ("SELECT 1 # :a\n, :b", ("b",)),
    ("SELECT 5--:a", ("a",)),
    ("SELECT /* /* :a */ :b", ("b",)),
    ("SELECT $$, :a", ("a",)),
]


@pytest.mark.parametrize(
    ("dialect", "sql", "expected"),
    [(d, *case) for d in BOTH for case in ALL]
    + [(POSTGRES, *case) for case in OF_POSTGRES]
    + [(MYSQL, *case) for case in OF_MYSQL],
)
def test_parameters_are_found_in_code_and_nowhere_else(
    dialect: Dialect, sql: str, expected: tuple[str, ...]
) -> None:
    assert parameters(sql, dialect) == expected


def test_rendering_doubles_every_percent_sign_and_keeps_the_rest() -> None:
    sql = "SELECT '100%', x % 2, :name::text -- 5% :no"
    expected = "SELECT '100%%', x %% 2, %(name)s::text -- 5%% :no"
    assert render_pyformat(sql, POSTGRES) == expected


@pytest.mark.parametrize("dialect", BOTH, ids=lambda dialect: dialect.name)
@given(sql=st.text(alphabet="ab:;'\"`$%/*-#\\ \nE1", max_size=40))
def test_tokens_together_are_the_query_or_it_is_refused(dialect: Dialect, sql: str) -> None:
    try:
        found = list(tokens(sql, dialect))
    except SqlTextError:
        return
    assert "".join(token.text for token in found) == sql


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [(d, s) for d in BOTH for s in ("SELECT 'a", 'SELECT "a', "SELECT /* a")]
    + [(POSTGRES, "SELECT $a$ x"), (POSTGRES, "SELECT /* /* */"), (MYSQL, "SELECT `a")]
    + [(MYSQL, "SELECT /*! SLEEP(1) */ 1"), (MYSQL, "SELECT /*M!100000 1 */")],
)
def test_what_does_not_end_or_hides_code_is_refused(dialect: Dialect, sql: str) -> None:
    with pytest.raises(SqlTextError):
        list(tokens(sql, dialect))


def test_a_single_statement_gives_its_words() -> None:
    sql = "select a, 'drop' /* update */ from t ; -- end"
    assert statement_words(sql, POSTGRES) == ("SELECT", "A", "FROM", "T")


@pytest.mark.parametrize("sql", ["SELECT 1; DELETE FROM t", "", " -- nothing", ";;"])
def test_anything_but_one_statement_is_refused(sql: str) -> None:
    with pytest.raises(SqlTextError):
        statement_words(sql, POSTGRES)


def test_both_engines_are_known() -> None:
    assert set(DIALECTS) == {"postgres", "mysql"}
