"""Patterns of IAM: `*` is any number of characters, `?` exactly one; nothing else is special."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_WILDCARDS = {"*": ".*", "?": "."}


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern covers the text, as it is written."""
    return _compiled(pattern).fullmatch(text) is not None


def any_matches(patterns: Iterable[str], text: str) -> bool:
    """Whether some pattern covers the text."""
    return any(matches(pattern, text) for pattern in patterns)


@lru_cache(maxsize=4096)  # the same policies hang on many holders
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*+|\?)", pattern)
    text = "".join(_WILDCARDS.get(part[:1], re.escape(part)) for part in parts)
    return re.compile(text, re.DOTALL)
