"""`matches` and the `regex` extension, by RE2: time linear in the text whatever the pattern.

Python's `re` backtracks and a pattern can make it run for years; it is never used for a pattern
that comes from an expression or a document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]  # no stubs are published

from auditor.core.expression.functions.strings import typed
from auditor.core.expression.values import (
    ABSENT,
    EvaluationError,
    LimitError,
    Optional,
    Value,
    checked_size,
)

MAX_PATTERN = 10_000  # characters
MAX_TEXT = 4 * 1024 * 1024
_MEMORY = 8 * 1024 * 1024
_CACHED = 256


@lru_cache(maxsize=_CACHED)
def compiled(pattern: str) -> Any:
    """The pattern, compiled once.

    Raises:
        EvaluationError: It is no pattern of RE2, or needs too much memory.
    """
    if len(pattern) > MAX_PATTERN:
        raise LimitError(f"a pattern of {len(pattern)} characters is more than {MAX_PATTERN}")
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise EvaluationError(f"bad regular expression: {_sentence(error)}") from error


def _sentence(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)


def _bounded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise LimitError(f"a text of {len(text)} characters is too long for a pattern")
    return text


def matches(text: str, pattern: str) -> bool:
    """True when the pattern matches anywhere in the text."""
    return compiled(pattern).search(_bounded(text)) is not None


def _replace(text: str, pattern: str, replacement: str, limit: int = -1) -> str:
    if limit == 0:
        return text
    made: list[str] = []
    position = done = 0
    for match in compiled(pattern).finditer(_bounded(text)):
        if 0 <= limit <= done:
            break
        made += [text[position : match.start()], _expanded(replacement, match)]
        position, done = match.end(), done + 1
    result = "".join([*made, text[position:]])
    checked_size(len(result))
    return result


def _expanded(replacement: str, match: Any) -> str:
    """The replacement with `\\1` for groups and `\\\\` for a backslash."""
    parts = iter(replacement)
    made = ""
    for char in parts:
        if char != "\\":
            made += char
            continue
        escaped = next(parts, "")
        if escaped == "\\":
            made += escaped
        elif escaped.isdecimal() and int(escaped) <= len(match.groups()):
            made += match.group(int(escaped)) or ""
        else:
            raise EvaluationError(f"`\\{escaped}` in the replacement is no group of the pattern")
    return made


def _single_group(pattern: str) -> Any:
    made = compiled(pattern)
    if made.groups > 1:
        raise EvaluationError(f"the pattern has {made.groups} groups, expected one at most")
    return made


def _extracted(match: Any, groups: int) -> str | None:
    return match.group(groups)  # type: ignore[no-any-return]  # RE2's binding has no types


def _extract(text: str, pattern: str) -> Optional:
    made = _single_group(pattern)
    match = made.search(_bounded(text))
    found = None if match is None else _extracted(match, made.groups)
    return ABSENT if found is None else Optional(found, present=True)


def _extract_all(text: str, pattern: str) -> list[str]:
    made = _single_group(pattern)
    found = (_extracted(match, made.groups) for match in made.finditer(_bounded(text)))
    return [part for part in found if part is not None]


PATTERNS: Mapping[str, Callable[..., Value]] = {
    "matches": typed("matches", "string string", matches),
    "regex.replace": typed("regex.replace", "string string string int", _replace),
    "regex.extract": typed("regex.extract", "string string", _extract),
    "regex.extractAll": typed("regex.extractAll", "string string", _extract_all),
}
