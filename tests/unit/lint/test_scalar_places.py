"""From a character of a scalar's value to its place in the file, for every style of scalar."""

from __future__ import annotations

import string

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.catalog.source import parse_yaml
from auditor.catalog.types.place import place_in_scalar

STYLES = {
    "plain": "a: [1]\nexpr: size(x) > 0\n    && x.TERM\n",
    "single": "expr: 'it''s\n    fine && x.TERM'\n",
    "double": 'expr: "say \\"hi\\" \\\n     && \\u00e9 \\x41 \\t x.TERM"\n',
    "folded": "- expr: >-\n    one\n    two\n\n    x.TERM\n    three\n",
    "literal": "- - expr: |\n        one\n          two x.TERM\n",
    "folded with a comment": "expr: >-  # why\n   x.TERM\n",
    "windows lines": "expr: >-\r\n  one\r\n  x.TERM\r\n",
}


def scalar(text: str) -> tuple[tuple[int, int], str]:
    """Place and value of the only scalar with TERM in it."""
    source = parse_yaml(text, "file")
    data: object = source.data
    location: tuple[str | int, ...] = ()
    while not isinstance(data, str):
        key: str | int = "expr" if isinstance(data, dict) else 0
        data = data[key]  # type: ignore[index]
        location = (*location, key)
    return source.values[location], data


@pytest.mark.parametrize("style", STYLES)
def test_a_term_is_found_in_every_style(style: str) -> None:
    text = STYLES[style]
    start, value = scalar(text)
    line, column = place_in_scalar(text, start, value, value.index("TERM"))
    assert text.splitlines()[line - 1][column - 1 :].startswith("TERM")


words = st.text(string.ascii_letters + string.digits + "'\".:#!&|><=()[]{},?*%@`-", min_size=1)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(words, min_size=1, max_size=12),
    st.sampled_from([None, "'", '"', ">", "|"]),
    st.integers(20, 80),
)
def test_every_character_is_found_whatever_wrote_the_file(
    parts: list[str], style: str | None, width: int
) -> None:
    value = " ".join(parts)
    text = yaml.dump({"before": 1, "expr": value}, default_style=style, width=width)
    text = text.replace('"before": !!int "1"\n', "").replace("'before': !!int '1'\n", "")
    source = parse_yaml(text.replace("!!int ", ""), "file")
    rows = source.text.splitlines()
    for offset, character in enumerate(value):
        if character == " ":
            continue
        line, column = place_in_scalar(source.text, source.values["expr",], value, offset)
        assert rows[line - 1][column - 1] in (character, "\\")


def test_a_value_that_does_not_stand_there_gives_the_start() -> None:
    assert place_in_scalar("a: b\n", (1, 4), "something else", 4) == (1, 4)
    assert place_in_scalar("a: b\n", (1, 4), "b longer", 5) == (1, 4)
    assert place_in_scalar("", (7, 4), "b", 0) == (7, 4)


def test_white_space_gives_the_next_term() -> None:
    assert place_in_scalar("a: b  c\n", (1, 4), "b  c", 1) == (1, 7)
