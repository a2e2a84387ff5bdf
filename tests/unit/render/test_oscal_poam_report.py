from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from trestle.oscal.poam import PlanOfActionAndMilestones

from auditor.core.model.status import Status
from auditor.render.oscal_poam import OscalPoamRenderer
from tests.unit.render.hostile_corpus import hostile
from tests.unit.render.oscal_schema import oscal_validator
from tests.unit.render.sample import NOT_TESTED, sample


def _document(**changes: object) -> dict[str, Any]:
    data = OscalPoamRenderer().render(sample(**changes))  # type: ignore[arg-type] # fields
    root: dict[str, Any] = json.loads(data)["plan-of-action-and-milestones"]
    return root


def _status(item: dict[str, Any]) -> str:
    return next(str(one["value"]) for one in item["props"] if one["name"] == "status")


def _clean() -> dict[str, Any]:
    passing = [f for f in sample().findings if f.status is Status.PASS]
    return _document(findings=passing, not_tested=())


def test_document_is_valid_by_the_schema_of_nist() -> None:
    validator = oscal_validator("poam")

    for assessment in (sample(), hostile()):
        document = json.loads(OscalPoamRenderer().render(assessment))
        assert [error.message for error in validator.iter_errors(document)] == []
    assert validator.is_valid({"plan-of-action-and-milestones": _clean()})
    assert not validator.is_valid({"plan-of-action-and-milestones": {**_clean(), "met": True}})


def test_trestle_loads_it(tmp_path: Path) -> None:
    path = tmp_path / "poam.json"
    path.write_bytes(OscalPoamRenderer().render(sample()))

    loaded = PlanOfActionAndMilestones.oscal_read(path)

    assert isinstance(loaded, PlanOfActionAndMilestones)
    assert len(loaded.poam_items) == len(_document()["poam-items"])


def test_everything_that_is_no_pass_is_an_item() -> None:
    counts = sample().counts
    wanted = {s.value: counts[s] for s in (Status.FAIL, Status.ERROR, Status.MANUAL, Status.WAIVED)}

    found = Counter(_status(item) for item in _document()["poam-items"])

    assert found == wanted | {"not_tested": len(NOT_TESTED)}


def test_risk_says_open_unknown_or_accepted() -> None:
    risks = {_status(risk): risk["status"] for risk in _document()["risks"]}

    assert risks == {
        "fail": "open",
        "error": "investigating",
        "manual": "investigating",
        "waived": "deviation-approved",
    }


def test_waived_risk_ends_with_its_waiver_and_names_what_stands_in() -> None:
    waived = next(risk for risk in _document()["risks"] if _status(risk) == "waived")
    factors = [factor["description"] for factor in waived["mitigating-factors"]]

    assert waived["deadline"] == "2026-12-31T06:00:00Z"
    assert factors == ["alarm on every sign-in", "two people hold one half each"]


def test_refused_waiver_gives_no_deadline() -> None:
    risks = [risk for risk in _document()["risks"] if _status(risk) != "waived"]

    assert risks
    assert all("deadline" not in risk for risk in risks)


def test_item_keeps_its_uuid_from_run_to_run() -> None:
    first, second = _document()["poam-items"], _document(run="another")["poam-items"]

    assert [item["uuid"] for item in first] == [item["uuid"] for item in second]
    assert len({item["uuid"] for item in first}) == len(first)


def test_nothing_open_is_said_in_one_item() -> None:
    document = _clean()

    assert [_status(item) for item in document["poam-items"]] == ["none"]
    assert "risks" not in document
