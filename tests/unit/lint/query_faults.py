"""A control with a query that lint finds nothing wrong with, and what breaks each rule."""

from __future__ import annotations

from collections.abc import Mapping

QUERY_CONTROL = """\
id: things
title: Things are ok
statement: Every thing that there is must be ok at all times.
owner: {role: head-of-things}
nature: {type: preventive, execution: automated}
frequency: continuous
evaluate: {every: 24h, gap_tolerance: 6h}
maps:
  soc2: [{id: "CC6.1", strength: full}]
parameters:
  max_age: {type: duration, default: 7d, loosest: 30d, doc: age that a thing may reach}
checks:
  - id: thing
    title: Things are ok
    collector: sql
    resource: sql.old_thing
    query:
      title: Old thing
      text: >-
        SELECT id, note FROM audit_views.things
        WHERE created_at < :before
      count: SELECT count(*) FROM audit_views.things WHERE created_at < :before
      bind: {before: now - param.max_age}
      columns: {id: string, "note?": string}
    key: resource.id
    population:
      on_empty: pass_stated
      reconcile: {expr: size(resources) == facts.count, why: everything that is counted is there}
    freshness: 24h
    assert:
      - id: noted
        expr: "resource.note != null"
        severity: high
        message: "{resource.id} is old and nobody says why"
    remediation: {text: close the thing, cli: thing close NAME}
    verify_by_hand: thing show NAME
"""
COUNT = "count: SELECT count(*) FROM audit_views.things WHERE created_at < :before"

# The rule, a change that breaks it, and the text that the place points at.
QUERY_FAULTS: list[tuple[str, Mapping[str, str], str]] = [
    ("query", {"collector: sql": "collector: demo", "sql.old_thing": "demo.thing"}, "query:"),
    ("query-bind", {"< :before\n      count": "< :befor\n      count"}, ">-"),
    ("query-bind", {COUNT: f"{COUNT} AND id = :id"}, "SELECT count"),
    ("query-bind", {"{before: now": "{after: now, before: now"}, "after"),
    ("query-columns", {"SELECT id, note": "SELECT *"}, ">-"),
    ("query-columns", {"SELECT id, note": "SELECT id, t.*"}, ">-"),
    ("query-whole", {"< :before\n      count": "< :before LIMIT 5\n      count"}, ">-"),
    ("query-whole", {"SELECT id,": "SELECT row_number() OVER (ORDER BY id) AS id,"}, ">-"),
    ("query-count", {"count(*)": "max(id)"}, "SELECT max"),
    (
        "query-count",
        {
            COUNT: "count: SELECT count(*) FROM (SELECT id, note FROM audit_views.things WHERE "
            "created_at < :before) AS same"
        },
        "SELECT count",
    ),
]
