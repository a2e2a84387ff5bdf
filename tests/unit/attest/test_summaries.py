"""The summaries of an attached assessment are counted again from its signed findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from auditor.app.assess import verdict_bytes
from auditor.attest.report_rollup import check_summaries
from auditor.core.evaluate import Judgement
from auditor.errors import VerificationError
from auditor.render.json_v1 import JsonRenderer
from tests.unit.render.sample import sample


def document() -> Any:
    return orjson.loads(JsonRenderer().render(sample()))


def signed() -> Any:
    made = sample()
    return orjson.loads(verdict_bytes(Judgement(made.findings, made.not_tested)))


def check(given: Any) -> None:
    check_summaries(given, signed()["findings"], signed()["not_tested"])


def test_true_summaries_are_ok() -> None:
    check(document())


def _twice(given: Any) -> None:
    given["controls"].append(given["controls"][0])


def _without(given: Any) -> None:
    names = [item["control"] for item in given["findings"]]
    given["controls"] = [row for row in given["controls"] if row["id"] != names[0]]
    given["requirements"] = []


def _set(part: str, field: str, value: Callable[[Any], object]) -> Callable[[Any], None]:
    def edit(given: Any) -> None:
        row = given[part][0]
        row[field] = value(row[field])

    return edit


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (_twice, "a control twice"),
        (_without, "does not tell of the control"),
        (_set("controls", "status", lambda _old: "unknown"), "another status of the control"),
        (_set("controls", "severity", lambda _old: "none"), "another severity"),
        (_set("controls", "counts", lambda old: old | {"pass": 99}), "another counts"),
        (_set("controls", "not_tested", lambda _old: [{}]), "another not_tested"),
        (_set("requirements", "tested", lambda _old: ["x"]), "another tested of"),
        (_set("requirements", "not_applicable", lambda _old: ["x"]), "another not_applicable of"),
        (_set("requirements", "not_tested", lambda _old: ["x"]), "another not_tested of"),
        (_set("requirements", "deviations", lambda old: old + 1), "another deviations of"),
        (_set("requirements", "undecided", lambda old: old + 1), "another undecided of"),
        (_set("requirements", "waived", lambda old: old + 1), "another waived of"),
    ],
)
def test_a_false_summary_is_named(edit: Callable[[Any], None], match: str) -> None:
    given = document()
    edit(given)
    with pytest.raises(VerificationError, match=match):
        check(given)
