"""The conformance suite of cel-spec: the figures, and every difference with its reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.core.expression.conformance import FOLDER, Case, cases, difference

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "expressions.md"
_ROW = re.compile(r"^\| `([a-z0-9_]+/[^`]+)` \| (.+) \|$", re.MULTILINE)
CASES = tuple(cases())
CORE = tuple(case for case in CASES if not case.is_extension)
EXTENSIONS = tuple(case for case in CASES if case.is_extension)


@pytest.fixture(scope="module")
def differences() -> dict[str, str]:
    return {case.id: found for case in CASES if (found := difference(case))}


def share(chosen: tuple[Case, ...], differences: dict[str, str]) -> float:
    passed = sum(case.id not in differences for case in chosen)
    print(f"{passed} of {len(chosen)}: {passed / len(chosen):.1%}")  # noqa: T201 - the figures
    return passed / len(chosen)


def test_the_suite_is_the_published_one() -> None:
    assert (len(CORE), len(EXTENSIONS)) == (1094, 598)
    assert (FOLDER / "LICENSE").is_file()
    assert "Apache-2.0" in (FOLDER / "NOTICE").read_text()


def test_core_cases_pass_at_99_percent(differences: dict[str, str]) -> None:
    assert share(CORE, differences) >= 0.99


def test_extension_cases_pass_at_95_percent(differences: dict[str, str]) -> None:
    assert share(EXTENSIONS, differences) >= 0.95


def test_the_page_lists_exactly_the_differences(differences: dict[str, str]) -> None:
    listed = dict(_ROW.findall(PAGE.read_text()))
    assert set(listed) == set(differences), {
        case: differences.get(case) for case in set(listed) ^ set(differences)
    }
