from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from auditor.core.model.period_report import Closing
from auditor.core.model.status import ControlStatus
from auditor.render.period import charts
from tests.unit.render.period.large_period import SINCE, UNTIL, large_period

AXIS = charts.Axis(SINCE, UNTIL)
REPORT = large_period(2)
CONTROL = REPORT.controls[0]
SVG = "{http://www.w3.org/2000/svg}"


def shapes(drawing: str, name: str) -> list[dict[str, str]]:
    root = ET.fromstring(drawing)  # noqa: S314 - drawn by the charts themselves
    return [dict(one.attrib) for one in root.iter(f"{SVG}{name}")]


def test_moments_outside_the_period_stand_at_its_edge() -> None:
    assert AXIS.place(SINCE - timedelta(days=9)) == 0
    assert AXIS.place(UNTIL + timedelta(days=9)) == charts.WIDTH
    assert charts.Axis(SINCE, SINCE).place(SINCE) == 0


def test_quarter_names_its_months_and_a_year_its_quarters() -> None:
    year = charts.Axis(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    names = re.compile(r">([A-Z][a-z]{2}[ 0-9]*)<")

    assert names.findall(charts.months(AXIS)) == ["Jul", "Aug", "Sep"]
    assert names.findall(charts.months(year)) == ["Jan 2026", "Apr", "Jul", "Oct"]


def test_statuses_differ_in_shape_and_not_only_in_colour() -> None:
    drawn = {(one.top, one.high, one.hollow) for one in charts.SHAPES.values()}

    assert len(drawn) == len(charts.SHAPES) == len(ControlStatus) - 1


def test_stretch_without_evidence_is_hatched_and_runs_of_one_status_are_one_mark() -> None:
    series = tuple(replace(point, status=ControlStatus.PASS) for point in CONTROL.series)
    drawing = charts.status_strip(replace(CONTROL, series=series), AXIS)
    green = [one for one in shapes(drawing, "rect") if one["fill"] == "#1d6b3f"]
    gap = [one for one in shapes(drawing, "rect") if one.get("stroke") == "#55606f"]

    assert [one["x"] for one in green] == ["0"]
    assert [int(one["x"]) + int(one["width"]) for one in gap] == [charts.WIDTH]


def test_late_part_is_hatched_and_an_open_finding_has_an_arrow() -> None:
    finding = replace(
        REPORT.findings[0],
        duration=timedelta(days=20),
        target_time=timedelta(days=5),
        closing=Closing.OPEN,
        closed_at=None,
    )
    longest = timedelta(days=20)
    late, closed = charts.fix_strip(finding, longest), replace(finding, closed_at=UNTIL)
    soon = replace(closed, duration=timedelta(days=1))

    assert "#b3261e" in late
    assert "Z" in late
    assert "Z" not in charts.fix_strip(closed, longest)
    assert "#b3261e" not in charts.fix_strip(soon, longest)
    assert "#b3261e" not in charts.fix_strip(replace(closed, target_time=None), longest)


def test_population_line_goes_from_none_to_the_most() -> None:
    few = tuple(
        replace(point, counts={"pass": number}) for number, point in enumerate(CONTROL.series)
    )
    drawing = charts.judged_strip(replace(CONTROL, series=few))
    none = charts.judged_strip(replace(CONTROL, series=()))

    assert f"M0 {charts.HEIGHT - 2}L" in drawing
    assert f"L{charts.WIDTH} 4" in drawing
    assert len(shapes(none, "path")) == 1


def test_what_was_not_read_stands_at_its_time() -> None:
    drawing = charts.unread_strip(REPORT.coverage, AXIS)

    assert [one["x"] for one in shapes(drawing, "rect")] == ["2"]
