from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from trestle.oscal.assessment_results import AssessmentResults

from auditor.core.model.finding import Finding
from auditor.core.model.status import Status
from auditor.errors import UsageError
from auditor.render.oscal_results import OscalResultsRenderer
from tests.unit.render.hostile_corpus import hostile
from tests.unit.render.oscal_schema import oscal_validator
from tests.unit.render.sample import sample


def _document(**changes: object) -> dict[str, Any]:
    data = OscalResultsRenderer().render(sample(**changes))  # type: ignore[arg-type] # fields
    root: dict[str, Any] = json.loads(data)["assessment-results"]
    return root


def _states(**changes: object) -> dict[str, tuple[str, str]]:
    findings = _document(**changes)["results"][0]["findings"]
    targets = [finding["target"] for finding in findings]
    return {t["target-id"]: (t["status"]["state"], t["status"]["reason"]) for t in targets}


def _only(status: Status) -> list[Finding]:
    """Findings of the first control, all with that status."""
    own = [f for f in sample().findings if f.control == "console-mfa" and f.status is status]
    return own or [f for f in sample().findings if f.status is status]


def _properties(item: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in item["props"]}


def test_document_is_valid_by_the_schema_of_nist() -> None:
    validator = oscal_validator("assessment-results")

    for assessment in (sample(), hostile(), sample(findings=[])):
        document = json.loads(OscalResultsRenderer().render(assessment))
        assert [error.message for error in validator.iter_errors(document)] == []


def test_schema_refuses_what_is_wrong() -> None:
    validator = oscal_validator("assessment-results")
    document = _document()
    document["results"][0]["findings"][0]["target"]["status"]["state"] = "met"

    assert not validator.is_valid({"assessment-results": document})


def test_trestle_loads_it(tmp_path: Path) -> None:
    path = tmp_path / "assessment-results.json"
    path.write_bytes(OscalResultsRenderer().render(sample()))

    loaded = AssessmentResults.oscal_read(path)

    assert isinstance(loaded, AssessmentResults)
    assert len(loaded.results[0].observations or ()) == len(sample().findings)


def test_only_controls_that_pass_whole_are_satisfied() -> None:
    assert _states() == {
        "audit-log-integrity": ("not-satisfied", "other"),
        "console-mfa": ("not-satisfied", "fail"),
        "database-backups": ("not-satisfied", "other"),
        "encryption-in-transit": ("satisfied", "pass"),
        "host-hardening": ("not-satisfied", "other"),
        "restore-tests": ("not-satisfied", "other"),
        "storage-private": ("not-satisfied", "fail"),
    }


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.PASS])
def test_no_other_status_is_ever_satisfied(status: Status) -> None:
    findings = _only(status)
    assert findings
    states = _states(findings=findings)

    assert {state for state, _ in states.values()} == {"not-satisfied"}
    wanted = "fail" if status is Status.FAIL else "other"
    assert states[findings[0].control] == ("not-satisfied", wanted)


def test_pass_with_a_waived_resource_or_an_untested_check_is_not_satisfied() -> None:
    passing = _only(Status.PASS)

    assert _states(findings=passing)["console-mfa"] == ("not-satisfied", "other")  # root: untested
    waived = [f for f in sample().findings if f.control == "encryption-in-transit"]
    from_waiver = [*waived, *_with_status(waived[0], Status.WAIVED)]
    assert _states(findings=from_waiver)["encryption-in-transit"] == ("not-satisfied", "other")


def _with_status(finding: Finding, status: Status) -> list[Finding]:
    return [replace(finding, status=status, key="other:443")]


def test_remarks_say_what_was_found_and_what_was_not_tested() -> None:
    findings = _document()["results"][0]["findings"]
    remarks = {f["target"]["target-id"]: f["target"]["status"]["remarks"] for f in findings}

    assert remarks["database-backups"] == (
        "Findings: 1 not applicable; snapshots not tested: no target of kind aws-backup"
    )
    assert remarks["host-hardening"].startswith("Findings: no findings; sshd not tested:")


def test_observation_keeps_status_evidence_and_subject() -> None:
    result = _document()["results"][0]
    own = next(o for o in result["observations"] if _properties(o)["status"] == "waived")
    items = {item["uuid"]: item for item in result["local-definitions"]["inventory-items"]}
    subject = items[own["subjects"][0]["subject-uuid"]]

    assert _properties(own)["waiver"] == "W-2026-07"
    assert _properties(subject)["resource"] == _properties(own)["resource"]
    assert own["relevant-evidence"][0]["description"].startswith("Evidence document sha256:")
    assert own["collected"] == "2026-11-20T06:01:00Z"


def test_every_reference_leads_somewhere_and_every_uuid_is_used_once() -> None:
    document = _document()
    defined: list[str] = []
    used: set[str] = set()
    _collect(document, defined, used)

    assert len(set(defined)) == len(defined)
    assert used <= set(defined)


def _collect(value: object, defined: list[str], used: set[str]) -> None:
    if isinstance(value, list):
        for item in value:
            _collect(item, defined, used)
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "uuid":
                defined.append(item)
            elif name.endswith("-uuid"):
                used.add(item)
            elif name == "href" and item.startswith("#"):
                used.add(item[1:])
            _collect(item, defined, used)


def test_resources_keep_their_uuid_in_another_run_and_observations_do_not() -> None:
    first, second = _document()["results"][0], _document(run="another")["results"][0]

    assert [i["uuid"] for i in first["local-definitions"]["inventory-items"]] == [
        i["uuid"] for i in second["local-definitions"]["inventory-items"]
    ]
    assert not {o["uuid"] for o in first["observations"]} & {
        o["uuid"] for o in second["observations"]
    }


def test_run_without_any_control_is_refused() -> None:
    with pytest.raises(UsageError, match="no control"):
        OscalResultsRenderer().render(sample(controls=()))
