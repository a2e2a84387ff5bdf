"""Each rule finds its own fault, at its place, and nothing in the control without faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.catalog.library import CatalogueEntry
from auditor.catalog.lint import RULES, LintContext, lint, split_place
from tests.unit.lint.library import ENGINE, GOOD, THING, changed, found, load
from tests.unit.lint.query_faults import QUERY_FAULTS

CHECK_END = "    verify_by_hand: thing show NAME\n"
YOUNG = "expr: now - resource.created_at <= param.max_age"
NOTED = """expr: 'resource.note == null ? true : resource.note != "bad"'"""
OTHER_CHECK = GOOD[GOOD.index("  - id: thing\n") :].replace("id: thing\n", "id: other\n")

# The rule, a change that breaks it, and the text that the place points at.
FAULTS: list[tuple[str, Mapping[str, str], str]] = [
    ("unique-ids", {"- id: closed": "- id: young"}, "- id: young"),
    ("unique-ids", {CHECK_END: CHECK_END + OTHER_CHECK.replace("other", "thing")}, "- id: thing"),
    ("known-resource", {"collector: demo": "collector: dema"}, "dema"),
    ("requirements", {'id: "CC6.1"': 'id: "CC6.7"'}, '{id: "CC6.7"'),
    ("requires", {'"<= 30d"': '"<= 6d"'}, "{max_age"),
    ("partial-gap", {"strength: full": "strength: partial"}, '{id: "CC6.1"'),
    ("quoted-id", {'"CC6.1"': "CC6.1"}, "CC6.1"),
    ("loosest", {"default: 7d, loosest: 30d": "default: 7d"}, "max_age"),
    ("unused-parameter", {YOUNG: "expr: resource.created_at < now"}, "max_age"),
    ("compiles", {YOUNG: f"{YOUNG} &&"}, "&\n"),
    ("compiles", {YOUNG: "expr: now - resource.created_at <= param.max_age == nowe"}, "nowe"),
    ("known-field", {YOUNG: "expr: now - resource.craeted_at <= param.max_age"}, "craeted_at"),
    ("known-field", {"r.from_port == null": "r.from_prot == null"}, "from_prot"),
    ("known-field", {"facts.count": "facts.cuont"}, "cuont"),
    ("known-field", {NOTED: "expr: resource.size in param.prots"}, "prots"),
    ("known-field", {"{resource.name} is old": "{resource.name} is {resource.old}"}, '"{resource'),
    ("known-field", {"{resource.name} is old": "{resource.name} is {resorce.size}"}, '"{resource'),
    ("known-field", {NOTED: "expr: has(resource.wings)"}, "wings"),
    ("types", {NOTED: "expr: resource.size == '1'"}, "=="),
    ("types", {NOTED: "expr: resource.name < now"}, "<"),
    ("types", {"key: resource.name": "key: size(resource.name)"}, "size"),
    ("types", {"expected: inventory.names": "expected: resources"}, "resources"),
    ("types", {NOTED: "expr: resource.note"}, "resource.note"),
    ("never-null", {NOTED: "expr: resource.size != null"}, "size"),
    ("never-null", {NOTED: "expr: has(resource.size)"}, "size"),
    ("message", {"{resource.name} is old": "{resource.size} is old"}, '"{resource.size}'),
    ("absorbs", {YOUNG: f"{YOUNG} || resource.live"}, "now - "),
    ("absorbs", {YOUNG: f"{YOUNG} && resource.rules.exists(r, r.cidr == '')"}, "now - "),
    (
        "absorbs-elsewhere",
        {"when: resource.live": "when: resource.live || resource.size > 0"},
        "resource.live",
    ),
    (
        "absorbs-elsewhere",
        {"inventory.names": "'resources.exists(r, r.live) ? [] : []'"},
        "resources",
    ),
    ("vacuous", {"size(resource.rules) > 0\n          && ": ""}, "all"),
    ("vacuous", {NOTED: """expr: '!resource.rules.exists(r, r.cidr == "")'"""}, "exists"),
    ("key", {"key: resource.name": "key: resource.alias_name"}, "alias_name"),
    ("key", {"key: resource.name": "key: string(resource.size)"}, "string"),
    (
        "population-has",
        {
            "expected: inventory.names": (
                "expected: resources.filter(r, has(r.alias_name)).map(r, r.name)"
            )
        },
        "has(r.alias_name)",
    ),
    ("freshness", {"freshness: 24h": "freshness: 31h"}, "31h"),
    (
        "pass-stated",
        {"      expected: inventory.names\n": "", "reconcile": "# reconcile"},
        "pass_stated",
    ),
    (
        "schedule",
        {"expected: inventory.names": "schedule: {every: 24h, window: param.max_age, at: now}"},
        "{every: 24h, w",
    ),
    ("reads-resource", {YOUNG: "expr: now - now <= param.max_age"}, "now - now"),
    ("when-repeats", {NOTED: "expr: resource.live"}, "resource.live\n        severity: low"),
    (
        "severity",
        {"severity: high": "severity: info", "severity: low": "severity: info"},
        "- id: young",
    ),
    ("remediation", {", cli: thing close NAME": ""}, "{text: close"),
    ("unfinished", {"verify_by_hand: thing": "verify_by_hand: TODO thing"}, "TODO"),
    ("unfinished", {"title: Things are ok\nstatement": "title: FIXME it\nstatement"}, "FIXME"),
]
FAULTS += [
    ("requirements", {"  soc2:": "  soc3:"}, "soc3"),
    ("requires", {'max_age: "<= 30d"': 'max_agg: "<= 30d"'}, "{max_agg"),
    ("requires", {"<= 30d": "below 30d"}, "{max_age"),
    ("dependencies", {"pass_stated": "pass_stated\n      depends_on: [nothing]"}, "[nothing]"),
    ("dependencies", {"pass_stated": "pass_stated\n      depends_on: [thing]"}, "[thing]"),
    (
        "redacted-in-message",
        {"{resource.name} is old": "{resource.name} of {resource.holder.mail} is old"},
        '"{resource.name} of',
    ),
    (
        "redacted-in-message",
        {"{resource.name} is old": "{resource.name} of {resource.holder} is old"},
        '"{resource.name} of',
    ),
    (
        "redacted-in-message",
        {"{resource.name} is old": "{resource.name} with {resource.stamp_id}"},
        '"{resource.name} with',
    ),
    ("redacted-in-key", {"key: resource.name": "key: resource.stamp_id"}, "stamp_id"),
    (
        "redacted-in-key",
        {"expected: inventory.names": "expected: resources.map(r, r.holder.mail)"},
        "mail",
    ),
]


def test_a_good_control_has_no_diagnostics(tmp_path: Path) -> None:
    assert found(load(tmp_path)) == []


@pytest.mark.parametrize(
    ("rule", "changes", "pointed"), FAULTS, ids=[f"{n}-{f[0]}" for n, f in enumerate(FAULTS)]
)
def test_a_fault_is_found_by_its_rule_at_its_place(
    tmp_path: Path, rule: str, changes: Mapping[str, str], pointed: str
) -> None:
    text = changed(changes)
    diagnostics = found(load(tmp_path, text))
    assert {d.rule.id for d in diagnostics} == {rule}, [str(d) for d in diagnostics]
    _file, line, column = split_place(diagnostics[0].problem.where)
    at = sum(len(row) for row in text.splitlines(keepends=True)[: line - 1]) + column - 1
    assert text[at:].startswith(pointed), text[at : at + 30]


def test_a_control_without_cases_is_named(tmp_path: Path) -> None:
    diagnostics = found(load(tmp_path, cases=None))
    assert [d.rule.id for d in diagnostics] == ["cases"]


def test_a_check_without_evidence_in_any_case_is_named(tmp_path: Path) -> None:
    cases = "- {name: nothing here, now: 2026-03-31T12:00:00Z}\n"
    diagnostics = found(load(tmp_path, cases=cases))
    assert [d.rule.id for d in diagnostics] == ["check-cases"]


def test_every_rule_has_a_fault_here() -> None:
    shown = {fault[0] for fault in [*FAULTS, *QUERY_FAULTS]}
    shown |= {"cases", "check-cases", "catalogue", "catalogue-once"}
    assert {rule.id for rule in RULES} == shown


# What looks like a fault and is none.
RIGHT: list[Mapping[str, str]] = [
    {"{resource.name} is old": "{resource.name} on {resource.holder.floor} is old"},
    {"expected: inventory.names": "expected: resources.map(r, string(r.holder.floor))"},
    {NOTED: f"{NOTED}\n        absorbs: it does not matter here"},
    {YOUNG: f"{YOUNG} || resource.live\n        absorbs: a thing that lives may be old"},
    {"size(resource.rules) > 0\n          && ": "0 < resource.rules.size()\n          && "},
    {"size(resource.rules) > 0\n          && ": "resource.rules.size() >= 1\n          && "},
    {"size(resource.rules) > 0\n          && ": "size(resource.rules) != 0\n          && "},
    {"size(resource.rules) > 0\n          && ": "size(resource.rules) == 0 ? false :\n          "},
    {"size(resource.rules) > 0\n          && ": "!(size(resource.rules) == 0)\n          && "},
    {NOTED: "expr: param.ports.all(p, p != resource.size)"},
    {NOTED: "expr: '[1, 2].all(p, p != resource.size)'"},
    {NOTED: "expr: size(resource.rules.filter(r, r.cidr == '')) == 0"},
    {
        "size(resource.rules) > 0\n          && ": "",
        "severity: info": "severity: info\n        vacuous: a thing without rules is closed",
    },
    {
        "inventory.names": (
            '"resources.exists(r, r.live) ? [] : []"\n      absorbs: one that lives is enough'
        )
    },
    {
        "expected: inventory.names": (
            "schedule: {every: 24h, window: param.max_age, at: now}\n      on_missing: fail"
        )
    },
    {"{resource.name} is old": "{resource.for} of {resource.name} is old"},
]


@pytest.mark.parametrize("changes", RIGHT, ids=range(len(RIGHT)))
def test_what_is_right_is_left_alone(tmp_path: Path, changes: Mapping[str, str]) -> None:
    assert [str(d) for d in found(load(tmp_path, changed(changes)))] == []


def catalogue(**more: str) -> CatalogueEntry:
    row = {"severity": "high", "on_empty": "pass_stated", "freshness": "24h"} | more
    return CatalogueEntry(
        id="demo.thing.closed",
        title="Closed",
        collector="demo",
        soc2=(),
        iso27001=(),
        equivalents=(),
        **row,
    )


def against(
    folder: Path, entry: CatalogueEntry, changes: Mapping[str, str] | None = None
) -> list[str]:
    """What lint says of the control, which names an entry, beside a catalogue of one."""
    named = {"    collector: demo": "    catalogue: demo.thing.closed\n    collector: demo"}
    library = load(folder, changed({**named, **(changes or {})}))
    whole = replace(library, catalogue={entry.id: entry})
    return [f"{d.rule.id}: {d.problem.message}" for d in found(whole)]


def test_a_check_that_follows_its_catalogue_entry_is_right(tmp_path: Path) -> None:
    assert against(tmp_path, catalogue()) == []


def test_a_departure_from_the_catalogue_is_named(tmp_path: Path) -> None:
    (said,) = against(tmp_path, catalogue(severity="low", on_empty="fail"))
    assert said == (
        "catalogue: departs from the catalogue: "
        "severity is high, there low; on_empty is pass_stated, there fail"
    )


def test_a_departure_with_a_reason_is_right(tmp_path: Path) -> None:
    text = changed({"    collector: demo": "    catalogue: demo.thing.closed\n    collector: demo"})
    text = changed(
        {"    collector: demo": "    differs: it is worse here\n    collector: demo"}, text
    )
    library = replace(
        load(tmp_path, text), catalogue={"demo.thing.closed": catalogue(severity="low")}
    )
    assert found(library) == []


def test_evidence_as_old_as_the_catalogue_says_is_right(tmp_path: Path) -> None:
    changes = {"freshness: 24h": "freshness: 7d"}
    assert against(tmp_path, catalogue(freshness="7d"), changes) == []


def test_an_unknown_catalogue_entry_is_named(tmp_path: Path) -> None:
    (said,) = against(tmp_path, replace(catalogue(), id="demo.thing.close"))
    assert said == (
        "catalogue: no check `demo.thing.closed` in the catalogue, did you mean `demo.thing.close`?"
    )


def test_a_catalogue_entry_that_two_checks_test_is_named(tmp_path: Path) -> None:
    text = changed({CHECK_END: CHECK_END + OTHER_CHECK})
    text = text.replace(
        "    collector: demo", "    catalogue: demo.thing.closed\n    collector: demo"
    )
    cases = "- {name: nothing here, now: 2026-03-31T12:00:00Z, empty: [thing, other]}\n"
    library = replace(load(tmp_path, text, cases), catalogue={"demo.thing.closed": catalogue()})
    assert [f"{d.rule.id}: {d.problem.message}" for d in found(library)] == [
        "catalogue-once: `demo.thing.closed` is tested already by things/thing"
    ]


def test_two_checks_that_depend_on_each_other_are_a_circle(tmp_path: Path) -> None:
    first = changed({"on_empty: pass_stated": "on_empty: pass_stated\n      depends_on: [other]"})
    other = OTHER_CHECK.replace("pass_stated\n", "pass_stated\n      depends_on: [thing]\n")
    cases = "- {name: nothing here, now: 2026-03-31T12:00:00Z, empty: [thing, other]}\n"
    diagnostics = found(load(tmp_path, first + other, cases))
    assert [d.problem.message for d in diagnostics] == [
        "`thing` depends on itself by way of `other`",
        "`other` depends on itself by way of `thing`",
    ]


def test_a_type_of_another_collector_is_named(tmp_path: Path) -> None:
    library = load(tmp_path, changed({"collector: demo": "collector: other"}))
    context = LintContext(library, {"demo.thing": THING}, frozenset({"demo", "other"}), ENGINE)
    assert [d.problem.message for d in lint(context)] == [
        "`demo.thing` belongs to the collector `demo`"
    ]


def test_an_unknown_resource_type_is_said_once(tmp_path: Path) -> None:
    diagnostics = found(load(tmp_path, changed({"demo.thing": "demo.thong"})))
    assert {d.rule.id for d in diagnostics} == {"known-resource"}
    assert "did you mean `demo.thing`?" in str(diagnostics[0])
