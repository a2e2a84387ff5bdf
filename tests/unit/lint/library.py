"""One control that lint finds nothing wrong with, and libraries made of it with changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auditor.catalog.library import Library, load_library
from auditor.catalog.lint import Diagnostic, LintContext, lint
from auditor.core.expression.cel_cpp import CelCppEngine
from auditor.core.model.fields import Record, parse_field_type
from auditor.core.model.resource_type import ResourceType

GOOD = """\
id: things
title: Things are ok
statement: Every thing that there is must be ok at all times.
owner: {role: head-of-things}
nature: {type: preventive, execution: automated}
frequency: continuous
evaluate: {every: 24h, gap_tolerance: 6h}
maps:
  soc2: [{id: "CC6.1", strength: full, requires: {max_age: "<= 30d"}}]
parameters:
  max_age: {type: duration, default: 7d, loosest: 30d, doc: age that a thing may reach}
  ports: {type: list<int>, default: [22], loosest: [22], looser: fewer, doc: ports to be closed}
checks:
  - id: thing
    title: Things are ok
    collector: demo
    resource: demo.thing
    when: resource.live
    key: resource.name
    population:
      on_empty: pass_stated
      expected: inventory.names
      reconcile: {expr: size(resources) == facts.count, why: everything that is counted is there}
    freshness: 24h
    assert:
      - id: young
        expr: now - resource.created_at <= param.max_age
        severity: high
        message: "{resource.name} is old"
      - id: closed
        expr: >-
          size(resource.rules) > 0
          && resource.rules.all(r,
          r.from_port == null ? false : !(r.from_port in param.ports))
        severity: info
        message: "{resource.name} is open"
      - id: noted
        expr: 'resource.note == null ? true : resource.note != "bad"'
        severity: low
        message: "{resource.name} has a bad note"
    remediation: {text: close the thing, cli: thing close NAME}
    verify_by_hand: thing show NAME
"""
CASES = """\
- name: everything as it should be
  now: 2026-03-31T12:00:00Z
  evidence: {thing: {}}
"""
FRAMEWORK = """\
id: soc2
title: SOC 2
publisher: AICPA
version: "2022"
id_pattern: '^CC[1-9]\\.[1-9]$'
total: 1
groups: [{id: CC6, title: Access, count: 1}]
requirements: [{id: "CC6.1", title: Access is restricted, group: CC6}]
"""


def record(spec: object) -> Record:
    made = parse_field_type(spec)
    assert isinstance(made, Record)
    return made


THING = ResourceType(
    "demo.thing",
    "Thing",
    record(
        {
            "name": "string",
            "live": "bool",
            "created_at": "timestamp",
            "note?": "string",
            "size": "int",
            "share": "double",
            "alias_name?": "string",
            "for": "string",
            "x-odd": "int",
            "in": "string",
            "names?": "list<string>",
            "tags": "map<string>",
            "grid": "list<list<int>>",
            "extra": "any",
            "owner?": {"name": "string"},
            "holder": {"mail": "string", "floor": "int"},
            "stamp_id": "string",
            "rules": [
                {"from_port?": "int", "cidr": "string", "at": "timestamp", "odd-name": "int"}
            ],
        }
    ),
    record({"count": "int"}),
    personal=("holder.mail",),
    token=("stamp_id",),
)
ENGINE = CelCppEngine()


def load(folder: Path, text: str = GOOD, cases: str | None = CASES) -> Library:
    """A library of that one control."""
    place = folder / "library" / "demo" / "things"
    (place / "tests").mkdir(parents=True)
    (place / "control.yaml").write_text(text, "utf-8")
    if cases is not None:
        (place / "tests" / "cases.yaml").write_text(cases, "utf-8")
    (folder / "library" / "frameworks").mkdir()
    (folder / "library" / "frameworks" / "soc2.yaml").write_text(FRAMEWORK, "utf-8")
    return load_library([folder / "library"])


def found(library: Library) -> list[Diagnostic]:
    """What lint says about a library."""
    return lint(LintContext(library, {"demo.thing": THING}, frozenset({"demo"}), ENGINE))


def changed(changes: Mapping[str, str], text: str = GOOD) -> str:
    """The text with each key replaced by its value; each must be there exactly once."""
    for old, new in changes.items():
        assert text.count(old) == 1, (old, text.count(old))
        text = text.replace(old, new)
    return text
