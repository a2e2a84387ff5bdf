"""The allow-list: declared fields in their shapes are kept as they are, and nothing else is."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from auditor.core.model.allowed import Cleaning
from auditor.core.model.fields import Record, parse_field_type
from auditor.core.model.token import token_key_id, token_of, tokenise

SPEC = {
    "name": "string",
    "size?": "int",
    "extra?": "any",
    "names?": "list<string>",
    "grid?": "list<list<int>>",
    "tags?": "map<string>",
    "policy?": "map<map<list<string>>>",
    "owner?": {"mail": "string"},
    "rows?": [{"id": "string", "note?": "string"}],
}
TOKEN = "ghp_" + "a1" * 18
KEY = b"k" * 32


def cleaned(data: dict[str, Any], *, look: bool = True) -> tuple[dict[str, Any], Cleaning]:
    fields = parse_field_type(SPEC)
    assert isinstance(fields, Record)
    kept, cleaning = copy.deepcopy(data), Cleaning(look=look)
    cleaning.record(kept, fields)
    return kept, cleaning


GOOD: dict[str, Any] = {
    "name": "a",
    "size": 3,
    "extra": {"any": ["thing", {"at": None}], "n": 1},
    "names": ["a", "b"],
    "grid": [[1], []],
    "tags": {"a": "b"},
    "policy": {"x": {"y": ["z"]}},
    "owner": {"mail": "m"},
    "rows": [{"id": "1", "note": None}, {"id": "2"}],
}


@pytest.mark.parametrize("look", [True, False])
def test_what_is_declared_stays(look: bool) -> None:  # noqa: FBT001 - a parameter of the test
    kept, cleaning = cleaned(GOOD, look=look)
    assert kept == GOOD
    assert (cleaning.undeclared, cleaning.secrets, cleaning.count) == (set(), {}, 0)


@pytest.mark.parametrize("look", [True, False])
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"more": 1}, "more"),
        ({"owner": {"mail": "m", "age": 3}}, "owner.age"),
        ({"rows": [{"id": "1", "pin": "0"}]}, "rows.pin"),
        ({"name": {"first": "a"}}, "name"),
        ({"name": ["a"]}, "name"),
        ({"names": {"a": 1}}, "names"),
        ({"names": ["a", ["b"]]}, "names"),
        ({"names": "a"}, "names"),
        ({"grid": [[1], [{}]]}, "grid"),
        ({"tags": ["a"]}, "tags"),
        ({"tags": {"a": {"b": "c"}}}, "tags"),
        ({"policy": {"x": ["y"]}}, "policy"),
        ({"owner": "a"}, "owner"),
        ({f"use {TOKEN}": 1}, "use [redacted]"),
    ],
)
def test_what_is_not_declared_is_named_and_gone(
    change: dict[str, Any],
    named: str,
    look: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    kept, cleaning = cleaned(GOOD | change, look=look)
    assert cleaning.undeclared == {named}
    assert cleaned(kept, look=look)[1].undeclared == set()
    assert TOKEN not in str(kept)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": TOKEN}, "name"),
        ({"names": ["a", TOKEN]}, "names"),
        ({"tags": {"a": TOKEN}}, "tags"),
        ({"tags": {TOKEN: "a"}}, "tags"),
        ({"tags": {"db_password": "hunter2"}}, "tags"),
        ({"policy": {"x": {"y": [TOKEN]}}}, "policy"),
        ({"owner": {"mail": TOKEN}}, "owner"),
        ({"rows": [{"id": "1", "note": TOKEN}]}, "rows"),
        ({"extra": {"a": [TOKEN]}}, "extra"),
        ({"extra": {TOKEN: 1}}, "extra"),
        ({"extra": TOKEN}, "extra"),
    ],
)
def test_a_secret_is_replaced_wherever_it_stands(change: dict[str, Any], field: str) -> None:
    kept, cleaning = cleaned(GOOD | change)
    assert set(cleaning.secrets) == {field}
    assert cleaning.count == 1
    assert TOKEN not in str(kept)
    assert "hunter2" not in str(kept)
    assert kept.keys() == (GOOD | change).keys()


def test_a_value_that_only_names_a_secret_stays() -> None:
    tags = {"tags": {"db-password": "arn:aws:secretsmanager:x", "token": "true"}}
    assert cleaned(GOOD | tags)[1].count == 0


def test_tokens_stand_for_texts_wherever_they_are() -> None:
    data: dict[str, Any] = {
        "a": "x",
        "b": ["x", "y", None],
        "c": {"k": {"id": "x"}, "l": {}},
        "d": 5,
        "e": {"not": "text"},
    }
    paths = [("a",), ("b",), ("c", "*", "id"), ("d",), ("e",), ("absent",)]
    assert tokenise(data, paths, KEY) == 5
    assert data == {
        "a": token_of(KEY, "x"),
        "b": [token_of(KEY, "x"), token_of(KEY, "y"), None],
        "c": {"k": {"id": token_of(KEY, "x")}, "l": {}},
        "d": token_of(KEY, "5"),
        "e": {"not": "text"},
    }


def test_another_key_gives_another_token_and_another_id() -> None:
    other = b"o" * 32
    assert token_of(KEY, "x") != token_of(other, "x")
    assert token_key_id(KEY) != token_key_id(other)
    assert token_key_id(KEY) not in token_of(KEY, "x")
