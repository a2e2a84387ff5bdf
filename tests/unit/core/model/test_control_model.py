"""Controls and frameworks: what one file alone can get wrong."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from auditor.core.model.framework import Framework
from tests.unit.core.build import assertion, check, control


def framework(**more: object) -> Framework:
    document: dict[str, Any] = {
        "id": "demo",
        "title": "Demonstration",
        "publisher": "nobody",
        "version": "1",
        "id_pattern": r"[AB]\.\d+",
        "total": 3,
        "groups": [{"id": "A", "title": "A", "count": 2}, {"id": "B", "title": "B", "count": 1}],
        "requirements": [
            {"id": "A.1", "title": "One", "group": "A"},
            {"id": "A.2", "title": "Two", "group": "A"},
            {"id": "B.1", "title": "Three", "group": "B"},
        ],
    }
    return Framework.model_validate(document | more)


ONE, TWO, THREE = (r.model_dump() for r in framework().requirements)


def test_a_complete_framework_finds_its_requirements() -> None:
    found = framework().requirement("A.2")
    assert found is not None
    assert found.title == "Two"
    assert framework().requirement("A.3") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"total": 4}, "3 requirements, expected 4"),
        ({"requirements": [ONE, TWO]}, "counts by group are {'A': 2}, expected {'A': 2, 'B': 1}"),
        ({"requirements": [ONE, TWO, THREE | {"group": "A"}]}, "counts by group"),
        ({"requirements": [ONE, TWO, THREE | {"group": "C"}]}, "counts by group"),
        ({"requirements": [ONE, ONE, THREE]}, "repeated ids: A.1"),
        ({"requirements": [ONE, TWO, THREE | {"id": "B1"}]}, "id 'B1' does not match"),
        ({"requirements": [ONE, TWO, THREE | {"id": 5.3}]}, "got the number 5.3: put the id in"),
        ({"id_pattern": "("}, "id_pattern is no regular expression"),
    ],
)
def test_a_framework_that_is_not_complete_is_refused(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        framework(**change)
    assert message in str(caught.value)


@pytest.mark.parametrize("number", [5.3, 5])
def test_an_unquoted_requirement_id_is_refused(number: object) -> None:
    with pytest.raises(ValidationError, match="put the id in quotes"):
        control(maps={"soc2": [{"id": number, "strength": "full"}]})


@pytest.mark.parametrize(("written", "text"), [(True, "true"), (False, "false")])
def test_a_boolean_is_an_expression(written: object, text: str) -> None:
    made = check(**{"assert": [assertion(written)], "scope": written})  # type: ignore[arg-type]  # YAML's boolean
    assert control(made).checks[0].assert_[0].expr == text
    assert control(made).checks[0].scope == text


def test_a_number_is_no_expression() -> None:
    with pytest.raises(ValidationError, match="valid string"):
        control(check(when=1))


def test_a_check_is_found_by_its_id() -> None:
    made = control(check(), check(id="other"))
    assert made.check("other").id == "other"
    with pytest.raises(KeyError):
        made.check("absent")


@pytest.mark.parametrize(
    "change",
    [
        {"id": "Things"},
        {"id": "a--b"},
        {"id": "a" * 65},
        {"checks": []},
        {"frequency": "sometimes"},
        {"colour": "red"},
        {"maps": {"soc2": [{"id": "", "strength": "full"}]}},
        {"evaluate": {"every": "1mo", "gap_tolerance": "6h"}},
    ],
)
def test_a_control_with_a_wrong_field_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        control(**change)
