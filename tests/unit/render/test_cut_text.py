from __future__ import annotations

import pytest

from auditor.render.cut import LONGEST, WORD, cut

WORDS = "word " * 1_000


@pytest.mark.parametrize("text", ["", "short", "x" * WORD, WORDS[:LONGEST]])
def test_text_within_the_limits_stays_as_it_is(text: str) -> None:
    assert cut(text, "a.json") == text


def test_long_text_says_how_much_is_left_out_and_where_all_is() -> None:
    shown = cut(WORDS, "a.json")

    assert shown.startswith(WORDS[:LONGEST])
    assert shown[LONGEST:] == "… (4,100 more characters left out here; whole in a.json)"


def test_long_word_ends_the_text_though_the_text_is_short() -> None:
    shown = cut(f"before {'x' * (WORD + 1)} after", "a.json")

    assert shown == f"before {'x' * WORD}… (7 more characters left out here; whole in a.json)"


def test_text_ends_at_what_comes_first() -> None:
    assert cut("x" * 500, "a.json", 50).startswith("x" * 50 + "… (450 more")
