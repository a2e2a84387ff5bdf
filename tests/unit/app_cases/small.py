"""A control on things that are closed, with cases, for tests of what cases can show."""

from __future__ import annotations

from pathlib import Path

from auditor.app.cases.run import CaseRunner, ControlRun
from auditor.catalog.library import LoadedControl
from tests.unit.lint.library import ENGINE, THING, load

CONTROL = """\
id: things
title: Things are closed
statement: Every thing that there is must be closed at all times.
owner: {role: head-of-things}
nature: {type: preventive, execution: automated}
frequency: continuous
evaluate: {every: 24h, gap_tolerance: 6h}
maps: {}
checks:
  - id: thing
    title: Things are closed
    collector: demo
    resource: demo.thing
    when: resource.live
    key: resource.name
    population:
      on_empty: error
      reconcile: {expr: size(resources) == facts.count, why: everything that is counted is there}
    freshness: 24h
    assert:
      - id: closed
        expr: resource.size <= 1
        severity: high
        message: "{resource.name} is open"
    remediation: {text: close the thing, cli: thing close NAME}
    verify_by_hand: thing show NAME
"""
CASES = """\
# What things may look like.
- name: everything as it should be
  now: 2026-03-31T12:00:00Z
  evidence:
    thing:
      facts: {count: 1}
      resources:
        - {name: a, live: true, created_at: '2026-01-01T00:00:00Z', note: null, size: 1, share: '1',
           alias_name: null, for: x, x-odd: 1, in: x, names: null, tags: {}, grid: [], extra: 1,
           owner: null, rules: []}
  expect:
    control: pass
    findings: {thing/a: pass}
- name: an open one
  extends: everything as it should be
  patch: {thing: {0: {size: 2}}}
  expect:
    control: fail   # it is open
    findings:
      thing/a: 'fail'
- name: a dead one
  extends: everything as it should be
  patch: {thing: {0: {live: false}}}
  expect: {control: not_applicable, findings: {thing/a: not_applicable}}
"""
TYPES = {"demo.thing": THING}


def loaded(folder: Path, control: str = CONTROL, cases: str | None = CASES) -> LoadedControl:
    return load(folder, control, cases).controls["things"]


def runner() -> CaseRunner:
    return CaseRunner(TYPES, ENGINE)


def run(folder: Path, control: str = CONTROL, cases: str = CASES) -> ControlRun:
    """The control's cases with coverage and mutation."""
    return runner().run(loaded(folder, control, cases), coverage=True, mutation=True)
