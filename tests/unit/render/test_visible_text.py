from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.render.escape import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Größe · 日本", "Größe · 日本"),
        ("\x1b[31mred", r"\u{1b}[31mred"),
        ("a\x9bb", r"a\u{9b}b"),
        ("backup-\u202egpj.exe", r"backup-\u{202e}gpj.exe"),
        ("zero\u200bwidth\ufeff", r"zero\u{200b}width\u{feff}"),
        ("tag\U000e0041", r"tag\u{e0041}"),
        ("two\nlines\r\t", r"two\nlines\r\t"),
        ("lone \ud800", r"lone \u{d800}"),
        ("sep\u2028\u2029", r"sep\u{2028}\u{2029}"),
    ],
)
def test_what_has_no_shape_is_written_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_no_text_keeps_a_control_or_direction_character(text: str) -> None:
    shown = visible(text)

    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)
    assert visible(shown) == shown
