"""Lint against the catalogue of known checks: follow it or say why, and test each entry once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.catalog.library import load_library
from auditor.catalog.lint import LintContext, lint
from auditor.core.model.resource_type import ResourceType
from tests.unit.catalog.files import CONTROL, library_folder, merged, write
from tests.unit.core.build import ENGINE, FIELDS, record

THING = ResourceType("demo.thing", "Thing", record(FIELDS), record({"count": "int"}))
CATALOGUE = """\
id,title,collector,severity,on_empty,freshness,soc2,iso27001,equivalents
demo.thing,Things,demo,high,error,24h,CC6.1,A.8.5,
demo.slow,Slow things,demo,high,error,11d,,,
"""


def found(folder: Path) -> list[str]:
    """What the rules about the catalogue say of the controls of a folder."""
    write(folder / "catalogue.csv", CATALOGUE)
    context = LintContext(
        library=load_library([folder]),
        resource_types={"demo.thing": THING},
        collectors=frozenset({"demo"}),
        engine=ENGINE,
    )
    wanted = ("catalogue", "catalogue-once")
    return [str(item) for item in lint(context) if item.rule.id in wanted]


def of_check(folder: Path, **check: Any) -> list[str]:
    return found(library_folder(folder / "c", {"checks": {0: check}}))


@pytest.mark.parametrize(
    "check",
    [
        {},
        {"catalogue": "demo.thing"},
        {"catalogue": "demo.thing", "freshness": "1d"},
        {"catalogue": "demo.slow", "freshness": "264h"},
        {"catalogue": "demo.thing", "freshness": "7d", "differs": "things change slowly"},
    ],
)
def test_a_check_that_follows_its_entry_or_says_why_is_left_alone(
    tmp_path: Path, check: dict[str, Any]
) -> None:
    assert of_check(tmp_path, **check) == []


@pytest.mark.parametrize(
    ("check", "departures"),
    [
        ({"freshness": "7d"}, "freshness is 7d, there 1d"),
        ({"population": {"on_empty": "fail"}}, "on_empty is fail, there error"),
        ({"assert": {0: {"severity": "low"}}}, "severity is low, there high"),
        (
            {"freshness": "2d", "assert": {0: {"severity": "info"}}},
            "severity is info, there high; freshness is 2d, there 1d",
        ),
    ],
)
def test_a_departure_without_a_reason_is_an_error(
    tmp_path: Path, check: dict[str, Any], departures: str
) -> None:
    (line,) = of_check(tmp_path, catalogue="demo.thing", **check)
    assert line.startswith("c/area/things/control.yaml:")
    assert line.endswith(f": error[catalogue]: departs from the catalogue: {departures}")


def test_an_unknown_entry_has_its_nearest_name(tmp_path: Path) -> None:
    (line,) = of_check(tmp_path, catalogue="demo.thang")
    assert "error[catalogue]: no check `demo.thang` in the catalogue" in line
    assert "did you mean `demo.thing`?" in line


def test_an_entry_is_tested_by_one_check(tmp_path: Path) -> None:
    folder = library_folder(tmp_path / "c", {"checks": {0: {"catalogue": "demo.thing"}}})
    check = CONTROL["checks"][0] | {"catalogue": "demo.thing"}
    other = merged(CONTROL, {"id": "others"}) | {"checks": [check, check | {"id": "again"}]}
    write(folder / "area" / "others" / "control.yaml", other)
    lines = found(folder)
    assert [line.partition(": ")[2] for line in lines] == [
        "warning[catalogue-once]: `demo.thing` is tested already by things/thing",
        "warning[catalogue-once]: `demo.thing` is tested already by others/thing",
        "warning[catalogue-once]: `demo.thing` is tested already by others/again",
    ]
