"""One check on one resource: `when`, then every assertion, then the finding."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from auditor.core.evaluate.compiled import RESOURCE_VARIABLES, CompiledCheck
from auditor.core.evaluate.view import UnreadError, View
from auditor.core.expression.explain import explain
from auditor.core.expression.interface import Bound, Engine, Expression, UndecidedError
from auditor.core.model.control import Assertion
from auditor.core.model.finding import AssertionResult, Finding
from auditor.core.model.observation import Resource
from auditor.core.model.status import Cause, Severity, Status, worst_severity
from auditor.core.model.target import Target
from auditor.core.times import format_duration, format_instant

_PLACE = re.compile(r"\{([a-z_]+(?:\.[A-Za-z0-9_]+)*)\}", re.ASCII)
_MAX_SHOWN = 120
_MOMENT = frozenset({"now"})


@dataclass(frozen=True, slots=True)
class Frame:
    """What stays the same for all resources of one check on one target.

    Args:
        variables: `param`, `now`, `target`, `facts`, `inventory` as expressions see them.
    """

    control: str
    compiled: CompiledCheck
    target: Target
    engine: Engine
    variables: Mapping[str, object]

    @property
    def severity(self) -> Severity:
        """The worst that this check can find."""
        return worst_severity(a.severity for a in self.compiled.check.assert_)

    def finding(self, key: str, status: Status, **more: object) -> Finding:
        """A finding of this check on this target."""
        severity = more.pop("severity", self.severity)
        return Finding(
            control=self.control,
            check=self.compiled.check.id,
            target=self.target.name,
            environment=self.target.environment,
            resource_type=self.compiled.check.resource,
            key=key,
            status=status,
            severity=severity,  # type: ignore[arg-type]
            **more,  # type: ignore[arg-type]
        )

    def undecided(self, key: str, error: UndecidedError, **more: object) -> Finding:
        """The error finding for an expression that ended in neither true nor false."""
        gap = error.gap if isinstance(error, UnreadError) else None
        return self.finding(
            key,
            Status.ERROR,
            reason=error.detail,
            cause=error.cause,
            action=gap.action if gap else "",
            hint=gap.hint if gap else "",
            **more,
        )


@dataclass(slots=True)
class Judged:
    """A resource in the course of judgement: its finding, and what waivers and slots need of it.

    Args:
        member: Which expected member it covers; its key by default.
        slot: Instant that decides its slot of the schedule, where there is one.
        waivers: For each waiver of the check, by id: matches, or why that is undecided.
    """

    finding: Finding
    key: str
    member: str = ""
    slot: object = None
    waivers: dict[str, bool | str] = field(default_factory=dict)


def judge_resource(
    frame: Frame, resource: Resource, seen: View, index: int, matches: Mapping[str, Expression]
) -> Judged:
    """The verdict on one resource.

    Args:
        index: Its place in the observation: names it when its key cannot be told.
        matches: Compiled `match` of the check's waivers, by waiver id.
    """
    variables = {**frame.variables, "resource": dict(seen.fields)}
    bound = frame.engine.bind(variables, RESOURCE_VARIABLES)
    place = {"uid": resource.uid, "pointer": f"/resources/{index}"}
    try:
        key = text_of(frame.compiled.key, seen, bound)
    except UndecidedError as error:
        return Judged(frame.undecided(f"?{index}", error, **place), "")
    judged = Judged(frame.finding(key, Status.PASS, **place), key, member=key)
    try:
        _place_in_population(frame.compiled, judged, seen, bound)
        if frame.compiled.when is not None and not decided(frame.compiled.when, seen, bound):
            reason = f"not applicable: `{frame.compiled.check.when}` is false"
            judged.finding = frame.finding(key, Status.NOT_APPLICABLE, reason=reason, **place)
            return judged
    except UndecidedError as error:
        judged.finding = frame.undecided(key, error, **place)
        return judged
    results = [_assert(a, e, seen, bound, variables) for a, e in frame.compiled.assertions]
    judged.finding = _conclude(frame, key, results, place)
    for waiver_id, match in matches.items():
        judged.waivers[waiver_id] = _matches(match, seen, bound)
    return judged


def decided(expression: Expression, seen: View, bound: Bound, *, absorbs: bool = False) -> bool:
    """The truth of an expression over a resource.

    Raises:
        UndecidedError: Neither true nor false, or it depends on a field that was not read.
    """
    seen.require_readable(expression, absorbs=absorbs)
    return expression.truth(bound).value


def text_of(expression: Expression, seen: View, bound: Bound) -> str:
    """The text of a key. Anything but a non-empty text is undecided."""
    seen.require_readable(expression)
    value = expression.value(bound)
    if not isinstance(value, str) or not value:
        raise UndecidedError(
            Cause.TYPE_ERROR, f"key `{expression.source}` is {value!r}, expected a non-empty text"
        )
    return value


def _place_in_population(compiled: CompiledCheck, judged: Judged, seen: View, bound: Bound) -> None:
    if compiled.member is not None:
        judged.member = text_of(compiled.member, seen, bound)
    if compiled.slot is not None:
        seen.require_readable(compiled.slot)
        judged.slot = compiled.slot.value(bound)


@dataclass(frozen=True, slots=True)
class _Result:
    """One assertion's outcome, and the error behind an undecided one."""

    result: AssertionResult
    error: UndecidedError | None = None


def _assert(
    assertion: Assertion,
    expression: Expression,
    seen: View,
    bound: Bound,
    variables: Mapping[str, object],
) -> _Result:
    """Evaluate one assertion; a false one gets its message, an undecided one its reason."""
    try:
        seen.require_readable(expression, absorbs=bool(assertion.absorbs))
        truth = expression.truth(bound)
    except UndecidedError as error:
        result = AssertionResult(assertion.id, "undecided", assertion.severity, error.detail)
        return _Result(result, error)
    if truth.value:
        detail = f"absorbed: {'; '.join(truth.absorbed)}" if truth.absorbed else ""
        return _Result(AssertionResult(assertion.id, "true", assertion.severity, detail))
    message = fill(assertion.message, variables)
    trace = explain(expression, variables).short(_MOMENT)
    told = f"{message} ({trace})" if trace else message
    return _Result(AssertionResult(assertion.id, "false", assertion.severity, told))


def _conclude(
    frame: Frame, key: str, outcomes: Sequence[_Result], place: Mapping[str, object]
) -> Finding:
    """One false assertion fails; none false and one undecided is an error; else it passes."""
    results = tuple(outcome.result for outcome in outcomes)
    false = [result for result in results if result.truth == "false"]
    undecided = [result for result in results if result.truth == "undecided"]
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    beside = [f"not decided: {result.detail}" for result in undecided]
    if false:
        return frame.finding(
            key,
            Status.FAIL,
            severity=worst_severity(result.severity for result in false),
            reason="; ".join([result.detail for result in false] + beside),
            assertions=results,
            **place,
        )
    if errors:
        severity = worst_severity(result.severity for result in undecided)
        more = {**place, "severity": severity, "assertions": results}
        return frame.undecided(key, errors[0], **more)
    return frame.finding(key, Status.PASS, assertions=results, **place)


def _matches(match: Expression, seen: View, bound: Bound) -> bool | str:
    """Whether a waiver matches; a sentence where that cannot be told, which never honours it."""
    try:
        return decided(match, seen, bound)
    except UndecidedError as error:
        return error.detail


def fill(message: str, variables: Mapping[str, object]) -> str:
    """The message with its `{resource.name}` places filled; what is absent says so."""
    return _PLACE.sub(lambda place: _shown(_lookup(place[1], variables)), message)


def message_paths(message: str) -> list[tuple[str, ...]]:
    """The paths that a message names."""
    return [tuple(path.split(".")) for path in _PLACE.findall(message)]


_ABSENT = object()


def _lookup(path: str, variables: Mapping[str, object]) -> object:
    value: object = variables
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return _ABSENT
        value = value[name]
    return value


def _shown(value: object) -> str:
    """A value for people: UTC instants, short lists, nothing endless."""
    if value is _ABSENT:
        return "(not read)"
    text = _plain(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


def _plain(value: object) -> str:
    if isinstance(value, bool):  # before int, of which bool is a kind
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value) if value else "nothing"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_plain(item)}" for name, item in value.items()) + "}"
    for kind, show in _SHOWN_AS.items():
        if isinstance(value, kind):
            return show(value)
    return "none" if value is None else str(value)


_SHOWN_AS: Mapping[type, Callable[[Any], str]] = {
    datetime: format_instant,
    timedelta: format_duration,
}
