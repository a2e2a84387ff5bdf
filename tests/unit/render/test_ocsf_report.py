from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from ocsf_json_schema import (  # type: ignore[import-untyped] # ships no types
    OcsfJsonSchemaEmbedded,
    get_ocsf_schema,
)

from auditor.core.model.status import Status
from auditor.render.ocsf import VERSION, OcsfRenderer
from tests.unit.render.sample import NOT_TESTED, sample

FAIL, PASS, WARNING, OTHER = 3, 1, 2, 99


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return [json.loads(line) for line in OcsfRenderer().render(sample()).splitlines()]


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    embedded = OcsfJsonSchemaEmbedded(get_ocsf_schema(VERSION))
    return jsonschema.Draft202012Validator(embedded.get_class_schema("compliance_finding"))


def test_every_event_is_valid_by_the_schema(
    events: list[dict[str, Any]], schema: jsonschema.Draft202012Validator
) -> None:
    assert [error.message for event in events for error in schema.iter_errors(event)] == []


def test_schema_refuses_what_it_does_not_know(
    events: list[dict[str, Any]], schema: jsonschema.Draft202012Validator
) -> None:
    assert not schema.is_valid(events[0] | {"compliant": True})
    assert not schema.is_valid({**events[0], "severity_id": 7})


def test_each_status_has_its_own_number(events: list[dict[str, Any]]) -> None:
    found = {
        (event["compliance"]["status_code"], event["compliance"]["status_id"]) for event in events
    }

    assert found == {
        ("pass", PASS),
        ("fail", FAIL),
        ("error", WARNING),
        ("waived", OTHER),
        ("manual", OTHER),
        ("not_applicable", OTHER),
        ("not_tested", OTHER),
    }


def test_events_are_as_many_as_findings_and_checks_not_tested(
    events: list[dict[str, Any]],
) -> None:
    codes = [event["compliance"]["status_code"] for event in events]

    assert {status: codes.count(status) for status in Status} == sample().counts
    assert codes.count("not_tested") == len(NOT_TESTED)


def test_event_carries_fingerprint_time_resource_and_cause(events: list[dict[str, Any]]) -> None:
    finding = next(f for f in sample().findings if f.action == "s3:GetBucketPolicy")
    event = next(e for e in events if e["finding_info"]["uid"] == finding.fingerprint)

    assert event["time"] == 1_795_154_400_000
    assert event["resources"][0]["name"] == finding.key
    assert event["unmapped"]["cause"] == "denied"
    assert event["unmapped"]["observation"].startswith("sha256:")
    assert event["compliance"]["requirements"] == ["soc2:CC6.1", "iso27001:A.8.3"]
