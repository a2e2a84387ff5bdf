"""Strict base64 and JSON: one value, one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import LedgerError
from auditor.ledger.encoding import decode_base64, encode_base64, parse_object


@given(st.binary(max_size=100))
def test_base64_reads_back(data: bytes) -> None:
    assert decode_base64(encode_base64(data)) == data


@pytest.mark.parametrize("text", ["AAB=", "AB==", "AA", "AA=", "A A=", "AAAA\n", "-_-_", "\u00e9"])
def test_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(LedgerError, match="base64"):
        decode_base64(text)


def test_an_object_reads_back() -> None:
    assert parse_object(b'{"a":1,"b":[]}') == {"a": 1, "b": []}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": 1}', "canonical"),
        (b'{"b":1,"a":1}', "canonical"),
        (b'{"a":1,"a":1}', "canonical"),
        (b"[]", "expected an object"),
        (b"{", "not JSON"),
        (b'{"a":1.5}', "no canonical form"),
        (b'{"a":"\xff"}', "not JSON"),
        (b'{"a":"%s"}' % (b"x" * 100), "at most 100"),
    ],
)
def test_what_is_no_canonical_object_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(LedgerError, match=message):
        parse_object(data, limit=100)


@pytest.mark.parametrize("depth", [600, 1000, 100_000])
def test_deep_nesting_is_refused_and_no_crash(depth: int) -> None:
    with pytest.raises(LedgerError, match=r"deep|not JSON"):
        parse_object(b'{"a":' + b"[" * depth + b"]" * depth + b"}")
