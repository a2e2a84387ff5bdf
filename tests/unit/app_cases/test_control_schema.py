"""The JSON Schema of a control: what editors check while somebody writes."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from auditor.app.schemas import schema_text
from auditor.catalog.library import load_library
from auditor.shipped import shipped

SCHEMA = json.loads(schema_text("control-1"))
LIBRARY = load_library([shipped("controls")])


@pytest.mark.parametrize("control_id", sorted(LIBRARY.controls))
def test_every_shipped_control_is_valid(control_id: str) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(LIBRARY.controls[control_id].source.data)


@pytest.mark.parametrize(
    ("field", "wrong"), [("resource", "tls.endpiont"), ("collector", "tsl"), ("vacuous", "why")]
)
def test_a_name_that_does_not_exist_is_refused(field: str, wrong: str) -> None:
    data: Any = LIBRARY.controls["tls-endpoints"].source.data
    first, *others = data["checks"]
    document = {**data, "checks": [{**first, field: wrong}, *others]}
    (error,) = jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)
    assert list(error.absolute_path)[:2] == ["checks", 0]
    assert wrong in error.message or field in error.message
