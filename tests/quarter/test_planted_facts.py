"""Every planted fact of the simulated quarter stands in the period report, in JSON and in words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.quarter.facts import ALL, Fact, look_up

_NAMES = [fact.what for fact in ALL]


@pytest.mark.parametrize("fact", ALL, ids=_NAMES)
def test_the_json_document_says_it(fact: Fact, document: dict[str, Any]) -> None:
    assert look_up(document, fact.at) == fact.says


@pytest.mark.parametrize("fact", ALL, ids=_NAMES)
def test_the_text_says_it(fact: Fact, text: str) -> None:
    assert fact.text in text


def test_there_are_at_least_forty_of_them() -> None:
    assert len(set(_NAMES)) == len(ALL) >= 40
