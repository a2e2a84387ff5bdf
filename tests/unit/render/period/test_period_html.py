"""The HTML page of a period, as its own parser sees it."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

from auditor.app.period.verifying import carried
from auditor.attest.page_signature import page_digest
from auditor.core.model.period_report import PeriodState
from auditor.render.escape import visible
from auditor.render.period.html import PeriodHtmlRenderer
from auditor.render.period.json_v1 import PeriodJsonRenderer
from auditor.render.period.registry import period_renderer
from tests.unit.render.hostile_corpus import CORPUS
from tests.unit.render.hostile_rules import RULES, Parsed
from tests.unit.render.period.small_period import small_period

HOSTILE = tuple(CORPUS.values())


@cache
def page() -> str:
    return PeriodHtmlRenderer().render(small_period()).decode()


@cache
def hostile() -> Parsed:
    return RULES["html"].parse(PeriodHtmlRenderer().render(small_period(HOSTILE)))


def attributes(name: str, source: str) -> list[str]:
    return re.findall(rf'<[a-z][^<>]*\s{name}="([^"]*)"', source)


def test_the_registry_has_it_and_equal_reports_give_equal_bytes() -> None:
    assert period_renderer("html").render(small_period()).decode() == page()


def test_hostile_text_changes_nothing_but_text() -> None:
    words = tuple(f"word-{number}" for number in range(len(HOSTILE)))
    plain = RULES["html"].parse(PeriodHtmlRenderer().render(small_period(words)))

    assert hostile().structure == plain.structure


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_string_arrives_as_visible_text(name: str) -> None:
    assert visible(CORPUS[name]) in hostile().texts


def test_bytes_hold_no_control_or_direction_character() -> None:
    source = PeriodHtmlRenderer().render(small_period(HOSTILE)).decode()

    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", source
    )


@pytest.mark.parametrize("texts", [("alice", "bob", "carol"), HOSTILE])
def test_the_document_that_it_carries_is_the_json_report(texts: tuple[str, ...]) -> None:
    report = small_period(texts)
    document = carried(PeriodHtmlRenderer().render(report), "html")

    assert document is not None
    assert json.loads(document) == json.loads(PeriodJsonRenderer().render(report))


def test_every_element_is_closed_so_that_it_can_be_signed() -> None:
    assert page_digest(page().encode()).startswith("sha256:")


def test_each_id_is_once_and_each_link_inside_leads_somewhere() -> None:
    ids = attributes("id", page())
    links = [href[1:] for href in attributes("href", page()) if href.startswith("#")]

    assert sorted(ids) == sorted(set(ids))
    assert set(links) <= set(ids)
    assert set(attributes("aria-labelledby", page())) <= set(ids)


def test_it_asks_for_nothing_and_styles_nothing_beside_its_style_sheet() -> None:
    assert all(url.startswith("#") or url == "data:," for url in attributes("href", page()))
    assert attributes("src", page()) == []
    assert attributes("style", page()) == []


def test_changes_stand_before_everything_else() -> None:
    sections = re.findall(r'<section id="([a-z-]+)"', page())

    assert sections.index("changed") < min(
        sections.index(name) for name in ("outcome", "requirements", "controls", "findings")
    )


def test_each_control_has_its_state_strip_and_gaps() -> None:
    for state in PeriodState:
        control = page().split(f'id="control-control-{state.value.replace("_", "-")}"')[1]
        article = control.split("</article>")[0]
        assert 'role="img" aria-label="Accounts have a second factor' in article
        assert "<strong>no evidence</strong> 2026-07-06 00:00Z to 2026-07-10 00:00Z" in article
        assert "88 of 92 expected" in article


def test_histories_of_one_finding_have_ids_of_their_own() -> None:
    rows = re.findall(r'<li class="finding" id="(f-[0-9a-f]{12}-\d+)"', page())

    assert len(rows) == len(set(rows)) == 3
    assert len({row[:14] for row in rows}) == 2


def test_capped_list_states_the_number_left_out_and_where_all_are() -> None:
    source = PeriodHtmlRenderer(findings=5).render(small_period(findings=20)).decode()

    assert source.count('<li class="finding"') == 5
    assert "<strong>18 findings left out here</strong>" in source
    assert 'data-left="18"' in source
    assert "auditor report --period 2026-Q3 --format json" in source


def test_no_word_of_opinion_stands_in_it() -> None:
    text = re.sub(r"<(style|script)[^>]*>.*?</\1>", "", page(), flags=re.DOTALL)

    assert not re.search(r"complian|effective|certif(y|ied)\b", text, re.IGNORECASE)
