"""The strict reader of DER."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.attest import der
from auditor.errors import VerificationError


@given(st.binary(max_size=70_000))
def test_what_is_encoded_is_read_back(content: bytes) -> None:
    element = der.read_element(der.encode(der.OCTET_STRING, content), der.OCTET_STRING)
    assert element.content == content


@pytest.mark.parametrize(
    "data",
    [
        b"\x30",  # no length
        b"\x1f\x81\x00",  # a long tag
        b"\x30\x80\x00\x00",  # indefinite
        b"\x30\x81\x05hello",  # longer than needed
        b"\x30\x82\x00\x80" + b"x" * 128,  # idem
        b"\x30\x84\x00\x00\x00\x01x",  # more octets than are read
        b"\x30\x82\x01",  # length cut off
        b"\x30\x05hell",  # content cut off
        b"\x30\x00\x30\x00",  # two
        b"\x31\x00",  # another
        b"",
    ],
)
def test_what_is_not_one_element_in_its_shortest_form_is_refused(data: bytes) -> None:
    with pytest.raises(VerificationError):
        der.read_element(data, der.SEQUENCE)


def test_the_number_of_elements_is_bounded() -> None:
    assert len(der.read_elements(b"\x05\x00" * der.MAX_ELEMENTS)) == der.MAX_ELEMENTS
    with pytest.raises(VerificationError, match="more than 64"):
        der.read_elements(b"\x05\x00" * (der.MAX_ELEMENTS + 1))


def test_a_child_that_is_not_there_is_refused() -> None:
    element = der.read_element(b"\x30\x02\x05\x00", der.SEQUENCE)
    assert element.child(0).raw == b"\x05\x00"
    with pytest.raises(VerificationError, match="1 elements where there must be 2"):
        element.child(1)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01", "2.16.840.1.101.3.4.2.1"),
        (b"\x06\x03\x2b\x65\x70", "1.3.101.112"),
        (b"\x06\x01\x06", "0.6"),
        (b"\x06\x00", ""),
        (b"\x04\x01\x2a", ""),
    ],
)
def test_object_identifiers_are_read_with_dots(data: bytes, expected: str) -> None:
    assert der.read_elements(data)[0].identifier == expected
