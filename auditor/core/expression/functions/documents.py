"""Texts that carry structure: base64, JSON, PEM."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping

from auditor.core.expression.functions.strings import typed
from auditor.core.expression.values import (
    MAX_SIZE,
    EvaluationError,
    LimitError,
    Value,
)

_BLOCK = re.compile(
    r"-----BEGIN ([A-Z0-9 ]{1,60})-----([A-Za-z0-9+/=\s]*)-----END \1-----", re.ASCII
)
_BEGIN = "-----BEGIN "


def _decoded(text: str) -> bytes:
    """Base64 of RFC 4648, padding optional."""
    try:
        return base64.b64decode(
            text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True
        )
    except (binascii.Error, ValueError) as error:
        raise EvaluationError("the text is not base64") from error


def _refused(name: str) -> Value:
    raise ValueError(name)


def _unique(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _parsed_json(text: str) -> Value:
    """JSON of RFC 8259; a key that stands twice, NaN and Infinity are refused."""
    if len(text) > MAX_SIZE:
        raise LimitError(f"a JSON text of {len(text)} characters is too long")
    try:
        return json.loads(text, parse_constant=_refused, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise EvaluationError("the text is not JSON") from error


def _parsed_pem(text: str) -> list[Value]:
    """The blocks of a PEM file (RFC 7468): label, SHA-256 of the content in hex, its bytes."""
    blocks = [
        {"label": label, "sha256": hashlib.sha256(der).hexdigest(), "der": der}
        for label, der in ((m[1], _decoded("".join(m[2].split()))) for m in _BLOCK.finditer(text))
    ]
    if not blocks or len(blocks) != text.count(_BEGIN):
        raise EvaluationError("the text is no PEM, or one of its blocks is damaged")
    return blocks


DOCUMENTS: Mapping[str, Callable[..., Value]] = {
    "base64.encode": typed("base64.encode", "bytes", lambda data: base64.b64encode(data).decode()),
    "base64.decode": typed("base64.decode", "string", _decoded),
    "json": typed("json", "string", _parsed_json),
    "pem": typed("pem", "string", _parsed_pem),
}
