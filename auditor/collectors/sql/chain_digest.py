"""The digest of a row of an audit table, as its chain is declared."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from json import loads
from typing import Any

from auditor.collectors.sql.audit_table import Chain, ChainColumn, Concatenation, Encoding
from auditor.collectors.sql.values import text_of
from auditor.core.canonical import canonical
from auditor.errors import LedgerError

FIXED = 4
"""Values before the hashed columns in each row: order, sequence, previous, digest."""

Value = bytes | None
ChainRow = Sequence[Value]
_TRUE, _FALSE = frozenset({b"true", b"t", b"1"}), frozenset({b"false", b"f", b"0"})
_ENCODERS: dict[Encoding, Callable[[Any], bytes]] = {
    "hex": lambda state: state.hexdigest().encode(),
    "hex_upper": lambda state: state.hexdigest().upper().encode(),
    "base64": lambda state: base64.b64encode(state.digest()),
    "bytes": lambda state: state.digest(),
}


def digester(spec: Chain) -> Callable[[ChainRow], bytes]:
    """The function from a row to its digest, in the form in which the table stores it.

    The function raises ValueError where a value has no canonical form; the message names the row.
    """
    body = _concatenation(spec.canonical) if isinstance(spec.canonical, Concatenation) else None
    content = body or _json_object(spec.columns)
    encode, new = _ENCODERS[spec.encoding], getattr(hashlib, spec.algorithm)

    def digest_of(row: ChainRow) -> bytes:
        return encode(new(content(row)))

    return digest_of


def shown(value: Value, encoding: Encoding = "hex") -> str | None:
    """A value for people: its text, or hex where it is stored as bytes."""
    if value is None:
        return None
    return value.hex() if encoding == "bytes" else text_of(value)


def _concatenation(spec: Concatenation) -> Callable[[ChainRow], bytes]:
    separator, null = spec.separator.encode(), spec.null.encode()

    def content(row: ChainRow) -> bytes:
        try:
            return separator.join(row[FIXED:])  # type: ignore[arg-type]  # None: see below
        except TypeError:
            return separator.join(null if value is None else value for value in row[FIXED:])

    return content


def _json_object(columns: Sequence[ChainColumn]) -> Callable[[ChainRow], bytes]:
    kinds = [(column.name, _JSON[column.json_]) for column in columns]

    def content(row: ChainRow) -> bytes:
        values = zip(kinds, row[FIXED:], strict=True)
        try:
            return canonical(
                {
                    name: None if value is None else convert(value)
                    for (name, convert), value in values
                }
            )
        except (ValueError, LedgerError) as error:
            raise ValueError(f"row {shown(row[0])} has no canonical JSON: {error}") from error

    return content


def ambiguity(spec: Chain) -> Callable[[ChainRow], bool]:
    """Tells of a row whether its digest would stay with text moved from one column to the next.

    So it is where values are joined by nothing, and where a value before the last one holds what
    they are joined by. Canonical JSON keeps values apart.
    """
    if not isinstance(spec.canonical, Concatenation) or len(spec.columns) == 1:
        return lambda _row: False
    separator = spec.canonical.separator.encode()
    return lambda row: any(value is not None and separator in value for value in row[FIXED:-1])


def _bool(value: bytes) -> bool:
    if value not in _TRUE | _FALSE:
        raise ValueError(f"{value!r} is no boolean")
    return value in _TRUE


_JSON: dict[str, Callable[[bytes], object]] = {
    "string": lambda value: value.decode("utf-8"),
    "number": int,
    "bool": _bool,
    "json": loads,
}
