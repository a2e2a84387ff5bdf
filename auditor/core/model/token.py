"""Keyed tokens: of a value only that it equals another stays visible (RFC 2104, HMAC-SHA-256).

Without the key a token says nothing about its value, however few values there could be. The same
key over runs gives the same token; its id stands in the evidence, so that a change of key is not
taken for a change of value.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from auditor.core.model.field_path import Path, holders

KEY_BYTES = 32
PREFIX = "hmac-sha256:"
_VALUE, _ID = b"auditor-token-1\x00", b"auditor-token-key-1\x00"


def token_of(key: bytes, value: str) -> str:
    """`hmac-sha256:<hex>` of a text."""
    return PREFIX + hmac.new(key, _VALUE + value.encode(), hashlib.sha256).hexdigest()


def token_key_id(key: bytes) -> str:
    """What names a key without telling it: 16 hex digits."""
    return hmac.new(key, _ID, hashlib.sha256).hexdigest()[:16]


def tokenise(value: object, paths: Sequence[Path], key: bytes) -> int:
    """Replace the texts of fields by tokens, in place; gives how many."""
    count = 0
    for path in paths:
        for holder, name in holders(value, path):
            if name in holder:
                holder[name], replaced = _replaced(holder[name], key)
                count += replaced
    return count


def _replaced(value: object, key: bytes) -> tuple[object, int]:
    if isinstance(value, (str, int)):
        return token_of(key, str(value)), 1
    if isinstance(value, list):
        pairs = [_replaced(item, key) for item in value]
        return [item for item, _ in pairs], sum(count for _, count in pairs)
    return value, 0  # null; a mapping is no text, and is not kept
