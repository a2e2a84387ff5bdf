"""A reader of any report sees what was judged on a plan or manifests and not on what runs."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from functools import cache

from openpyxl import load_workbook
from pypdf import PdfReader

from auditor.core.model.assessment import Assessment
from auditor.core.model.target import Target
from auditor.render.html import HtmlRenderer
from auditor.render.inert import markdown_words
from auditor.render.markdown import MarkdownRenderer
from auditor.render.pdf import PdfRenderer
from auditor.render.text import TextRenderer
from auditor.render.view.declared import DECLARED, MEANING, STATE_READ, judged_on, share_declared
from auditor.render.xlsx.report import XlsxRenderer
from tests.unit.render.sample import TARGETS, sample

SAID = "1 check on what is declared (build-host), 5 checks on living systems"
OTHERS = TARGETS[:2]


@cache
def mixed() -> Assessment:
    """Of the three targets one is a plan."""
    plan = Target(TARGETS[2].name, "terraform-plan", "staging", declared=True)
    return replace(sample(), targets=(*OTHERS, plan))


def spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_the_number_of_checks_on_each_is_counted() -> None:
    assert judged_on(mixed()) == SAID
    assert judged_on(sample()) == ""


def test_the_part_of_a_check_that_is_on_declared_state_is_told() -> None:
    assert [share_declared(number, 8) for number in (0, 3, 8)] == ["", f"3 {DECLARED}", DECLARED]


def test_text_and_markdown_say_it() -> None:
    assert SAID in spaced(TextRenderer(width=160).render(mixed()).decode())
    assert f"Judged: {markdown_words(SAID)}." in MarkdownRenderer().render(mixed()).decode()


def test_the_page_says_it_with_the_outcome_and_at_each_finding_and_reading() -> None:
    page = HtmlRenderer().render(mixed()).decode()
    rows = re.findall(r'<li class="finding" id="f-[0-9a-f]{12}".*?</li>', page, re.DOTALL)
    marked = [row for row in rows if f"<strong>{DECLARED}</strong>" in row]

    assert f"<strong>Judged:</strong> {SAID}. {MEANING}." in page
    assert len(rows) == len(mixed().findings)
    assert marked == [row for row in rows if 'data-target="build-host"' in row] != []
    assert page.count(f"1 manual · <strong>{DECLARED}</strong></p>") == 1
    assert f'<bdi>build-host</bdi><br><span class="quiet">{DECLARED}</span></th>' in page


def test_the_pdf_says_it_with_the_outcome_and_at_each_finding_and_reading() -> None:
    pages = PdfReader(io.BytesIO(PdfRenderer().render(mixed()))).pages
    text = spaced(" ".join(page.extract_text() for page in pages))

    assert f"Judged: {SAID}. {MEANING}." in text
    assert f"build-host · {DECLARED} · prod · records" in text
    assert f"build-host {DECLARED}, as" in text
    assert f"1 manual {DECLARED}" in text
    assert f"aws-prod · {DECLARED}" not in text


def test_the_workbook_says_it_on_the_cover_and_in_each_row() -> None:
    book = load_workbook(io.BytesIO(XlsxRenderer().render(mixed())))

    assert dict(book["cover"].values)["Judged"] == f"{SAID}. {MEANING}."
    for name in ("findings", "populations", "readings"):
        titles, *rows = book[name].values
        target, state = titles.index("Target"), titles.index("Living or declared")
        assert {(row[target], row[state]) for row in rows} == {
            *((one.name, STATE_READ[False]) for one in OTHERS),
            ("build-host", STATE_READ[True]),
        }


def test_a_run_over_living_systems_alone_does_not_speak_of_it() -> None:
    assert MEANING not in HtmlRenderer().render(sample()).decode()
    assert "Judged" not in dict(
        load_workbook(io.BytesIO(XlsxRenderer().render(sample())))["cover"].values
    )
