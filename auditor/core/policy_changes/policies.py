"""Every difference of two policies, and whether it loosens.

A loosened parameter, a narrowed scope or a removed mapping can turn red to green; so each stands
here. Where the direction cannot be told from the values, the answer is `unknown`, never `neutral`.
Controls are in `controls`, waivers in `waivers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.core.model.control import Control
from auditor.core.model.period_report import Effect
from auditor.core.model.policy import Policy
from auditor.core.model.target import Target
from auditor.core.policy_changes.controls import control_changes
from auditor.core.policy_changes.delta import Delta, written
from auditor.core.policy_changes.waivers import waiver_changes


def policy_changes(
    before: Policy,
    after: Policy,
    known: Mapping[str, tuple[Control, Policy]] | None = None,
) -> list[Delta]:
    """Every difference of two policies.

    Args:
        known: Controls as they were last, with their policy, also those that `before` left out.
    """
    return [
        *_controls(before, after, known or {}),
        *_targets(before, after),
        *waiver_changes(before.waivers, after.waivers),
        *_frameworks(before, after),
        *_surroundings(before, after),
    ]


def _controls(
    before: Policy, after: Policy, known: Mapping[str, tuple[Control, Policy]]
) -> Iterator[Delta]:
    old = {control.id: control for control in before.controls}
    new = {control.id: control for control in after.controls}
    for name in sorted(old.keys() - new.keys()):
        yield Delta("control", name, "not judged any more", old[name].title, "", Effect.LOOSENS)
    for name in sorted(new.keys() - old.keys()):
        what = "judged again" if name in known else "judged from now on"
        yield Delta("control", name, what, "", new[name].title, Effect.TIGHTENS)
    for name, control in sorted(new.items()):
        was = (old[name], before) if name in old else known.get(name)
        if was is not None:
            yield from control_changes(was[0], was[1], control, after)


def _targets(before: Policy, after: Policy) -> Iterator[Delta]:
    old = {target.name: target for target in before.targets}
    new = {target.name: target for target in after.targets}
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if now is None and was is not None:
            yield Delta("target", name, "out of scope", _target(was), "", Effect.LOOSENS)
        elif was is None and now is not None:
            yield Delta("target", name, "in scope", "", _target(now), Effect.TIGHTENS)
        elif was != now and was is not None and now is not None:
            yield Delta("target", name, "configured otherwise", written(was.to_json()),
                        written(now.to_json()))  # fmt: skip


def _target(target: Target) -> str:
    return f"{target.kind}, {target.environment}"


def _frameworks(before: Policy, after: Policy) -> Iterator[Delta]:
    old = {framework.id: framework for framework in before.frameworks}
    new = {framework.id: framework for framework in after.frameworks}
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if now is None and was is not None:
            yield Delta("framework", name, "out of scope", was.version, "", Effect.LOOSENS)
        elif was is None and now is not None:
            yield Delta("framework", name, "in scope", "", now.version, Effect.TIGHTENS)
        elif was != now and was is not None and now is not None:
            yield Delta("framework", name, "changed", was.version, now.version)


def _surroundings(before: Policy, after: Policy) -> Iterator[Delta]:
    if before.engine != after.engine:
        yield Delta("engine", "expressions", "another engine", before.engine, after.engine)
    if set(before.environments) != set(after.environments):
        yield Delta("scope", "environments", "changed", written(sorted(before.environments)),
                    written(sorted(after.environments)))  # fmt: skip
    for name in sorted(before.inventory.keys() | after.inventory.keys()):
        members = written(before.inventory.get(name)), written(after.inventory.get(name))
        if members[0] != members[1]:
            yield Delta("inventory", name, "changed", *members)
    for role in sorted(before.owners.keys() | after.owners.keys()):
        was, now = (", ".join(policy.owners.get(role, ())[:1]) for policy in (before, after))
        if was != now:
            yield Delta("ownership", role, "filled by another person", was, now, Effect.NEUTRAL)
    for name in sorted(before.resource_types.keys() & after.resource_types.keys()):
        if before.resource_types[name] != after.resource_types[name]:
            yield Delta("program", name, "the resource type is declared otherwise")
