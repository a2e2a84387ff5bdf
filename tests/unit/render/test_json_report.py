from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from auditor.core.canonical import canonical, digest, indented
from auditor.core.model.finding import Finding
from auditor.render.assessment_document import AssessmentDocument
from auditor.render.json_v1 import JsonRenderer, document_digest
from tests.unit.render.sample import sample

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "schemas" / "assessment-1.json").read_text("utf-8")
)


def _document() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(JsonRenderer().render(sample()))
    return parsed


def test_document_is_valid_by_the_committed_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(_document(), SCHEMA)


def test_unrecorded_run_is_valid_too() -> None:
    document = json.loads(JsonRenderer().render(sample(log=None)))

    jsonschema.validate(document, SCHEMA)
    assert document["ledger"] is None


def test_document_is_valid_by_the_model() -> None:
    document = AssessmentDocument.model_validate(_document())

    assert len(document.findings) == len(sample().findings)


@pytest.mark.parametrize("place", ["", "controls", "findings", "requirements", "waivers"])
def test_unknown_field_is_refused(place: str) -> None:
    document = _document()
    part = document[place][0] if place else document
    part["compliant"] = True

    with pytest.raises(ValidationError):
        AssessmentDocument.model_validate(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


def test_missing_status_in_counts_is_refused() -> None:
    document = _document()
    del document["counts"]["error"]

    with pytest.raises(ValidationError):
        AssessmentDocument.model_validate(document)


def test_keys_are_in_canonical_order_and_the_value_is_unchanged() -> None:
    assessment = sample()
    text = JsonRenderer().render(assessment)

    assert text.endswith(b"}\n")
    assert text.startswith(b'{\n  "controls": [')
    assert json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False).encode() == (
        canonical(assessment.to_json())
    )


def test_findings_can_be_read_back() -> None:
    findings = tuple(Finding.from_json(item) for item in _document()["findings"])

    assert findings == sample().findings


def test_digest_is_that_of_the_document() -> None:
    assert document_digest(sample()) == digest(JsonRenderer().render(sample()))


@pytest.mark.parametrize("number", [0, 1, 999, 1000, 1001, 2500])
def test_many_findings_are_written_piece_by_piece_into_the_same_document(number: int) -> None:
    one = sample().findings[0]
    findings = tuple(replace(one, key=f'k{i}\n  "findings": []') for i in range(number))
    made = replace(sample(), findings=findings)
    assert JsonRenderer().render(made) == indented(made.to_json())
