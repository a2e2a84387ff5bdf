"""Canonical JSON: one sequence of bytes for one value, and nothing else is read back."""

from __future__ import annotations

import hashlib
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from enum import Enum, IntEnum, StrEnum
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.core.canonical import (
    MAX_DEPTH,
    MAX_INT,
    _canonical_carefully,
    canonical,
    digest,
    indented,
    parse_canonical,
)
from auditor.errors import LedgerError
from tests.unit.core.jsonlike import JSON, SCALAR, TEXT

_SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def rfc8785(value: object) -> str:
    """RFC 8785 written down again, for the subset without floating-point numbers."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        escaped = (_SHORT.get(ord(c)) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in value)
        return '"' + "".join(escaped) + '"'
    if isinstance(value, list):
        return "[" + ",".join(rfc8785(item) for item in value) + "]"
    assert isinstance(value, dict)
    # 3.2.3: names are sorted by their UTF-16 code units.
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{rfc8785(name)}:{rfc8785(value[name])}" for name in names) + "}"


@given(JSON)
def test_law_what_is_written_is_read_back(value: object) -> None:
    assert parse_canonical(canonical(value)) == value


@given(JSON)
def test_law_the_bytes_are_those_of_rfc_8785(value: object) -> None:
    assert canonical(value) == rfc8785(value).encode("utf-8")


@given(st.dictionaries(st.text("a\ud7ff\ue000\ufb33\U0001f600\U0010ffff", max_size=3), st.none()))
def test_law_keys_beyond_the_surrogates_are_sorted_by_utf16(value: dict[str, None]) -> None:
    assert canonical([value]) == rfc8785([value]).encode("utf-8")


@given(JSON)
def test_law_order_of_insertion_and_tuples_change_nothing(value: object) -> None:
    assert canonical(turned_round(value)) == canonical(value)


def turned_round(value: object) -> object:
    if isinstance(value, dict):
        return {key: turned_round(value[key]) for key in reversed(list(value))}
    return tuple(map(turned_round, value)) if isinstance(value, list) else value


def test_the_sample_of_rfc_8785_section_3_2_3_is_sorted_as_there() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    made = canonical({key: index for index, key in enumerate(keys)}).decode("utf-8")
    order = ["\\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert [made.index(f'"{key}"') for key in order] == sorted(
        made.index(f'"{key}"') for key in order
    )


class Colour(StrEnum):
    RED = "red"


Pair = namedtuple("Pair", ["a", "b"])  # noqa: PYI024 - the untyped kind is what must be refused


@pytest.mark.parametrize(
    ("value", "where", "message"),
    [
        (1.0, "", "float has no canonical form"),
        (b"x", "", "bytes has no canonical form"),
        ({"a": [0, {1, 2}]}, "/a/1", "set has no canonical form"),
        ({"a/b": {"c~d": 1.5}}, "/a~1b/c~0d", "float has no canonical form"),
        ([Pair(1, 2)], "/0", "Pair has no canonical form"),
        ({"n": MAX_INT + 1}, "/n", "beyond 2^53"),
        ([-MAX_INT - 1], "/0", "beyond 2^53"),
        ({1: "x"}, "", "key 1 is not plain text"),
        ({"a": {Colour.RED: 1}}, "/a", "is not plain text"),
        (["\ud800"], "/0", "not valid Unicode"),
        ({"\udfff": 1}, "", "not valid Unicode"),
    ],
)
def test_what_readers_disagree_on_is_refused_with_its_json_pointer(
    value: object, where: str, message: str
) -> None:
    with pytest.raises(LedgerError) as caught:
        canonical(value)
    assert caught.value.where == where
    assert message in caught.value.message


class Small(IntEnum):
    ONE = 1


class Plain(Enum):
    ONE = "one"


class Words(list[object]):
    pass


class Table(dict[str, object]):
    pass


@dataclass
class Record:
    number: int


# What orjson would write, what it refuses, and what is right, in one another.
ANYTHING = st.recursive(
    SCALAR
    | st.floats()
    | st.integers(MAX_INT - 1, MAX_INT + 2)
    | st.integers(-MAX_INT - 2, -MAX_INT + 1)
    | st.text(max_size=3)
    | st.sampled_from(
        [Colour.RED, Small.ONE, Plain.ONE, Record(1), Pair(1, 2), b"x", UUID(int=1), {1}, object]
    )
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=2).map(tuple)
        | st.lists(inner, max_size=2).map(Words)
        | st.dictionaries(
            TEXT | st.sampled_from([Colour.RED, 1, None, "\ufb33", "\U0001f600", "\ud800"]),
            inner,
            max_size=3,
        )
        | st.dictionaries(TEXT, inner, max_size=2).map(Table)
    ),
    max_leaves=8,
)


def answer(write: Callable[[object], bytes], value: object) -> object:
    """The bytes, or what is wrong and where."""
    try:
        return write(value)
    except LedgerError as error:
        return error.message, error.where


@settings(max_examples=1000)
@given(ANYTHING)
def test_law_the_fast_way_and_the_careful_way_answer_alike(value: object) -> None:
    assert answer(canonical, value) == answer(_canonical_carefully, value)


def test_what_contains_itself_is_refused_at_once() -> None:
    value: list[object] = []
    value += [value, value]  # level by level, that would double two hundred times
    with pytest.raises(LedgerError, match="nested deeper"):
        canonical(value)


def nested(levels: int) -> object:
    value: object = "leaf"
    for level in range(levels):
        value = [value] if level % 2 else {"k": value}
    return value


def test_nesting_is_bounded_and_never_exhausts_the_stack() -> None:
    assert parse_canonical(canonical(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(LedgerError, match="nested deeper"):
        canonical(nested(MAX_DEPTH + 1))
    with pytest.raises(LedgerError, match="nested deeper"):
        parse_canonical(b"[" * 1000 + b"]" * 1000)
    with pytest.raises(LedgerError, match="not JSON"):
        parse_canonical(b"[" * 100_000)


def test_every_bad_element_is_seen_also_after_a_key_that_needs_the_slow_path() -> None:
    with pytest.raises(LedgerError):
        canonical([{"\ufb33": 1}, 1.5])
    assert canonical([{"\ufb33": 1, "\U0001f600": 2}, {"b": 1, "a": [(2,)]}]) == (
        '[{"\U0001f600":2,"\ufb33":1},{"a":[[2]],"b":1}]'.encode()
    )


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b"[1 ]",
        b"[1]\n",
        b'"\\u0041"',
        b'"\\/"',
        b"-0",
        b"1.0",
        b"1e2",
        b"9007199254740993",
        b"18446744073709551617",
    ],
)
def test_json_written_in_another_way_is_refused(data: bytes) -> None:
    with pytest.raises(LedgerError):
        parse_canonical(data)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"nul", b"'a'", b'"\\ud800"', b'"\xff"', b"NaN", b"1 2"]
)
def test_what_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(LedgerError, match="not JSON"):
        parse_canonical(data)


@given(JSON, st.integers(0, 2**16))
def test_law_a_changed_byte_is_refused_or_another_value(value: object, at: int) -> None:
    data = bytearray(canonical(value))
    data[at % len(data)] ^= 1 << (at % 7)
    try:
        assert parse_canonical(bytes(data)) != value
    except LedgerError as error:
        assert error.message  # noqa: PT017 - both answers are right


def test_a_digest_names_its_algorithm() -> None:
    assert digest(b"abc") == "sha256:" + hashlib.sha256(b"abc").hexdigest()


@given(JSON)
def test_law_the_form_for_people_says_the_same_in_the_same_order(value: object) -> None:
    people = indented(value)
    assert people.endswith(b"\n")
    assert orjson.dumps(orjson.loads(people)) == canonical(value)  # which keep the order they find


def test_the_form_for_people_refuses_what_canonical_json_refuses() -> None:
    with pytest.raises(LedgerError, match="no canonical form"):
        indented({"a": 1.5})
