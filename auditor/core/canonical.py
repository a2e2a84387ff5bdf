"""Canonical JSON: one sequence of bytes for one value (RFC 8785, JCS).

Verdicts, log entries and evidence are hashed, so equal values must give equal bytes on every
machine. The subset allowed here is the one on which all JSON readers agree: no floating-point
numbers (they travel as decimal strings), integers below 2^53, text that is valid Unicode.
Inside that subset orjson with sorted keys equals RFC 8785, except that orjson sorts keys by code
point and the RFC by UTF-16 code unit; keys from U+D800 on therefore take a slower path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import orjson

from auditor.errors import LedgerError

MAX_INT = 2**53 - 1
MAX_DEPTH = 200  # lists and mappings in one another; orjson stops at 254
_FIRST_DISPUTED = "\ud7ff"  # above it, code points and UTF-16 units sort differently


def canonical(value: object) -> bytes:
    """The canonical bytes of a JSON value.

    Args:
        value: None, bool, int, str, and lists, tuples and string-keyed dicts of them.

    Raises:
        LedgerError: The value holds something that canonical JSON forbids; `.where` is its
            JSON pointer.
    """
    plain_order = _check(value, "", 0)
    if plain_order:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return orjson.dumps(_sorted_by_utf16(value))


def digest(data: bytes) -> str:
    """`sha256:<hex>` of the bytes: the way every digest is written in this program."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def parse_canonical(data: bytes) -> object:
    """The value of canonical bytes; anything that is not byte for byte canonical is refused.

    Raises:
        LedgerError: Not JSON, or JSON written in another way (white space, key order, escapes).
    """
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise LedgerError(f"not JSON: {error}") from error
    if canonical(value) != data:
        raise LedgerError("JSON is not in canonical form: it was changed or re-written")
    return value


def _check(value: object, at: str, depth: int) -> bool:
    """Refuse what canonical JSON forbids; True when code-point order of all keys is safe."""
    if depth > MAX_DEPTH:
        raise LedgerError(f"nested deeper than {MAX_DEPTH} levels", where=at)
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return _check_text(value, at)
    if isinstance(value, int):
        if abs(value) > MAX_INT:
            raise LedgerError(f"integer {value} is beyond 2^53: write it as a string", where=at)
        return True
    if isinstance(value, dict):
        return _check_mapping(value, at, depth)
    # Not subclasses of tuple: the encoder does not know whether they are lists or records.
    if isinstance(value, list) or type(value) is tuple:
        checked = [_check(item, f"{at}/{index}", depth + 1) for index, item in enumerate(value)]
        return all(checked)  # not a generator: every element must be visited
    raise LedgerError(f"{type(value).__name__} has no canonical form: {value!r}", where=at)


def _check_mapping(value: Mapping[object, object], at: str, depth: int) -> bool:
    plain = True
    for key, item in value.items():
        if type(key) is not str:  # an enumeration's member is none to the encoder
            raise LedgerError(f"key {key!r} is not plain text", where=at)
        _check_text(key, at)
        if key and max(key) > _FIRST_DISPUTED:
            plain = False
        step = key.replace("~", "~0").replace("/", "~1")  # RFC 6901
        plain = _check(item, f"{at}/{step}", depth + 1) and plain
    return plain


def _check_text(value: str, at: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise LedgerError(f"text is not valid Unicode: {value!r}", where=at) from error
    return True


def _sorted_by_utf16(value: object) -> object:
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be"))
        return {key: _sorted_by_utf16(item) for key, item in ordered}
    if isinstance(value, (list, tuple)):
        return [_sorted_by_utf16(item) for item in value]
    return value
