"""Strict readers for texts that are signed or hashed: one value has one spelling.

A base64 text with slack bits, or JSON with other white space, decodes to the same value as the
original; whoever accepts it cannot say that the stored bytes are unchanged. These readers refuse
it, so that every flipped bit is a difference. Standards: RFC 4648 section 4, RFC 8785.
"""

from __future__ import annotations

import base64
import binascii

from auditor.core.canonical import parse_canonical
from auditor.errors import LedgerError

MAX_DOCUMENT = 64 * 1024 * 1024
"""Largest JSON document that is parsed at once, in bytes."""


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """The bytes of standard base64.

    Raises:
        LedgerError: Not base64, or not the one spelling of these bytes.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise LedgerError(f"not base64: {text[:60]!r}") from error
    if encode_base64(data) != text:
        raise LedgerError(f"base64 is not in its canonical form: {text[:60]!r}")
    return data


def parse_object(data: bytes, *, limit: int = MAX_DOCUMENT) -> dict[str, object]:
    """The JSON object of canonical bytes, safe on hostile input.

    Args:
        data: The whole document.
        limit: Refuse more bytes than this.

    Raises:
        LedgerError: Too long, nested too deep, not canonical JSON, or not an object.
    """
    if len(data) > limit:
        raise LedgerError(f"document of {len(data)} bytes, expected at most {limit}")
    try:
        value = parse_canonical(data)
    except RecursionError as error:
        raise LedgerError("JSON is nested too deep") from error
    if not isinstance(value, dict):
        raise LedgerError(f"got JSON of type {type(value).__name__}, expected an object")
    return value
