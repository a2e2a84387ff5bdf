"""Collected text made inert for the markups that more than one format speaks.

`escape.visible` comes first and takes what has no shape; here is what a markup would act upon:
CommonMark 0.31, GitHub Flavored Markdown, XML 1.0.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from auditor.render.escape import visible

_MARKDOWN = re.compile(r"[\\`*_\[\]<>&~^!{}\"#|$@]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_BACKTICKS = re.compile(r"`+")
_WORDS = re.compile(r"[A-Za-z]+(?:[ ,'()-]+[A-Za-z]+)*\)?", re.ASCII)
_HASH = re.compile(r"\b[a-f]{7,40}\b")  # a host may take it for a commit
_XML_FORBIDS = re.compile("[\ufffe\uffff]")  # what is left of them after `visible`
_ATTRIBUTE = {'"': "&quot;"}


def markdown_text(text: str) -> str:
    r"""Text inside a line of CommonMark: what could begin markup has a backslash in front.

    Not for code hosts: they look for `@name` after the backslashes are gone.
    """
    return _MARKDOWN.sub(lambda sign: f"\\{sign[0]}", visible(text))


def markdown_code(text: str, most: int | None = None) -> str:
    """A code span, the one place where a code host makes no mention, link, emoji or markup.

    Args:
        most: Characters shown; how many are left out stands behind the span. None shows all.
    """
    shown = visible(text)
    left_out = len(shown) - most if most is not None else 0
    shown = shown[:most] if left_out > 0 else shown
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(shown)), default=0))
    # CommonMark takes one space away on both sides, unless there is nothing but spaces.
    pad = " " if shown[:1] in ("`", " ") or shown[-1:] in ("`", " ") else ""
    pad = pad if shown.strip(" ") else ""
    span = f"{fence}{pad}{shown}{pad}{fence}" if shown else "(empty)"
    return f"{span} (and {left_out:,} more characters)" if left_out > 0 else span


def markdown_words(text: str) -> str:
    """The text as it is when it has nothing but plain words, else a code span."""
    plain = _WORDS.fullmatch(text) is not None and _HASH.search(text.lower()) is None
    return text if plain else markdown_code(text)


def xml_text(text: str) -> str:
    """Text for an element or a double-quoted attribute of XML 1.0."""
    shown = _XML_FORBIDS.sub(lambda sign: f"\\u{{{ord(sign[0]):x}}}", visible(text))
    return escape(shown, _ATTRIBUTE)
