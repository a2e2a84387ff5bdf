"""What a query of a control may say is told from its text alone, strings left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.sql_text import DIALECTS, Dialect, placeholders, refusal, words


@pytest.mark.parametrize(
    ("dialect", "text", "names"),
    [
        (
            "postgres",
            "SELECT a::int, ':x', $$ :y $$, $a$ :z $a$, \":q\", :w /* :n /* */ :m */",
            ("w",),
        ),
        ("postgres", "SELECT :a WHERE b = :b AND c = :a -- :c", ("a", "b")),
        ("postgres", "SELECT E'\\':no' || :yes", ("yes",)),
        ("mysql", "SELECT `:q`, \"it\\\"s :x\", '\\':y', :w # :p", ("w",)),
        ("mysql", "SELECT DATE_FORMAT(at, '%Y-%m-%dT%H:%i:%sZ') WHERE at < :since", ("since",)),
    ],
)
def test_placeholders_are_found_outside_of_strings_and_comments(
    dialect: Dialect, text: str, names: tuple[str, ...]
) -> None:
    assert placeholders(text, dialect) == names


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected SELECT or WITH"),
        ("-- only a comment", "expected SELECT or WITH"),
        ("EXPLAIN SELECT 1", "expected SELECT or WITH"),
        ("DELETE FROM t", "expected SELECT or WITH"),
        ("SELECT 1; SELECT 2", "has a `;`"),
        ("SELECT 1;", "has a `;`"),
        ("WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x", "says `delete`"),
        ("SELECT a INTO b FROM t", "says `into`"),
        ("SELECT a FROM t INTO OUTFILE 'x'", "says `into`"),
        ("SELECT a FROM t FOR UPDATE", "says `update`"),
        ("SELECT pg_sleep(1)", "calls `pg_sleep`"),
        ("SELECT SLEEP (1)", "calls `sleep`"),
        ("SELECT nextval('s')", "calls `nextval`"),
        ("SELECT 'a", "does not end"),
    ],
)
def test_what_does_more_than_read_is_refused(dialect: Dialect, text: str, said: str) -> None:
    assert said in refusal(text, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "text",
    [
        "SELECT replace(a, 'x', 'delete from t; drop table t') FROM t",
        "select a from t -- ; drop table t",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x /* into */",
        "SELECT sleep FROM t",
    ],
)
def test_reading_is_let_through(dialect: Dialect, text: str) -> None:
    assert refusal(text, dialect) == ""


def test_a_quoted_name_is_no_keyword() -> None:
    assert refusal('SELECT "update" FROM t', "postgres") == ""
    assert refusal("SELECT `update` FROM t", "mysql") == ""
    assert "`update`" in refusal("SELECT update FROM t", "postgres")


def test_code_that_mysql_executes_in_comments_is_refused() -> None:
    assert "hides in a comment" in refusal("SELECT 1 /*!50000 INTO OUTFILE 'x' */", "mysql")
    assert "hides in a comment" in refusal("SELECT 1 /*M!50000 INTO OUTFILE 'x' */", "mysql")


@given(st.text(max_size=60), st.sampled_from(DIALECTS))
def test_any_text_gets_an_answer(text: str, dialect: Dialect) -> None:
    answer = refusal(f"SELECT {text}", dialect)
    if not answer:
        assert words(f"SELECT {text}", dialect)[0] == "select"
