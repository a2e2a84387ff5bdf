"""Lists of several requests, lists asked for once, and calls made for so many ids at a time."""

from __future__ import annotations

import pytest
from botocore.session import Session
from pydantic import JsonValue

from auditor.collectors.aws.enrich import filled_params
from auditor.collectors.aws.loader import load_catalogue, parse_catalogue
from auditor.collectors.aws.modelcheck import check_against_botocore
from auditor.collectors.aws.planned import planned_calls
from auditor.collectors.aws.settings import AwsSettings
from auditor.errors import DefinitionError

_DETECTOR = """
service: guardduty
types:
  aws.guardduty.thing:
    title: Thing
    scope: regional
    list: {operation: ListDetectors, items: DetectorIds, variants: [{MaxResults: 1}]}
    key: id
    fields:
      id: {type: string}
    enrich:
      - operation: ListFindings
        from: {DetectorId: "@"}
        fields:
          ids: {path: FindingIds, type: list<string>}
      - operation: GetFindings
        from: {DetectorId: "@"}
        chunks: {FindingIds: ids}
        fields:
          found: {path: "answers[].Findings[].Id", type: list<string>}
"""


def _problems(text: str) -> str:
    try:
        types = parse_catalogue({"_shapes.yaml": "shapes: {}\n", "guardduty.yaml": text})
        check_against_botocore(types.values(), Session())
    except DefinitionError as error:
        return str(error)
    return ""


def test_chunks_and_variants_fit_the_models() -> None:
    assert _problems(_DETECTOR) == ""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{MaxResults: 1}", "{MaxResult: 1}", "no parameter 'MaxResult'"),
        ("{FindingIds: ids}", "{FindingId: ids}", "no parameter 'FindingId'"),
        ("{FindingIds: ids}", "{FindingIds: idx}", "'idx' is no field"),
        ("answers[].Findings", "answers[].Finding", "no 'Finding'"),
        ("answers[].Findings[].Id", "answer", "no 'answer'"),
        (
            "chunks: {FindingIds: ids}",
            "chunks: {FindingIds: ids}\n        absent: {X: {found: []}}",
            "do not go together",
        ),
        ("chunks: {FindingIds: ids}", "chunk_size: 5", "parameter 'FindingIds' is required"),
    ],
)
def test_what_does_not_fit_is_named(old: str, new: str, expected: str) -> None:
    assert old in _DETECTOR
    assert expected in _problems(_DETECTOR.replace(old, new))


def _planned(name: str, *regions: str) -> dict[str, int | None]:
    settings = AwsSettings(regions=list(regions)) if regions else AwsSettings()
    calls = planned_calls([load_catalogue()[name]], settings)
    return {call.request: call.times for call in calls}


def test_each_variant_is_a_request_in_each_region() -> None:
    events = "aws.cloudtrail.privileged_event"
    assert _planned(events, "eu-west-1", "us-east-1")["cloudtrail:LookupEvents"] == 10
    assert _planned(events)["cloudtrail:LookupEvents"] is None


def test_what_is_the_same_in_every_region_is_asked_for_once() -> None:
    assert _planned("aws.account.region", "eu-west-1", "us-east-1")["account:ListRegions"] == 1
    assert _planned("aws.account.region")["account:ListRegions"] == 1


def test_the_account_is_filled_in_lists_too() -> None:
    params: dict[str, JsonValue] = {"one": "{account}", "many": ["{account}", "x"], "other": 1}
    filled = filled_params(params, {"account": "111122223333"})
    assert filled == {"one": "111122223333", "many": ["111122223333", "x"], "other": 1}
