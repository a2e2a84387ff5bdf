"""NIST's JSON Schemas of OSCAL, with their patterns read as they are meant.

They use `\\p{L}`, which ECMAScript knows and Python does not; RE2 does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import re2  # type: ignore[import-untyped] # ships no types

FOLDER = Path(__file__).parents[2] / "vectors" / "schemas"


def oscal_validator(model: str) -> Any:
    """The validator of `assessment-results` or `poam`."""
    base = jsonschema.Draft7Validator
    kind: Any = jsonschema.validators.extend(base, {"pattern": _pattern})  # type: ignore[no-untyped-call] # of its stubs
    return kind(json.loads((FOLDER / f"oscal_{model}_schema.json").read_text("utf-8")))


def _pattern(
    _validator: object, pattern: str, text: object, _schema: object
) -> Iterator[jsonschema.ValidationError]:
    if isinstance(text, str) and re2.search(pattern, text) is None:
        yield jsonschema.ValidationError(f"{text!r} does not match {pattern!r}")
