"""Salted disclosures: what is hidden comes back the same, and nothing else is believed."""

from __future__ import annotations

import copy
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.canonical import canonical
from auditor.core.model.disclosure import (
    SD,
    Book,
    Disclosure,
    conceal,
    disclosure_bytes,
    has_reserved_name,
    parse_disclosures,
    restore,
)
from auditor.errors import VerificationError

PATHS = (("mail",), ("contact", "phone"), ("rows", "note"), ("tags", "*"), ("policy", "*", "ip"))
TEXTS = st.text(max_size=8).filter(lambda text: text not in ("_sd", "...", "_sd_alg"))
JSON = st.recursive(st.none() | st.booleans() | st.integers(0, 9) | TEXTS, st.lists, max_leaves=4)
DATA = st.fixed_dictionaries(
    {"name": TEXTS},
    optional={
        "mail": JSON,
        "contact": st.fixed_dictionaries({"city": TEXTS}, optional={"phone": JSON}),
        "rows": st.lists(st.fixed_dictionaries({"n": TEXTS}, optional={"note": JSON}), max_size=3),
        "tags": st.dictionaries(TEXTS, JSON, max_size=3),
        "policy": st.dictionaries(
            TEXTS, st.fixed_dictionaries({}, optional={"ip": JSON, "port": JSON}), max_size=2
        ),
    },
)


def counting() -> Callable[[], bytes]:
    """Salts that differ, and are the same in each test."""
    numbers = iter(range(1_000_000))
    return lambda: next(numbers).to_bytes(16, "big")


def concealed(data: dict[str, Any]) -> tuple[dict[str, Any], list[Disclosure]]:
    document = copy.deepcopy(data)
    made, _found = conceal(document, PATHS, counting())
    return document, made


def one() -> tuple[dict[str, Any], list[Disclosure]]:
    return concealed({"name": "a", "mail": "a@example.org", "contact": {"city": "x", "phone": "1"}})


@given(DATA)
def test_what_is_concealed_comes_back_byte_for_byte(data: dict[str, Any]) -> None:
    document, made = concealed(data)
    book = Book.of(parse_disclosures(disclosure_bytes(made)))
    _disclosed, hidden = restore(document, PATHS, book)
    assert canonical(document) == canonical(data)
    assert not hidden
    assert not book.unused


@given(DATA)
def test_no_concealed_value_is_left_in_the_document(data: dict[str, Any]) -> None:
    document, _made = concealed({**data, "mail": "someone@example.org", "name": "x"})
    assert b"someone@example.org" not in canonical(document)
    assert document[SD] == sorted(document[SD])


@given(DATA, st.data())
def test_any_part_of_the_disclosures_gives_that_part(data: dict[str, Any], draw: Any) -> None:
    document, made = concealed(data)
    shown = draw.draw(st.lists(st.sampled_from(made), unique_by=id)) if made else []
    _disclosed, hidden = restore(document, PATHS, Book.of(shown))
    assert not has_reserved_name(canonical(document))
    assert bool(hidden) == (len(shown) < len(made))


def test_a_digest_is_the_one_of_the_standard() -> None:
    # RFC 9901, 4.2.3: the digest of the RFC's own example disclosure.
    text = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert Disclosure(text, "family_name", "Möbius").digest == (
        "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
    )


def test_a_disclosure_is_base64url_of_salt_name_and_value() -> None:
    made = Disclosure.make(b"0123456789abcdef", "mail", ["x"])
    assert urlsafe_b64decode(made.text + "==") == b'["MDEyMzQ1Njc4OWFiY2RlZg","mail",["x"]]'
    expected = urlsafe_b64encode(hashlib.sha256(made.text.encode()).digest()).rstrip(b"=")
    assert made.digest == expected.decode()


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(ValueError, match="15 bytes"):
        Disclosure.make(b"x" * 15, "mail", 1)


def test_a_changed_disclosure_belongs_to_no_digest() -> None:
    document, made = one()
    forged = Disclosure.make(b"\xff" * 16, "mail", "b@example.org")
    book = Book.of([forged, *made[1:]])
    restore(document, PATHS, book)
    assert list(book.unused.values()) == [forged]
    assert "mail" not in document


def test_two_values_of_one_field_are_refused() -> None:
    document, made = one()
    second = Disclosure.make(b"\xff" * 16, "mail", "b@example.org")
    document[SD] = sorted([*document[SD], second.digest])
    with pytest.raises(VerificationError, match="`mail` is disclosed twice"):
        restore(document, PATHS, Book.of([*made, second]))


def test_a_field_that_is_there_is_not_disclosed_over() -> None:
    document, made = one()
    document["mail"] = "c@example.org"
    with pytest.raises(VerificationError, match="twice"):
        restore(document, PATHS, Book.of(made))


def test_a_field_that_may_not_be_hidden_is_refused() -> None:
    document, made = one()
    other = Disclosure.make(b"\xff" * 16, "name", "b")
    document[SD] = sorted([*document[SD], other.digest])
    del document["name"]
    with pytest.raises(VerificationError, match="`name` is disclosed, and may not be hidden"):
        restore(document, PATHS, Book.of([*made, other]))


def test_more_hidden_values_than_fields_are_refused() -> None:
    document, _made = one()
    paths = [path for path in PATHS if path != ("tags", "*")]
    document[SD] = sorted([*document[SD], "A" * 43])
    with pytest.raises(VerificationError, match="2 values are hidden, and 1 may be"):
        restore(document, paths, Book.of([]))


@pytest.mark.parametrize("digests", ["x", [], [1], ["b", "a"], ["a", "a"]])
def test_digests_that_are_no_sorted_list_are_refused(digests: object) -> None:
    with pytest.raises(VerificationError, match="sorted list"):
        restore({SD: digests}, PATHS, Book.of([]))


def _text(document: bytes) -> str:
    return urlsafe_b64encode(document).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "line",
    [
        "not base64!",
        _text(b'["salt", "mail", 1]'),  # white space
        _text(b'["salt","mail"]'),
        _text(b'[1,"mail",1]'),
        _text(b'["salt",2,1]'),
        _text(b'{"a":1}'),
        _text(b"\xff"),
        _text(b'["salt","mail",1]') + "=",
    ],
)
def test_what_is_no_disclosure_is_refused(line: str) -> None:
    with pytest.raises(VerificationError):
        parse_disclosures(f"{line}\n".encode())


def test_a_file_of_disclosures_is_read_strictly() -> None:
    data = disclosure_bytes(one()[1])
    assert parse_disclosures(b"") == ()
    for wrong in (data[:-1], data + data, b"\xff\n", data + b"\n"):
        with pytest.raises(VerificationError):
            parse_disclosures(wrong)


def test_reserved_names_are_seen_as_keys_only() -> None:
    assert has_reserved_name(canonical({"a": [{"_sd": 1}]}))
    assert has_reserved_name(canonical({"...": 1}))
    assert not has_reserved_name(canonical({"a": "_sd", "b": ['"_sd":'], "_sdx": 1}))
