"""The `strings` extension: positions count code points, only ASCII has case, no locale."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.core.expression.values import (
    EvaluationError,
    Value,
    checked_size,
    kind,
    no_overload,
)

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
# White space as Unicode defines it; Python's strip() also takes U+001C..U+001F.
_SPACE = (
    "".join(map(chr, (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B))))
    + "\u2028\u2029\u202f\u205f\u3000"
)
_QUOTED = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def typed(name: str, kinds: str, function: Callable[..., Value]) -> Callable[..., Value]:
    """The function with a check of its arguments.

    Args:
        kinds: One kind per argument, separated by spaces, as `string int`; trailing arguments may
            be left out where the function has defaults.
    """
    wanted = kinds.split()

    def checked(*arguments: Value) -> Value:
        if len(arguments) > len(wanted):
            raise no_overload(name, *arguments)
        for expected, argument in zip(wanted, arguments, strict=False):
            if expected not in ("any", kind(argument)):
                raise no_overload(name, *arguments)
        return function(*arguments)

    return checked


def _within(text: str, *positions: int) -> None:
    for position in positions:
        if not 0 <= position <= len(text):
            raise EvaluationError(f"position {position} is outside a text of {len(text)}")


def _char_at(text: str, position: int) -> str:
    _within(text, position)
    return text[position : position + 1]


def _index_of(text: str, part: str, start: int = 0) -> int:
    _within(text, start)
    return text.find(part, start)


def _last_index_of(text: str, part: str, last: int | None = None) -> int:
    if last is None:
        return text.rfind(part)
    _within(text, last)
    return text.rfind(part, 0, last + len(part))


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    _within(text, start, stop)
    if start > stop:
        raise EvaluationError(f"substring from {start} to {stop}")
    return text[start:stop]


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    checked_size(len(text) + (text.count(old) if limit < 0 else limit) * len(new))
    return text.replace(old, new, limit)


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if separator:
        return text.split(separator, limit - 1 if limit > 0 else -1)
    if 0 < limit < len(text):
        return [*text[: limit - 1], text[limit - 1 :]]
    return list(text)


def _join(parts: Value, separator: str = "") -> str:
    if any(kind(part) != "string" for part in parts):
        raise no_overload("join", parts)
    checked_size(sum(map(len, parts)) + len(parts) * len(separator))
    return separator.join(parts)


def _quote(text: str) -> str:
    return '"' + "".join(_QUOTED.get(char, char) for char in text) + '"'


STRINGS: Mapping[str, Callable[..., Value]] = {
    "contains": typed("contains", "string string", lambda text, part: part in text),
    "startsWith": typed("startsWith", "string string", lambda text, part: text.startswith(part)),
    "endsWith": typed("endsWith", "string string", lambda text, part: text.endswith(part)),
    "charAt": typed("charAt", "string int", _char_at),
    "indexOf": typed("indexOf", "string string int", _index_of),
    "lastIndexOf": typed("lastIndexOf", "string string int", _last_index_of),
    "substring": typed("substring", "string int int", _substring),
    "lowerAscii": typed("lowerAscii", "string", lambda text: text.translate(_LOWER)),
    "upperAscii": typed("upperAscii", "string", lambda text: text.translate(_UPPER)),
    "trim": typed("trim", "string", lambda text: text.strip(_SPACE)),
    "replace": typed("replace", "string string string int", _replace),
    "split": typed("split", "string string int", _split),
    "join": typed("join", "list string", _join),
    "strings.quote": typed("strings.quote", "string", _quote),
}
