"""The document that reports are made of, and the digests that lead back to the evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from auditor.core.canonical import canonical, parse_canonical
from auditor.core.evaluate.plan import NotTested
from auditor.core.model.assessment import Assessment, LogHead, Reading
from auditor.core.model.restore import RestoreRecord
from auditor.core.model.status import Outcome
from auditor.core.rollup import count, roll_up_controls, roll_up_requirements
from tests.unit.core.build import (
    NOW,
    TARGET,
    control,
    gap,
    judge,
    observation,
    thing,
    waiver,
)
from tests.unit.core.model.test_policy import FRAMEWORK

CONTROL = control(maps={"demo": [{"id": "D1", "strength": "full"}]})
FINDINGS = judge(CONTROL, observation(thing("a"), thing("b", ok=False), gaps=(gap(),))).findings
RESULTS = roll_up_controls([CONTROL], FINDINGS, [])
READING = Reading(
    "prod-1", "demo.thing", "Things", "tester", NOW, NOW, 2, 1, "sha256:evidence", (gap(),)
)
MADE = Assessment(
    run="run-1",
    now=NOW,
    finished_at=NOW,
    organisation="Example Ltd",
    tool="auditor 1",
    engine="cel 1",
    outcome=Outcome.INCOMPLETE,
    counts=count(FINDINGS),
    targets=(TARGET,),
    frameworks=(FRAMEWORK,),
    controls=RESULTS,
    requirements=roll_up_requirements([FRAMEWORK], RESULTS),
    findings=FINDINGS,
    not_tested=(NotTested("things", "other", "no target"),),
    readings=(READING,),
    waivers=(waiver(),),
    policy_digest="sha256:policy",
    verdicts_digest="sha256:verdicts",
)


def test_the_document_is_fit_for_canonical_json_and_complete() -> None:
    document = parse_canonical(canonical(MADE.to_json()))
    assert isinstance(document, dict)
    assert (document["schema"], document["now"]) == ("assessment-1", "2026-03-31T12:00:00Z")
    assert document["outcome"] == "incomplete"
    assert document["counts"] == {
        "pass": 1,
        "fail": 1,
        "error": 1,
        "not_applicable": 0,
        "waived": 0,
        "manual": 0,
    }
    assert [item["status"] for item in document["findings"]] == ["error", "pass", "fail"]
    assert [item["id"] for item in document["requirements"]] == ["D1", "D2"]
    assert document["coverage"]["not_tested"] == [
        {"control": "things", "check": "other", "reason": "no target"}
    ]
    assert document["coverage"]["readings"][0]["gaps"][0]["cause"] == "denied"
    assert document["waivers"][0]["approved_by"] == "carl"
    assert document["ledger"] is None


def test_a_target_is_named_without_its_settings() -> None:
    target = replace(TARGET, settings={"profile": "audit"})
    document = replace(MADE, targets=(target,)).to_json()
    assert document["targets"] == [
        {"name": "prod-1", "kind": "demo", "environment": "prod", "declared": False}
    ]


def test_a_finding_leads_back_to_its_evidence() -> None:
    document = MADE.to_json()
    assert {item["observation"] for item in document["findings"]} == {"sha256:evidence"}  # type: ignore[attr-defined]  # a list
    assert MADE.observation_of(FINDINGS[0]) == "sha256:evidence"
    stranger = replace(FINDINGS[0], target="other")
    assert MADE.observation_of(stranger) == ""
    unread = replace(MADE, readings=()).to_json()
    assert {item["observation"] for item in unread["findings"]} == {""}  # type: ignore[attr-defined]  # a list


def test_a_recorded_run_says_where_it_stands_in_the_log() -> None:
    head = LogHead("log", 7, "root", 3, 6, timestamped=True)
    assert replace(MADE, log=head).to_json()["ledger"] == {
        "origin": "log",
        "size": 7,
        "root": "root",
        "first": 3,
        "last": 6,
        "statement": "",
        "signer": "",
        "timestamped": True,
    }


RECORD = {
    "id": "restore-1",
    "store": "orders",
    "method": "full-restore",
    "source": "backup-1",
    "target": "sandbox",
    "isolated": True,
    "failure_at": "2026-03-31T12:00:00Z",
    "recovered_to": "2026-03-31T11:00:00Z",
    "started_at": "2026-03-31T12:10:00Z",
    "finished_at": "2026-03-31T13:00:00Z",
    "rows_expected": 10,
    "rows_restored": 10,
    "validated": True,
    "operator": "olga",
    "reviewer": "carl",
}


def test_a_record_of_a_restore_test_is_read_with_its_times() -> None:
    assert RestoreRecord.model_validate(RECORD).failure_at == NOW


@pytest.mark.parametrize(
    "change",
    [
        {"rows_restored": -1},
        {"method": "hope"},
        {"finished_at": "2026-03-31"},
        {"operator": ""},
        {"note": "x"},
    ],
)
def test_a_record_with_a_wrong_field_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RestoreRecord.model_validate(RECORD | change)
