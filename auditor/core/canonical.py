"""Canonical JSON: one sequence of bytes for one value (RFC 8785, JCS).

Verdicts, log entries and evidence are hashed, so equal values must give equal bytes on every
machine. The subset allowed here is the one on which all JSON readers agree: no floating-point
numbers (they travel as decimal strings), integers below 2^53, text that is valid Unicode.
Inside that subset orjson with sorted keys equals RFC 8785, except that orjson sorts keys by code
point and the RFC by UTF-16 code unit; keys from U+D800 on therefore take a slower path.

There are two ways to the same bytes. The careful one visits every value in Python, says what is
wrong and where, and sorts by UTF-16. The fast one lets orjson refuse what it refuses (keys that are
no text, half surrogates, integers from 2^53, cycles), looks at types level by level, and hands over
to the careful one whenever it is not sure. It never decides that something is wrong.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

import orjson

from auditor.errors import LedgerError

MAX_INT = 2**53 - 1
MAX_DEPTH = 200  # lists and mappings in one another; orjson stops at 254
_FIRST_DISPUTED = "\ud7ff"  # above it, code points and UTF-16 units sort differently
_DISPUTED = re.compile(rb"[\xee-\xf4]")  # lead bytes, in UTF-8, of the characters above it
_SCALARS = frozenset({type(None), bool, int, str})
_PLAIN = _SCALARS | {dict, list, tuple}
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_FOR_PEOPLE = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def canonical(value: object) -> bytes:
    """The canonical bytes of a JSON value.

    Args:
        value: None, bool, int, str, and lists, tuples and string-keyed dicts of them.

    Raises:
        LedgerError: The value holds something that canonical JSON forbids; `.where` is its
            JSON pointer.
    """
    try:
        data = orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError:
        return _canonical_carefully(value)  # knows what is wrong, and where
    if keys_are_undisputed(data) and is_plain(value):
        return data
    return _canonical_carefully(value)


def indented(value: object) -> bytes:
    """The same value for people: in the same order, two spaces to a level, a final line feed.

    Raises:
        LedgerError: As `canonical`.
    """
    try:
        data = orjson.dumps(value, option=_OPTIONS | _FOR_PEOPLE)
    except orjson.JSONEncodeError:
        data = b""
    if data and keys_are_undisputed(data) and is_plain(value):
        return data
    return orjson.dumps(orjson.loads(_canonical_carefully(value)), option=_FOR_PEOPLE)


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


def is_plain(value: object) -> bool:
    """True when a value is made of nothing but the types that canonical JSON knows.

    Says nothing of the size of integers, of keys, or whether text is valid Unicode. The value must
    be one that orjson has written: it stops at cycles.
    """
    level: Sequence[object] = (value,)
    for _depth in range(MAX_DEPTH + 1):
        kinds = set(map(type, level))
        if not kinds <= _PLAIN:
            return False
        if kinds <= _SCALARS:
            return True
        level = _inner(level)
    return False


def keys_are_undisputed(data: bytes) -> bool:
    """True when, in JSON in UTF-8, code points and UTF-16 units sort all keys alike.

    False also where only other text than keys has characters above U+D7FF.
    """
    return data.isascii() or _DISPUTED.search(data) is None


def _inner(level: Sequence[object]) -> list[object]:
    """The elements of all the lists and mappings of one level."""
    inner: list[object] = []
    take = inner.extend
    for item in level:
        kind = type(item)
        if kind is dict:
            take(item.values())  # type: ignore[attr-defined] # mypy does not narrow by `type`
        elif kind is list or kind is tuple:
            take(item)  # type: ignore[arg-type] # the same
    return inner


def _canonical_carefully(value: object) -> bytes:
    if _check(value, "", 0):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return orjson.dumps(_sorted_by_utf16(value))


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
