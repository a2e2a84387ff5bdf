from __future__ import annotations

from xml.etree.ElementTree import fromstring

import cmarkgfm  # type: ignore[import-untyped] # ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from auditor.render.escape import visible
from auditor.render.inert import markdown_code, markdown_text, markdown_words, xml_text

LINES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SIGNS = st.text("ab `\\|*_<>[]()&@#:~$^!{}\"'.-", max_size=30)


@given(LINES | SIGNS)
def test_code_span_gives_the_text_back(text: str) -> None:
    children = MarkdownIt("commonmark").parseInline(f"x {markdown_code(text)} y")[0].children or []
    code = [child.content for child in children if child.type == "code_inline"]

    assert code == ([visible(text)] if text else [])


@given(SIGNS)
def test_code_span_is_one_element_to_the_parser_of_github(text: str) -> None:
    html = cmarkgfm.github_flavored_markdown_to_html(f"- x {markdown_code(text)} y")

    assert html.count("<code>") == bool(text)
    assert html.startswith("<ul>\n<li>x ")
    assert html.endswith(" y</li>\n</ul>\n")


@given(LINES | SIGNS)
def test_escaped_text_is_nothing_but_text(text: str) -> None:
    children = MarkdownIt("commonmark").parseInline(f"x{markdown_text(text)}x")[0].children or []

    assert {child.type for child in children} <= {"text", "text_special"}
    assert "".join(child.content for child in children) == f"x{visible(text)}x"


@given(LINES)
def test_xml_text_is_well_formed_and_gives_the_text_back(text: str) -> None:
    document = f'<a b="{xml_text(text)}">{xml_text(text)}</a>'
    root = fromstring(document)  # noqa: S314 - made in the line before
    shown = visible(text).replace("\ufffe", r"\u{fffe}").replace("\uffff", r"\u{ffff}")

    assert (root.get("b"), root.text or "") == (shown, shown)


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("abc", 3, "`abc`"),
        ("abcdef", 3, "`abc` (and 3 more characters)"),
        ("", None, "(empty)"),
        ("   ", None, "`   `"),
        ("a`b", None, "``a`b``"),
        ("`", None, "`` ` ``"),
    ],
)
def test_code_span_says_what_it_leaves_out(text: str, most: int | None, shown: str) -> None:
    assert markdown_code(text, most) == shown


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Stored objects are not public", True),
        ("Hosts, and people (both)", True),
        ("Ask @octocat", False),
        ("See GH-1", False),
        ("deadbeefcafe is a word", False),
        ("www.evil.example", False),
        ("Größe", False),
        ("", False),
    ],
)
def test_only_plain_words_stand_outside_of_code(text: str, *, plain: bool) -> None:
    assert (markdown_words(text) == text) is plain
