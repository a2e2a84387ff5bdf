"""Verdicts that differ only for withheld values, and those that differ for another reason."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from auditor.attest.verdict_difference import undecided_findings
from auditor.core.canonical import canonical
from auditor.core.model.observation import WITHHELD

OPEN = f"`mail` could not be read: {WITHHELD}"


def finding(name: str, status: str = "pass", **more: Any) -> dict[str, Any]:
    return {
        "control": "c",
        "check": "k",
        "fingerprint": name,
        "resource": name,
        "status": status,
        "assertions": [
            {"id": "mail", "truth": "true", "severity": "high"},
            {"id": "active", "truth": "true", "severity": "high"},
        ],
        **more,
    }


def document(*findings: dict[str, Any], **more: Any) -> bytes:
    return canonical({"schema": "verdicts-1", "findings": list(findings), "not_tested": [], **more})


def opened(found: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The finding as it is when `mail` is withheld."""
    after = copy.deepcopy(found)
    after["assertions"][0] |= {"truth": "undecided", "detail": OPEN}
    return after | {"status": "error", "cause": "redacted", "reason": OPEN} | more


def without(found: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name != "assertions"} | more


A, B = finding("a"), finding("b")


def test_findings_that_a_withheld_value_leaves_open_are_counted() -> None:
    assert undecided_findings(document(A, B), document(opened(A), opened(B))) == 2
    assert undecided_findings(document(A, B), document(A, opened(B))) == 1


def test_the_decided_half_of_a_failing_finding_stays() -> None:
    failing = finding("a", "fail")
    failing["assertions"][1]["truth"] = "false"
    failing["assertions"][0]["truth"] = "false"
    after = opened(failing, status="fail", cause="", reason=f"x; not decided: {OPEN}")
    assert undecided_findings(document(failing), document(after)) == 1


def test_what_does_not_apply_any_more_is_open() -> None:
    before = without(A, status="not_applicable")
    after = without(A, status="error", cause="redacted", reason=OPEN)
    assert undecided_findings(document(before), document(after)) == 1


def test_a_check_that_depends_on_an_open_one_is_open() -> None:
    late = without(A, status="error", cause="dependency", reason="0 items")
    before = document(without(A, status="pass"), B)
    assert undecided_findings(before, document(late, opened(B))) == 2
    assert undecided_findings(before, document(late, B)) is None


def _flip(found: dict[str, Any]) -> dict[str, Any]:
    after = opened(found)
    after["assertions"][1]["truth"] = "false"
    return after


@pytest.mark.parametrize(
    "change",
    [
        _flip,
        lambda found: found | {"status": "fail"},
        lambda found: opened(found, resource="other"),
        lambda found: opened(found, fingerprint="z"),
        lambda found: opened(found, assertions=opened(found)["assertions"][:1]),
        lambda found: without(found, status="error", cause="denied", reason=OPEN),
        lambda found: without(found, status="pass", cause="redacted", reason=OPEN),
        lambda found: opened(found, assertions=found["assertions"], reason="something else"),
    ],
)
def test_any_other_difference_is_none_of_them(
    change: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    assert undecided_findings(document(A, B), document(change(A), opened(B))) is None


def test_documents_of_another_form_are_another_difference() -> None:
    good = document(A)
    assert undecided_findings(good, document(A, A)) is None
    assert undecided_findings(good, document(A, B)) is None
    assert undecided_findings(good, document(A, not_tested=[1])) is None
    assert undecided_findings(good, b"{}") is None
    assert undecided_findings(b"no json", good) is None
