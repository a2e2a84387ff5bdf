"""What a run will judge: every check in scope, on every target in its scope.

The plan is made before anything is read, so that a check which then produces nothing is missed
and printed as not tested, instead of silently absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.core.evaluate.compiled import SCOPE_VARIABLES
from auditor.core.expression.interface import Engine, UndecidedError
from auditor.core.model.control import Check, Control
from auditor.core.model.policy import Policy
from auditor.core.model.target import Target


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """One check on one target."""

    control: Control
    check: Check
    target: Target

    @property
    def path(self) -> str:
        """`control/check`."""
        return f"{self.control.id}/{self.check.id}"


@dataclass(frozen=True, slots=True)
class NotTested:
    """A selected check that nothing will judge, and why."""

    control: str
    check: str
    reason: str

    def to_json(self) -> dict[str, object]:
        """All fields."""
        return {"control": self.control, "check": self.check, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will be judged, and what cannot be."""

    checks: tuple[PlannedCheck, ...]
    not_tested: tuple[NotTested, ...]

    def requests(self) -> dict[str, list[str]]:
        """Target name to the resource types to read from it, each once, sorted."""
        wanted: dict[str, set[str]] = {}
        for planned in self.checks:
            wanted.setdefault(planned.target.name, set()).add(planned.check.resource)
        return {target: sorted(types) for target, types in sorted(wanted.items())}


def make_plan(policy: Policy, engine: Engine) -> Plan:
    """The plan for all controls and targets of a policy."""
    kinds = policy.kinds
    checks: list[PlannedCheck] = []
    not_tested: list[NotTested] = []
    for control in policy.controls:
        for check in control.checks:
            readable = kinds.get(check.collector, ())
            candidates = [t for t in policy.targets if t.kind in readable]
            chosen, reason = _in_scope(check, candidates, engine)
            checks += [PlannedCheck(control, check, target) for target in chosen]
            if not chosen:
                missing = f"no target of kind {' or '.join(readable) or check.collector}"
                why = reason or (missing if not candidates else "no target is in its scope")
                not_tested.append(NotTested(control.id, check.id, why))
    return Plan(tuple(checks), tuple(not_tested))


def _in_scope(check: Check, targets: Sequence[Target], engine: Engine) -> tuple[list[Target], str]:
    """The targets in the check's scope; a scope that cannot be decided includes the target.

    Leaving a target out because a label is missing would narrow the scope in silence; judging it
    is the answer that hides nothing. The sentence says what happened when nothing was chosen.
    """
    expression = engine.compile(check.scope, SCOPE_VARIABLES)
    chosen = []
    for target in targets:
        bound = engine.bind({"target": target.as_variable()}, SCOPE_VARIABLES)
        try:
            if expression.truth(bound).value:
                chosen.append(target)
        except UndecidedError:
            chosen.append(target)
    reason = "" if chosen or not targets else f"scope `{check.scope}` is false for every target"
    return chosen, reason
