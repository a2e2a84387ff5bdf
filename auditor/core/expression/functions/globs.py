"""Patterns with `*` and `?`, as IAM writes them, in time linear in text times pattern."""

from __future__ import annotations


def glob_matches(pattern: str, text: str) -> bool:
    """True when the whole text matches; `*` is any run of characters, `?` any one."""
    position = at = 0
    star, resume = -1, 0
    while at < len(text):
        if position < len(pattern) and pattern[position] == "*":
            star, resume = position, at
            position += 1
        elif position < len(pattern) and pattern[position] in {"?", text[at]}:
            position, at = position + 1, at + 1
        elif star >= 0:  # let the last star take one character more
            resume += 1
            position, at = star + 1, resume
        else:
            return False
    return not pattern[position:].strip("*")
