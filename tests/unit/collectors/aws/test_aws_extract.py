"""From answers to fields: types are exact, and what is not there is unread, never null."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from auditor.collectors.aws.extract import Draft, filled, read_fields, to_json
from auditor.collectors.aws.facts import Unreadable
from auditor.collectors.aws.loader import CollectedType, parse_catalogue
from auditor.collectors.aws.settings import AwsSettings
from auditor.core.model.fields import parse_field_type
from auditor.core.model.status import Cause

_FILE = """
service: s3
types:
  aws.s3.thing:
    title: Thing
    scope: global
    list: {operation: ListBuckets, items: Buckets}
    key: name
    fields:
      name: {path: Name, type: string}
      size?: {path: Size, missing: null, type: int}
      weight?: {path: Weight, type: int}
      made: {path: Made, type: timestamp}
      open: {path: Table, at: name, missing: false, type: bool}
      rank: {path: Table, at: name, type: bool}
"""


def _type() -> CollectedType:
    return parse_catalogue({"_shapes.yaml": "shapes: {}", "s3.yaml": _FILE})["aws.s3.thing"]


def _read(item: object) -> Draft:
    draft = Draft(item, "eu-west-1", {"account": "1", "partition": "aws", "region": "eu-west-1"})
    read_fields(draft, _type(), _type().spec.fields, item)
    return draft


def test_fields_of_an_item() -> None:
    moment = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=1)))
    draft = _read({"Name": "a", "Made": moment, "Table": {"a": True}, "Weight": 7})
    assert draft.unread == {}
    assert draft.data == {
        "name": "a",
        "size": None,
        "weight": 7,
        "made": "2026-01-02T02:00:00Z",
        "open": True,
        "rank": True,
    }


@pytest.mark.parametrize(
    ("item", "unread"),
    [
        ({}, {"name", "made", "open", "rank", "weight"}),
        ("text", {"name", "made", "open", "rank", "weight"}),
        (
            {"Name": "a", "Made": "2026-01-01", "Table": {"a": 1}, "Weight": 1},
            {"made", "open", "rank"},
        ),
        (
            {"Name": "a", "Made": "2026-01-01T00:00:00Z", "Size": True, "Table": {}},
            {"size", "rank", "weight"},
        ),
        (
            {"Name": "a", "Made": Unreadable("bad"), "Table": {"b": True}},
            {"made", "rank", "weight"},
        ),
    ],
)
def test_what_is_missing_or_malformed_is_unread(item: object, unread: set[str]) -> None:
    draft = _read(item)
    assert draft.unread.keys() == unread
    assert not draft.data.keys() & unread


def test_what_is_left_out_is_null_only_where_the_catalogue_says_so() -> None:
    draft = _read({"Name": "a"})
    assert draft.data["size"] is None
    assert draft.unread["weight"].cause is Cause.UNPARSABLE
    assert "leaves it out" in draft.unread["weight"].detail


def test_not_in_the_answer_for_all_is_vanished() -> None:
    draft = _read({"Name": "a", "Made": "2026-01-01T00:00:00Z", "Table": {}})
    assert draft.unread["rank"].cause is Cause.VANISHED
    assert draft.data["open"] is False


@pytest.mark.parametrize(
    ("value", "spec"),
    [
        (1.5, "double"),
        (None, "string"),
        (True, "int"),
        ("x", ["string"]),
        ({"a": 1}, "map<string>"),
        ([], "map<string>"),
        ([1], "list<string>"),
        ({"a": None}, {"a": "string"}),
        ([], {"a": "string"}),
        (Unreadable("why"), "string"),
    ],
)
def test_a_value_of_another_type_is_refused(value: object, spec: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text
        to_json(value, parse_field_type(spec))


def test_records_keep_only_their_fields() -> None:
    of = parse_field_type([{"a": "string", "b?": "int"}])
    assert to_json([{"a": "x", "secret": "y"}], of) == [{"a": "x", "b": None}]


def test_templates() -> None:
    moment = datetime(2026, 1, 2, tzinfo=timezone.utc)  # noqa: UP017 - as botocore gives them
    draft = Draft({"N": "n", "M": moment, "F": True}, "r", {"account": "1"})
    assert filled("{account}/{N}@{M}", draft) == "1/n@2026-01-02T00:00:00Z"
    for place in ("{F}", "{X}"):
        with pytest.raises(ValueError, match="expected text"):
            filled(place, draft)


@pytest.mark.parametrize(
    "settings",
    [
        {"regions": []},
        {"regions": "all"},
        {"regions": ["Frankfurt"]},
        {"account": "12"},
        {"role_arn": "auditor"},
        {"secret_key": "x"},
        {"max_attempts": 0},
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AwsSettings.model_validate(settings)


def test_settings_of_a_role() -> None:
    settings = AwsSettings.model_validate(
        {"role_arn": "arn:aws:iam::123456789012:role/audit", "regions": ["us-gov-west-1"]}
    )
    assert settings.regions == ["us-gov-west-1"]
