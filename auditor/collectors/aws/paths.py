"""JMESPath (jmespath.org), the language of the catalogue's paths, behind two functions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jmespath  # type: ignore[import-untyped] # has no types of its own
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped] # idem

__all__ = ["JMESPathError", "search", "tree"]


@lru_cache(maxsize=1024)  # the paths are those of the catalogue
def _compiled(path: str) -> Any:
    return jmespath.compile(path)


def search(path: str, document: object) -> object:
    """What the path finds, null for nothing.

    Raises:
        JMESPathError: A function of the path does not take what it found.
    """
    found: object = document if path == "@" else _compiled(path).search(document)
    return found


def tree(path: str) -> Mapping[str, object]:
    """The path's syntax tree: nodes of `type`, `children`, `value`.

    Raises:
        JMESPathError: It does not parse.
    """
    parsed: Mapping[str, object] = _compiled(path).parsed
    return parsed
