"""Mutation: a verdict that does not depend on what was read is found, or excused by a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.app.cases.damage import Damage, Kind, damages
from auditor.app.cases.mutation import Tally
from auditor.catalog.types.examined import Read
from auditor.core.model.fields import FieldType, ListOf, MapOf, Scalar
from auditor.core.model.observation import Resource
from tests.unit.app_cases.small import CASES, CONTROL, run
from tests.unit.lint.library import changed

CLOSED = "expr: resource.size <= 1"
VERIFY = "verify_by_hand: thing show NAME"


def tally(folder: Path, control: str = CONTROL, cases: str = CASES) -> Tally:
    counted = run(folder, control, cases).tally
    assert counted is not None
    return counted


def test_a_verdict_that_reads_its_fields_kills_every_mutant(tmp_path: Path) -> None:
    counted = tally(tmp_path)
    # name: 5 kinds, live and size: 4 each; the fact count: 4.
    assert (counted.killed, counted.excused, counted.survived) == (17, 0, [])
    assert counted.complete


def test_a_value_that_no_case_shows_to_matter_survives(tmp_path: Path) -> None:
    control = changed({CLOSED: f'{CLOSED} && resource.note != "bad"'}, CONTROL)
    counted = tally(tmp_path, control)
    assert counted.survived == ["thing: note emptied (in every case)"]
    assert not counted.complete


def test_a_case_that_shows_it_kills_it(tmp_path: Path) -> None:
    control = changed({CLOSED: f'{CLOSED} && resource.note != "bad"'}, CONTROL)
    cases = (
        CASES
        + """\
- name: a bad note
  extends: everything as it should be
  patch: {thing: {0: {note: bad}}}
  expect: {control: fail}
"""
    )
    assert tally(tmp_path, control, cases).survived == []


def test_a_reason_on_the_check_excuses_an_allowed_value_only(tmp_path: Path) -> None:
    irrelevant = VERIFY + "\n    irrelevant: {note: only one word is bad, size: it is small}"
    changes = {CLOSED: f'{CLOSED} && resource.note != "bad"', VERIFY: irrelevant}
    counted = tally(tmp_path, changed(changes, CONTROL))
    assert counted.survived == []
    assert counted.excused > 0
    assert counted.unused == ["thing: `irrelevant` size excuses nothing"]
    assert not counted.complete


def test_a_term_that_absorbs_an_error_survives_unless_every_reader_says_so(tmp_path: Path) -> None:
    absorbing = (
        'expr: resource.size <= 1 || resource.for == "y"\n        absorbs: small things are closed'
    )
    counted = tally(tmp_path, changed({CLOSED: absorbing}, CONTROL))
    assert counted.excused > 0
    assert counted.survived == []


def test_a_resource_of_no_case_that_passes_or_fails_has_no_mutants(tmp_path: Path) -> None:
    cases = changed({"size: 1,": "size: x,", "size: 2": "size: y"}, CASES)
    counted = tally(tmp_path, CONTROL, cases.replace("pass", "error").replace("fail", "error"))
    assert counted.survived == []


def read(path: str, of: FieldType | None, *, nullable: bool = False) -> Read:
    return Read(("resource", *path.split(".")), of, nullable, False, False, 0)  # noqa: FBT003


@pytest.mark.parametrize(
    ("path", "of", "kind", "after"),
    [
        ("a", Scalar("string"), Kind.REMOVED, {"l": [{"x": 1}, {"x": 2}], "m": {"k": 1}}),
        ("a", Scalar("string"), Kind.RETYPED, {"a": 7}),
        ("a", Scalar("string"), Kind.EMPTIED, {"a": ""}),
        ("l.[].x", Scalar("int"), Kind.REMOVED, {"l": [{}, {}]}),
        ("l.[].x", Scalar("int"), Kind.NULLED, {"l": [{"x": None}, {"x": None}]}),
        ("l.[]", Scalar("int"), Kind.NULLED, {"l": [None, None]}),
        ("l", ListOf(Scalar("int")), Kind.EMPTIED, {"l": []}),
        ("m", MapOf(Scalar("int")), Kind.EMPTIED, {"m": {}}),
        ("m.{}", Scalar("int"), Kind.RETYPED, {"m": {"k": "not of the declared type"}}),
        ("a.b.c", Scalar("int"), Kind.NULLED, {}),
        ("gone", Scalar("int"), Kind.NULLED, {}),
        ("a.[]", Scalar("int"), Kind.NULLED, {}),
    ],
)
def test_damage_reaches_its_field_and_nothing_else(
    path: str, of: FieldType, kind: Kind, after: dict[str, object]
) -> None:
    data = {"a": "x", "l": [{"x": 1}, {"x": 2}], "m": {"k": 1}}
    damaged = Damage(tuple(path.split(".")), kind, broken=True).apply(Resource(data), of)
    expected = after if kind is Kind.REMOVED and path == "a" else {**data, **after}
    assert damaged.data == expected
    assert damaged.unread == {}


def test_a_denied_field_is_unread_and_one_that_was_not_read_stays_as_it_was() -> None:
    deny = Damage(("a", "b"), Kind.DENIED, broken=True)
    damaged = deny.apply(Resource({"a": {"b": 1, "c": 2}}), Scalar("int"))
    assert damaged.data == {"a": {"c": 2}}
    assert set(damaged.unread) == {"a.b"}
    untouched = Resource({"a": {"c": 2}})
    assert deny.apply(untouched, Scalar("int")) is untouched


def test_which_damage_is_broken_evidence_follows_from_the_declaration() -> None:
    def kinds(made: Read) -> dict[str, bool]:
        return {damage.kind.value: damage.broken for damage in damages(made)}

    assert kinds(read("a", Scalar("int"))) == {
        "removed": True,
        "nulled": True,
        "retyped": True,
        "denied": True,
    }
    assert kinds(read("a", Scalar("string"), nullable=True)) == {
        "removed": True,  # absent without a reason is unread, also where null is allowed
        "nulled": False,
        "retyped": True,
        "emptied": False,
        "denied": True,
    }
    assert kinds(read("l.[].x", Scalar("int"), nullable=True)) == {
        "removed": False,
        "nulled": False,
        "retyped": True,
    }
    assert kinds(read("any", Scalar("any"))) == {"removed": True, "nulled": False, "denied": True}
