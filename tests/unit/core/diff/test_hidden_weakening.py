"""Changes of a policy that read as harmless, and are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.catalog.source import read_yaml, validate
from auditor.core.diff.compare import compare
from auditor.core.diff.model import ChangeKind
from auditor.core.diff.weakening import weakenings
from auditor.core.model.control import RequirementMapping
from auditor.core.model.finding import AssertionResult
from auditor.core.model.framework import Framework
from auditor.core.model.parameter import Parameter
from auditor.core.model.period_report import Effect
from auditor.core.model.status import Severity, Status
from tests.unit.core.diff.sides import THINGS, finding, side

LEVEL = {"type": "int", "default": 3, "loosest": 1, "doc": "the level that it needs"}
TAGS = {"type": "list<string>", "default": ["a"], "loosest": ["a", "b"], "doc": "what is let in"}


def effects(was: dict[str, Any], now: dict[str, Any]) -> list[Effect]:
    """Of the differences of a control with other fields; all of them are weak or none."""
    before, after = (side(controls=(THINGS.model_copy(update=u),)) for u in (was, now))
    diff = compare(before, after)
    found = weakenings(diff.policy, before.policy, after.policy, None)
    weak = {id(delta) for one in found for delta in one.deltas}
    assert bool(weak) == any(d.effect in (Effect.LOOSENS, Effect.UNKNOWN) for d in diff.policy)
    return [delta.effect for delta in diff.policy]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (LEVEL, {**LEVEL, "default": 0}),
        (LEVEL, {**LEVEL, "default": 0, "looser": "higher"}),
        (TAGS, {**TAGS, "default": ["a", "b", "c"]}),
    ],
)
def test_a_default_beyond_the_loosest_turns_the_direction_and_is_no_tightening(
    was: dict[str, Any], now: dict[str, Any]
) -> None:
    before, after = ({"parameters": {"least": Parameter.model_validate(p)}} for p in (was, now))
    assert Effect.TIGHTENS not in effects(before, after)
    assert Effect.UNKNOWN in effects(before, after)


def absorbing(text: str) -> dict[str, Any]:
    (check,) = THINGS.checks
    own = check.assert_[0].model_copy(update={"absorbs": text})
    return {"checks": (check.model_copy(update={"assert_": (own, *check.assert_[1:])}),)}


def test_leave_to_absorb_what_cannot_be_read_loosens() -> None:
    assert effects(absorbing(""), absorbing("the term is of no account")) == [Effect.LOOSENS]
    assert effects(absorbing("the term is of no account"), absorbing("")) == [Effect.TIGHTENS]
    assert effects(absorbing("one reason"), absorbing("another")) == [Effect.NEUTRAL]


def test_what_absorbs_is_judged_by_another_policy() -> None:
    old, new = (THINGS.model_copy(update=absorbing(text)) for text in ("", "of no account"))
    before = side(finding("a", Status.FAIL), controls=(old,))
    (change,) = compare(before, side(finding("a"), controls=(new,))).changes
    assert (change.kind, change.why) == (ChangeKind.INCOMPARABLE, "judged by another policy")


def test_a_stronger_claim_does_not_cover_what_the_mapping_requires_no_more() -> None:
    def mapped(**values: object) -> dict[str, Any]:
        return {"maps": {"soc2": (RequirementMapping.model_validate({"id": "CC6.1", **values}),)}}

    strict = mapped(strength="supporting", requires={"least": ">= 3"})
    assert effects(strict, mapped(strength="full")) == [Effect.UNKNOWN]
    assert effects(mapped(strength="supporting"), mapped(strength="full")) == [Effect.TIGHTENS]


def failing(*names: str, status: Status = Status.FAIL) -> Any:
    results = tuple(
        AssertionResult(name, "false" if name in names else "true", Severity.HIGH)
        for name in ("encrypted", "logged")
    )
    return finding("a", status, assertions=results)


def test_a_second_failure_does_not_hide_behind_the_first() -> None:
    (change,) = compare(side(failing("logged")), side(failing("logged", "encrypted"))).changes
    assert (change.kind, change.is_new_failure) == (ChangeKind.NEW, True)
    assert change.why == "fails encrypted as well"


def test_failing_less_or_the_same_is_no_change() -> None:
    assert compare(side(failing("logged")), side(failing("logged"))).changes == ()
    assert compare(side(failing("logged", "encrypted")), side(failing("logged"))).changes == ()
    waived = [
        side(failing(*names, status=Status.WAIVED)) for names in (("logged",), ("encrypted",))
    ]
    assert compare(*waived).changes == ()


@pytest.mark.parametrize(
    ("was", "now", "effect"),
    [
        ("daily", "yearly", Effect.LOOSENS),
        ("yearly", "continuous", Effect.TIGHTENS),
        ("monthly", "on_event", Effect.UNKNOWN),
    ],
)
def test_a_rarer_control_has_smaller_samples(was: str, now: str, effect: Effect) -> None:
    assert effects({"frequency": was}, {"frequency": now}) == [effect]


SOC2 = Path(__file__).parents[4] / "controls" / "frameworks" / "soc2.yaml"


def digest_of(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What an approval of the one weaker part names."""
    one, other = side(**before), side(**after)
    found = weakenings(compare(one, other).policy, one.policy, other.policy, None)
    (weakening,) = found
    return weakening.digest


def test_an_approval_of_one_edit_of_a_framework_is_of_no_other() -> None:
    soc2 = validate(read_yaml(SOC2, "soc2.yaml"), Framework)
    edits = [soc2.model_copy(update={"title": title}) for title in ("another", "a third")]
    digests = {digest_of({"frameworks": (soc2,)}, {"frameworks": (edit,)}) for edit in edits}
    assert len(digests) == 2


def test_an_approval_of_another_environment_is_of_what_it_overrides() -> None:
    was: dict[str, Any] = {"environments": ("prod",)}
    now: dict[str, Any] = {"environments": ("prod", "test")}
    overrides = [{"test": {THINGS.id: {"least": value}}} for value in (1, 2)]
    digests = {digest_of(was, now | {"overrides": more}) for more in overrides}
    assert len(digests) == 2


def test_an_approval_of_a_target_out_of_scope_is_of_that_target() -> None:
    target = side().policy.targets[0]
    targets = [replace(target, name="two", settings={"region": name}) for name in ("a", "b")]
    digests = {digest_of({"targets": (target, two)}, {"targets": (target,)}) for two in targets}
    assert len(digests) == 2
