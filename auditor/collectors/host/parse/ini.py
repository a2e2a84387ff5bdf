"""systemd's configuration files (systemd.syntax(7)), drop-ins merged as systemd does."""

from __future__ import annotations

import re
from collections.abc import Iterable

Sections = dict[str, dict[str, list[str]]]
_TRUE = frozenset({"1", "yes", "y", "true", "t", "on"})
_FALSE = frozenset({"0", "no", "n", "false", "f", "off"})


def parse_sections(texts: Iterable[str]) -> Sections:
    """Section, then key, to its values in order; an empty value takes back those before it.

    Args:
        texts: The main file first, then the drop-ins in the order of their names.
    """
    result: Sections = {}
    for text in texts:
        section = ""
        for raw in re.sub(r"\\\n", " ", text).splitlines():
            line = raw.strip()
            if not line or line[0] in "#;":
                continue
            if line.startswith("[") and line.endswith("]"):
                section = line[1:-1]
                continue
            key, equals, value = line.partition("=")
            if not equals:
                continue  # systemd logs such a line and goes on
            values = result.setdefault(section, {}).setdefault(key.strip(), [])
            if value.strip():
                values.append(value.strip())
            else:
                values.clear()
    return result


def last(sections: Sections, section: str, key: str) -> str | None:
    """The value that counts where only one may be; None when there is none."""
    values = sections.get(section, {}).get(key, [])
    return values[-1] if values else None


def is_true(text: str | None, *, default: bool) -> bool:
    """A boolean as systemd reads it; `default` is systemd's own, for a key that is not set.

    Raises:
        ValueError: Neither yes nor no.
    """
    if text is None:
        return default
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError(f"got {text!r}, expected yes or no")
