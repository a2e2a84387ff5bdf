"""A field that is looked up by each member of a list."""

from __future__ import annotations

import pytest

from auditor.collectors.aws.extract import Draft, read_fields
from auditor.collectors.aws.loader import parse_catalogue
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
      members: {path: Members, type: list<string>}
      zones: {path: Zones, at: members, type: list<string>}
      zones_or_none: {path: Zones, at: members, missing: none, type: list<string>}
"""
_ZONES = {"i-1": "b", "i-2": "a", "i-3": "a"}


def _read(members: object) -> Draft:
    thing = parse_catalogue({"_shapes.yaml": "shapes: {}", "s3.yaml": _FILE})["aws.s3.thing"]
    draft = Draft({}, "eu-west-1", {})
    item = {"Name": "x", "Members": members, "Zones": _ZONES}
    read_fields(draft, thing, thing.spec.fields, item)
    return draft


@pytest.mark.parametrize(
    ("members", "zones"), [(["i-1", "i-2", "i-3"], ["a", "b"]), (["i-3"], ["a"]), ([], [])]
)
def test_what_the_members_have_once_and_sorted(members: list[str], zones: list[str]) -> None:
    assert _read(members).data["zones"] == zones


def test_a_member_that_the_answer_does_not_hold() -> None:
    draft = _read(["i-1", "i-9"])
    assert draft.unread["zones"].cause is Cause.VANISHED
    assert draft.data["zones_or_none"] == ["b", "none"]


def test_members_that_were_not_read() -> None:
    draft = _read(None)
    assert {"members", "zones", "zones_or_none"} == draft.unread.keys()
