"""Whether two runs judged a check by the same policy: words may differ, what decides may not."""

from __future__ import annotations

from auditor.core.model.control import Check
from auditor.core.model.policy import Policy

Meaning = tuple[object, ...]


class Meanings:
    """The meanings of the checks of two policies, each compared once."""

    def __init__(self, before: Policy, after: Policy) -> None:
        self._policies = before, after
        self._controls = tuple({c.id: c for c in policy.controls} for policy in self._policies)
        self._same: dict[tuple[str, str, str], bool] = {}

    def are_same(self, control: str, check: str, environment: str) -> bool:
        """True when both policies have the check, with equal meaning and parameters."""
        key = (control, check, environment)
        if key not in self._same:
            was, now = (self._meaning(side, *key) for side in (0, 1))
            self._same[key] = was is not None and was == now
        return self._same[key]

    def _meaning(self, side: int, control: str, check: str, environment: str) -> Meaning | None:
        policy, found = self._policies[side], self._controls[side].get(control)
        if found is None:
            return None
        chosen = next((one for one in found.checks if one.id == check), None)
        if chosen is None:
            return None
        return _decides(chosen), policy.parameters(environment, found)


def _decides(check: Check) -> Meaning:
    """The fields of a check that can change a verdict."""
    return (
        check.collector,
        check.resource,
        check.query,
        check.scope,
        check.when,
        check.key,
        check.population,
        check.freshness,
        tuple((a.id, a.expr, a.severity, bool(a.absorbs)) for a in check.assert_),
    )
