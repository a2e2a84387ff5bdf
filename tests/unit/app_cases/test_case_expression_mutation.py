"""Changed expressions: a case at the limit notices, a case far from it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.app.cases.expression_mutation import Changed, variants
from auditor.catalog.types.checker import TypeChecker
from auditor.core.model.fields import Scalar
from tests.unit.app_cases.small import CASES, CONTROL, loaded, runner
from tests.unit.lint.library import changed as text_changed


def changed(folder: Path, control: str = CONTROL, cases: str = CASES) -> Changed:
    run = runner().run(loaded(folder, control, cases), expressions=True)
    assert run.changed is not None
    assert run.complete
    return run.changed


def test_cases_at_the_limit_notice_every_change(tmp_path: Path) -> None:
    # `when` has no operator; `<= 1` becomes `< 1` and `<= 2`.
    assert changed(tmp_path) == Changed("things", killed=2, survived=[])


def test_cases_far_from_the_limit_do_not(tmp_path: Path) -> None:
    cases = text_changed({"size: 2": "size: 9"}, CASES)
    survived = changed(tmp_path, CONTROL, cases).survived
    assert survived == ["thing/closed: resource.size <= 2"]


def test_every_literal_inside_a_list_is_changed(tmp_path: Path) -> None:
    control = text_changed({"expr: resource.size <= 1": "expr: '[resource.size] == [1]'"}, CONTROL)
    assert changed(tmp_path, control) == Changed("things", killed=2, survived=[])


def test_when_is_changed_as_well(tmp_path: Path) -> None:
    control = text_changed({"when: resource.live": "when: '!resource.live == false'"}, CONTROL)
    counted = changed(tmp_path, control)
    assert counted.survived == []
    assert counted.killed == 5  # two of the assertion; `!`, `==` and `false` of `when`


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a == 1", {"a != 1", "a == 2"}),
        (
            "a < 1 && b >= 2",
            {
                "a <= 1 && b >= 2",
                "a < 2 && b >= 2",
                "a < 1 && b > 2",
                "a < 1 && b >= 3",
                "a < 1 || b >= 2",
            },
        ),
        ("!a", {" a"}),
        ("a ? true : b == 'x\\'y'", {"a ? false : b == 'x\\'y'", "a ? true : b == 'x\\'y~'"}),
        ("a.all(x, x)", {"a.exists(x, x)"}),
        ("a.filter(x, x)", set[str]()),
        ("a.b.c", set[str]()),
        ("1.5 < a", {"1.5 <= a"}),
    ],
)
def test_operators_and_literals_are_changed_one_at_a_time(source: str, expected: set[str]) -> None:
    examined = TypeChecker().examine(source, {"a": Scalar("any"), "b": Scalar("any")})
    assert examined is not None
    assert {text for _offset, text in variants(examined)} >= expected
    if not expected:
        assert list(variants(examined)) == []
