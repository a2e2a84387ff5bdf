"""Long texts, cut for formats that lay out lines: a bucket may hold a megabyte without a space.

Layout engines look at every place where a line may break, over and over: 10,000 characters in each
field took sixteen times as long as the page without them, and a word takes much longer than words.
What is cut says how much is left out.
"""

from __future__ import annotations

import re

LONGEST = 900
"""Characters shown of one text. The longest statement of a shipped control has 828."""
WORD = 200
"""Characters shown of one word: more than a resource name of a cloud has in practice."""
_LONG_WORD = re.compile(rf"\S{{{WORD}}}(?=\S)")


def cut(text: str, whole: str, most: int = LONGEST) -> str:
    """The text, or its beginning and how much is left out.

    Args:
        text: As it is shown: escapes are made before.
        whole: Where all of it is: `assessment.json`.
        most: Characters shown.
    """
    word = _LONG_WORD.search(text)
    shown = text[: min(most, word.end() if word else most)]
    left_out = len(text) - len(shown)
    if not left_out:
        return text
    return f"{shown}… ({left_out:,} more characters left out here; whole in {whole})"
