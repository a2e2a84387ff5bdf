"""tests/cases.yaml: cases extend one another, and each mistake is named at its place."""

# ruff: noqa: E501 - tables with one case a line

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from auditor.catalog.cases import Case, load_cases
from auditor.core.model.status import Cause
from auditor.core.times import parse_instant
from auditor.errors import DefinitionError
from tests.unit.catalog.files import write

BASE = """\
- name: good
  now: 2026-03-31T12:00:00Z
  inventory: {names: [a]}
  parameters: {age: 1d}
  evidence:
    thing:
      resources:
        - {name: a, tags: {team: core}, ok: true}
        - {name: b, tags: {}, ok: true}
      facts: {count: 2}
  expect: {control: pass}
"""


def cases(folder: Path, more: str = "", base: str = BASE) -> dict[str, Case]:
    path = write(folder / "things" / "tests" / "cases.yaml", base + more)
    return {case.name: case for case in load_cases(path)}


def refused(folder: Path, more: str, base: str = BASE) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        cases(folder, more, base)
    return [str(problem) for problem in caught.value.problems]


def test_a_case_in_full(tmp_path: Path) -> None:
    made = cases(tmp_path)["good"]
    assert made.now == parse_instant("2026-03-31T12:00:00Z")
    assert (made.environment, made.inventory, made.labels) == ("prod", {"names": ("a",)}, {})
    assert made.parameters == {"age": "1d"}
    assert made.expect.control == "pass"
    assert made.alone is None


def test_a_case_extends_an_earlier_one_and_changes_only_what_it_says(tmp_path: Path) -> None:
    made = cases(
        tmp_path,
        """\
- name: other
  extends: good
  environment: staging
  now: 2026-04-30T12:00:00Z
  labels: {team: web}
  inventory: {}
  parameters: {size: 5}
  expect: {control: fail}
""",
    )
    assert made["other"].evidence == made["good"].evidence
    assert made["other"].parameters == {"age": "1d", "size": 5}
    assert (made["other"].environment, made["other"].inventory) == ("staging", {})
    assert made["other"].now - made["good"].now == timedelta(days=30)
    assert made["other"].expect.control == "fail"


def test_a_patch_reaches_inside_and_leaves_the_base_as_it_was(tmp_path: Path) -> None:
    more = "- name: bad\n  extends: good\n  patch: {thing: {0: {ok: false, tags.team: web, ok2.deep.x: 1}}}\n"
    made = cases(tmp_path, more)
    first = made["bad"].evidence["thing"].resources[0]
    assert first == {"name": "a", "tags": {"team": "web"}, "ok": False, "ok2": {"deep": {"x": 1}}}
    assert made["good"].evidence["thing"].resources[0]["tags"] == {"team": "core"}
    assert made["bad"].evidence["thing"].resources[1] == made["good"].evidence["thing"].resources[1]
    assert made["bad"].evidence["thing"].facts == {"count": 2}


def test_fields_or_resources_are_dropped(tmp_path: Path) -> None:
    made = cases(
        tmp_path,
        """\
- {name: no field, extends: good, drop: {thing: {0: [ok, tags]}}}
- {name: no resource, extends: good, drop: {thing: [0]}}
""",
    )
    assert made["no field"].evidence["thing"].resources[0] == {"name": "a"}
    assert made["no field"].evidence["thing"].resources[1]["ok"] is True
    assert [r["name"] for r in made["no resource"].evidence["thing"].resources] == ["b"]


def test_a_check_is_denied_or_empty(tmp_path: Path) -> None:
    made = cases(
        tmp_path,
        """\
- {name: denied, extends: good, denied: {thing: "demo:Get", other: "demo:List"}}
- {name: empty, extends: good, empty: [thing, other]}
""",
    )
    (gap,) = made["denied"].evidence["thing"].gaps
    assert (gap.cause, gap.action) == (Cause.DENIED, "demo:Get")
    assert made["denied"].evidence["thing"].resources == ()
    assert set(made["denied"].evidence) == {"thing", "other"}
    assert made["empty"].evidence["thing"].resources == ()
    assert made["empty"].evidence["thing"].facts == {"count": 2}
    assert made["empty"].evidence["other"].resources == ()


def test_each_makes_one_case_of_every_flaw(tmp_path: Path) -> None:
    more = "- name: flaws\n  extends: good\n  each: {thing: [{ok: false}, {tags.team: ''}]}\n"
    flaws = [case for case in cases(tmp_path, more).values() if case.alone]
    assert [case.alone for case in flaws] == ["thing", "thing"]
    assert {case.base for case in flaws} == {"good"}
    assert [case.name for case in flaws] == [
        "flaws: thing {'ok': False}",
        "flaws: thing {'tags.team': ''}",
    ]
    assert [case.evidence["thing"].resources[0]["ok"] for case in flaws] == [False, True]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("- name: good\n  extends: good\n", "12:3: two cases are `good`"),
        ("- name: next\n", "12:3: a case that extends no other needs `now`"),
        ("- name: next\n  extends: later\n", "12:3: no earlier case is called 'later'"),
        ("- name: next\n  extends: good\n  patch: {thing: {2: {ok: 1}}}\n", "12:3: patch: thing has no resource 2"),
        ("- name: next\n  extends: good\n  patch: {thing: {-1: {ok: 1}}}\n", "12:3: patch: thing has no resource -1"),
        ("- name: next\n  extends: good\n  patch: {other: {0: {ok: 1}}}\n", "12:3: patch: other has no resource 0"),
        ("- name: next\n  extends: good\n  drop: {other: [0]}\n", "12:3: drop: other has no resource 0"),
        ("- name: next\n  extends: good\n  drop: {thing: [5]}\n", "12:3: drop: thing has no resource 5"),
        ("- name: next\n  extends: good\n  drop: {thing: {5: [ok]}}\n", "12:3: drop: thing has no resource 5"),
        ("- name: next\n  extends: good\n  drop: {thing: {0: [okay]}}\n", "12:3: drop: resource 0 of thing has no field okay"),
        ("- name: next\n  extends: good\n  each: {other: [{ok: 1}]}\n", "12:3: patch: other has no resource 0"),
        ("- name: next\n  extends: good\n  each: {}\n  evidense: {}\n", "15:3: unknown field `evidense`, did you mean `evidence`?"),
        ("- name: next\n  now: 2026-03-31\n", "13:8: now: got '2026-03-31', expected an RFC 3339 time with a zone such as '2026-03-31T12:00:00Z'"),
        ("- name: next\n  extends: good\n  evidence: {thing: {gaps: [{cause: tired}]}}\n", "14:37: cause: Input should be"),
    ],
)  # fmt: skip
def test_every_mistake_is_named_at_its_place(tmp_path: Path, more: str, expected: str) -> None:
    (found,) = refused(tmp_path, more)
    assert found.startswith(f"things/tests/cases.yaml:{expected}")


def test_a_file_that_cannot_be_read_is_a_definition_error(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"things/tests/cases.yaml:1:1: cannot be read"):
        load_cases(tmp_path / "things" / "tests" / "cases.yaml")
