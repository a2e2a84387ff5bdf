"""Patterns of IAM: `*` is any number of characters, `?` exactly one; nothing else is special."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_WILDCARDS = {"*": ".*", "?": "."}


def any_matches(patterns: Iterable[str], text: str) -> bool:
    """Whether some pattern covers the text, as it is written."""
    return _compiled(tuple(patterns)).fullmatch(text) is not None


@lru_cache(maxsize=8192)  # the same policies hang on many holders
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """All of them as one; none matches nothing."""
    return re.compile("|".join(map(_regex, patterns)) or r"(?!)", re.DOTALL)


def _regex(pattern: str) -> str:
    parts = re.split(r"(\*+|\?)", pattern)
    return "".join(_WILDCARDS.get(part[:1], re.escape(part)) for part in parts)
