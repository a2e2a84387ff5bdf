from __future__ import annotations

import subprocess
import sys

import pytest

from auditor.errors import UsageError
from auditor.render.registry import BUILT_IN, format_names, renderer


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_each_format_is_found_under_its_own_name(name: str) -> None:
    found = renderer(name)

    assert found.name == name
    assert found.suffix.startswith(".")
    assert "/" in found.media_type


def test_unknown_format_names_the_nearest_one() -> None:
    with pytest.raises(UsageError) as caught:
        renderer("htlm")

    assert "html" in caught.value.message
    assert caught.value.hint == f"formats: {', '.join(format_names())}"


def test_format_of_a_third_party_is_found_beside_the_built_in_ones() -> None:
    places = {**BUILT_IN, "again": "auditor.render.json_v1:JsonRenderer"}

    assert "again" in format_names(places)
    assert renderer("again", places).media_type == "application/json"


def test_registry_imports_no_format() -> None:
    code = (
        "import sys, auditor.render.registry\n"
        "print([m for m in ('weasyprint', 'rich', 'jinja2') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert out.stdout.strip() == "[]"
