"""Explanations tell no personal value, in whatever way an expression comes to it."""

from __future__ import annotations

import pytest

from auditor.core.evaluate.compiled import RESOURCE_VARIABLES
from auditor.core.expression.engine import CelEngine
from auditor.core.expression.explain import explain
from auditor.core.expression.interface import UndecidedError
from auditor.core.expression.masking import PERSONAL, Masking
from auditor.core.model.status import Cause

SECRET = "anna.lindqvist"
RESOURCE = {
    "name": "anna",
    "mail": SECRET,
    "size": 3,
    "contact": {"mail": SECRET, "city": "x"},
    "rows": [{"note": SECRET, "n": 1}, {"note": SECRET, "n": 2}],
    "tags": {"owner": SECRET, "odd name": SECRET},
    "list": [SECRET],
}
MASKED = Masking((("mail",), ("contact", "mail"), ("rows", "note"), ("tags",), ("list",)))
ENGINE = CelEngine()
FALSE = [
    "resource.mail == 'x'",
    "resource.mail.startsWith('x') || resource.size > 4",
    "resource.contact.mail == 'x'",
    "resource.contact == {'a': 'b'}",
    "resource.rows.all(r, r.note == 'x')",
    "resource.rows == []",
    "resource.rows[1].note == 'x'",
    "resource.tags.owner == 'x'",
    "resource.tags['odd name'] == 'x'",
    "resource.tags.all(k, resource.tags[k] == 'x')",
    "resource.list.exists(m, m == 'x')",
    "cel.bind(m, resource.mail, m == 'x')",
    "cel.bind(m, resource.contact, m.mail == 'x')",
    "[resource.mail].exists(m, m == 'x')",
    "size(resource.mail) > 90",
    "resource == {'a': 1}",
]


def explained(text: str, masking: Masking = MASKED) -> str:
    variables = {"resource": RESOURCE, "param": {}, "now": None, "target": {}, "facts": {}}
    trace = explain(ENGINE.compile(text, RESOURCE_VARIABLES), variables, masking=masking)
    return f"{trace.text()} {trace.short()} {trace.to_json()}"


@pytest.mark.parametrize("text", FALSE)
def test_no_personal_value_is_told(text: str) -> None:
    assert SECRET not in explained(text)
    assert SECRET in explained(text, Masking()) or "exists" in text or "bind" in text


@pytest.mark.parametrize(
    "text", ["int(resource.mail) > 3", "resource.size / 0 > int(resource.mail)"]
)
def test_an_error_does_not_quote_a_personal_value(text: str) -> None:
    assert SECRET not in explained(text)


def test_who_may_see_a_value_sees_what_it_is() -> None:
    revealed = Masking(MASKED.paths, reveal=True)
    assert f'"{SECRET}" {PERSONAL}' in explained(FALSE[0], revealed)


def test_other_values_are_told_as_ever() -> None:
    assert "resource.size = 3" in explained("resource.size > 4")
    assert "resource.contact.city" in explained("resource.contact.city == 'y'")
    assert PERSONAL not in explained("resource.contact.city == 'y'")


def test_an_undecided_expression_does_not_quote_what_it_read() -> None:
    expression = ENGINE.compile("int(resource.mail) > 3", RESOURCE_VARIABLES)
    error = UndecidedError(Cause.TYPE_ERROR, f"no int: {SECRET}")
    told = MASKED.told(error, expression)
    assert SECRET not in told.detail
    assert told.cause is Cause.TYPE_ERROR
    assert Masking().told(error, expression) is error
    assert MASKED.absorbed((SECRET,), expression) == (PERSONAL,)
    assert Masking().absorbed((SECRET,), expression) == (SECRET,)
