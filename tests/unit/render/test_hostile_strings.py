"""Every hostile string, through every format of the registry, as that format's parser sees it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest

from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding
from auditor.errors import LedgerError
from auditor.render.registry import BUILT_IN, renderer
from tests.unit.render.hostile_corpus import CORPUS, benign, hostile
from tests.unit.render.hostile_rules import RULES, Parsed
from tests.unit.render.sample import sample

HALF = "half \ud800 surrogate"
SHAPELESS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


@cache
def _bytes(form: str) -> bytes:
    return RULES[form].render(form, hostile())


@cache
def _parsed(form: str) -> Parsed:
    return RULES[form].parse(_bytes(form))


def test_every_format_has_a_rule() -> None:
    assert set(RULES) == set(BUILT_IN), "tests/unit/render/hostile_rules.py needs a rule for it"


@pytest.mark.parametrize("form", sorted(BUILT_IN))
def test_hostile_text_changes_nothing_but_text(form: str) -> None:
    plain = RULES[form].parse(RULES[form].render(form, benign()))

    assert _parsed(form).structure == plain.structure


@pytest.mark.parametrize("form", sorted(BUILT_IN))
@pytest.mark.parametrize("name", sorted(CORPUS))
def test_string_arrives_intact_or_visibly_replaced(form: str, name: str) -> None:
    rule = RULES[form]

    assert rule.contains(_parsed(form).texts, rule.shown(CORPUS[name]))


@pytest.mark.parametrize("form", sorted(form for form, rule in RULES.items() if rule.raw))
def test_bytes_hold_nothing_without_a_shape(form: str) -> None:
    assert SHAPELESS.search(_bytes(form).decode()) is None


@pytest.mark.parametrize("field", ["key", "uid", "reason", "action", "hint", "target"])
@pytest.mark.parametrize("form", sorted(BUILT_IN))
def test_half_a_surrogate_is_refused_or_shown(form: str, field: str) -> None:
    first: Finding = sample().findings[0]
    broken = sample(findings=[replace(first, **{field: HALF})])  # type: ignore[arg-type] # text

    said = _said(form, broken)

    shown_nowhere = form == "prometheus" and field != "target"
    assert shown_nowhere or "not valid Unicode" in said or "\\u{d800}" in said


def _said(form: str, assessment: Assessment) -> str:
    """The document, which must be UTF-8, or why there is none."""
    try:
        return renderer(form).render(assessment).decode()
    except LedgerError as error:  # no other error may leave a renderer
        return error.message
