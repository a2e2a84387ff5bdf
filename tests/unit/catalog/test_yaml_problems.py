"""Every problem of a control's file is named at its own line and column, with the nearest name."""

# ruff: noqa: E501 - tables with one case a line

from __future__ import annotations

import pytest

from auditor.core.model.control import Control
from tests.unit.catalog.test_yaml_text import problems

GOOD = """\
id: things
title: Things are ok
statement: Every thing that there is must be ok.
owner: {role: head-of-things}
nature: {type: preventive, execution: automated}
frequency: continuous
evaluate: {every: 24h, gap_tolerance: 6h}
maps:
  soc2: [{id: "CC6.1", strength: full}]
parameters:
  age: {type: duration, default: 1d, loosest: 7d, doc: age of a thing}
checks:
  - id: thing
    title: Things are ok
    collector: demo
    resource: demo.thing
    key: resource.name
    population: {on_empty: error}
    freshness: 24h
    assert:
      - {id: ok, expr: resource.ok, severity: high, message: "{resource.name} is not ok"}
    remediation: {text: make the thing ok}
    verify_by_hand: look at it
"""
CHANGES = [
    ("title: Things are ok\nst", "titel: Things are ok\nst", ["f.yaml:1:1: the field `title` is missing", "f.yaml:2:1: unknown field `titel`, did you mean `title`?"]),
    ("{role: head", "{rolle: head", ["f.yaml:4:8: the field `role` is missing", "f.yaml:4:9: unknown field `rolle`, did you mean `role`?"]),
    ("    freshness", "    freshnes", ["f.yaml:13:5: the field `freshness` is missing", "f.yaml:19:5: unknown field `freshnes`, did you mean `freshness`?"]),
    ("on_empty", "empty_on", ["f.yaml:18:17: the field `on_empty` is missing", "f.yaml:18:18: unknown field `empty_on`, did you mean `on_empty`?"]),
    ("severity: high", "severty: high", ["f.yaml:21:9: the field `severity` is missing", "f.yaml:21:37: unknown field `severty`, did you mean `severity`?"]),
    ("loosest: 7d", "losest: 7d", ["f.yaml:11:38: unknown field `losest`, did you mean `loosest`?"]),
    ("strength: full}", "strength: full, zzz: 1}", ["f.yaml:9:40: unknown field `zzz`; known are gap, id, requires, strength"]),
    ('"CC6.1"', "5.30", ["f.yaml:9:15: id: got the number 5.3: put the id in quotes, or YAML turns 5.30 to 5.3"]),
    ('"CC6.1"', "5", ["f.yaml:9:15: id: got the number 5: put the id in quotes, or YAML turns 5.30 to 5.3"]),
    ("every: 24h", "every: 24", ["f.yaml:7:19: every: got 24, expected a number and a unit such as '36h' or '30d'"]),
    ("every: 24h", "every: 1mo", ["f.yaml:7:19: every: got '1mo', expected a number and a unit such as '36h' or '30d'"]),
    ("title: Things are ok\nst", "title: on\nst", ["f.yaml:2:8: title: String should have at least 5 characters (got 'on')"]),
    ("title: Things are ok\nst", "title: 5\nst", ["f.yaml:2:8: title: Input should be a valid string (got 5)"]),
    ("severity: high", "severity: hihg", ["f.yaml:21:47: severity: Input should be 'critical', 'high', 'medium', 'low' or 'info' (got 'hihg')"]),
    ("default: 1d", "looser: higher, default: 30d", ["f.yaml:11:8: age: default '30d' is looser than loosest '7d'"] ),
    ("id: things", "id: Things", [r"f.yaml:1:5: id: String should match pattern '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' (got 'Things')"]),
    ("checks:\n", "checks: []\nx:\n", ["f.yaml:12:9: checks: Tuple should have at least 1 item after validation, not 0", "f.yaml:13:1: unknown field `x`; known are checks, evaluate, frequency, id, maps, nature, owner, parameters, statement, title"]),
    ("    population: {on_empty: error}", "    population:", ["f.yaml:18:16: population: Input should be a valid dictionary or instance of Population (got None)"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES, ids=[new for _, new, _ in CHANGES])
def test_every_problem_of_a_file_is_named_at_its_own_place(
    old: str, new: str, expected: list[str]
) -> None:
    assert problems(GOOD, Control) == []
    assert GOOD.count(old) >= 1
    assert sorted(problems(GOOD.replace(old, new, 1), Control)) == sorted(expected)
