"""Collected text made safe to look at.

A bucket's name may hold an ANSI sequence that clears the screen, or a direction override that
makes `exe.txt` look like `txt.exe` (CVE-2021-42574). What has no shape of its own is written as an
escape, so that the reader sees that it is there. Escaping for a markup language is the format's
own matter; this comes first.
"""

from __future__ import annotations

import unicodedata

_SHAPELESS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    r"""The text with each control, format and direction character as an escape: `\u{202e}`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _SHAPELESS:
        return character
    return _NAMED.get(character, f"\\u{{{ord(character):x}}}")
