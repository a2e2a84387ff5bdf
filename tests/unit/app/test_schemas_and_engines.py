"""The published schemas are schemas, and an engine that does not exist is an error."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from auditor.app.engine import make_engine
from auditor.app.schemas import FORMATS, schema_text
from auditor.errors import UsageError


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_published_schema_is_one_and_names_its_draft(name: str) -> None:
    document = json.loads(schema_text(name))
    Draft202012Validator.check_schema(document)
    assert document["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def test_a_schema_refuses_what_its_format_refuses() -> None:
    validator = Draft202012Validator(json.loads(schema_text("waiver-1")))
    assert not validator.is_valid({"id": "W-1"})


def test_an_engine_that_does_not_exist_is_an_error_that_lists_those_that_do() -> None:
    with pytest.raises(UsageError, match="cel-cpp"):
        make_engine("rego")
