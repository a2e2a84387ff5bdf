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
from auditor.core.expression.interface import Bound, Engine, Expression, Truth, UndecidedError
from auditor.core.expression.masking import Masking
from auditor.core.model.control import Assertion
from auditor.core.model.finding import AssertionResult, Finding
from auditor.core.model.observation import Resource
from auditor.core.model.status import Cause, Severity, Status, worst_severity
from auditor.core.model.target import Target
from auditor.core.times import format_duration, format_instant

_PLACE = re.compile(r"\{([a-z_]+(?:\.[A-Za-z0-9_]+)*)\}", re.ASCII)
_MAX_SHOWN = 120
_MOMENT = frozenset({"now"})
_NOTHING_MASKED = Masking()


@dataclass(frozen=True, slots=True)
class Frame:
    """What stays the same for all resources of one check on one target.

    Args:
        variables: `param`, `now`, `target`, `facts`, `inventory` as expressions see them.
        masking: Values of the resource that findings do not tell.
    """

    control: str
    compiled: CompiledCheck
    target: Target
    engine: Engine
    variables: Mapping[str, object]
    masking: Masking = _NOTHING_MASKED

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
        key = text_of(frame.compiled.key, seen, bound, frame.masking)
    except UndecidedError as error:
        return Judged(frame.undecided(f"?{index}", error, **place), "")
    judged = Judged(frame.finding(key, Status.PASS, **place), key, member=key)
    try:
        _place_in_population(frame, judged, seen, bound)
        when = frame.compiled.when
        if when is not None and not decided(when, seen, bound, frame.masking):
            reason = f"not applicable: `{frame.compiled.check.when}` is false"
            judged.finding = frame.finding(key, Status.NOT_APPLICABLE, reason=reason, **place)
            return judged
    except UndecidedError as error:
        judged.finding = frame.undecided(key, error, **place)
        return judged
    results = [_assert(frame, pair, seen, bound, variables) for pair in frame.compiled.assertions]
    judged.finding = _conclude(frame, key, results, place)
    for waiver_id, match in matches.items():
        judged.waivers[waiver_id] = _matches(match, seen, bound, frame.masking)
    return judged


def decided(expression: Expression, seen: View, bound: Bound, masking: Masking) -> bool:
    """The truth of an expression over a resource.

    Raises:
        UndecidedError: Neither true nor false, or it depends on a field that was not read.
    """
    seen.require_readable(expression)
    try:
        return expression.truth(bound).value
    except UndecidedError as error:
        raise masking.told(error, expression) from error


def text_of(expression: Expression, seen: View, bound: Bound, masking: Masking) -> str:
    """The text of a key. Anything but a non-empty text is undecided."""
    value = _value_of(expression, seen, bound, masking)
    if not isinstance(value, str) or not value:
        raise masking.told(
            UndecidedError(
                Cause.TYPE_ERROR,
                f"key `{expression.source}` is {value!r}, expected a non-empty text",
            ),
            expression,
        )
    return value


def _value_of(expression: Expression, seen: View, bound: Bound, masking: Masking) -> object:
    seen.require_readable(expression)
    try:
        return expression.value(bound)
    except UndecidedError as error:
        raise masking.told(error, expression) from error


def _place_in_population(frame: Frame, judged: Judged, seen: View, bound: Bound) -> None:
    compiled, masking = frame.compiled, frame.masking
    if compiled.member is not None:
        judged.member = text_of(compiled.member, seen, bound, masking)
    if compiled.slot is not None:
        judged.slot = _value_of(compiled.slot, seen, bound, masking)


@dataclass(frozen=True, slots=True)
class _Result:
    """One assertion's outcome, and the error behind an undecided one."""

    result: AssertionResult
    error: UndecidedError | None = None


def _assert(
    frame: Frame,
    pair: tuple[Assertion, Expression],
    seen: View,
    bound: Bound,
    variables: Mapping[str, object],
) -> _Result:
    """Evaluate one assertion; a false one gets its message, an undecided one its reason."""
    assertion, expression = pair
    masking = frame.masking
    try:
        truth = _truth(assertion, expression, seen, bound, masking)
    except UndecidedError as error:
        result = AssertionResult(assertion.id, "undecided", assertion.severity, error.detail)
        return _Result(result, error)
    if truth.value:
        absorbed = masking.absorbed(truth.absorbed, expression)
        detail = f"absorbed: {'; '.join(absorbed)}" if absorbed else ""
        return _Result(AssertionResult(assertion.id, "true", assertion.severity, detail))
    message = fill(assertion.message, variables, masking)
    trace = explain(expression, variables, masking=masking).short(_MOMENT)
    told = f"{message} ({trace})" if trace else message
    return _Result(AssertionResult(assertion.id, "false", assertion.severity, told))


def _truth(
    assertion: Assertion, expression: Expression, seen: View, bound: Bound, masking: Masking
) -> Truth:
    seen.require_readable(expression, absorbs=bool(assertion.absorbs))
    try:
        return expression.truth(bound)
    except UndecidedError as error:
        raise masking.told(error, expression) from error


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


def _matches(match: Expression, seen: View, bound: Bound, masking: Masking) -> bool | str:
    """Whether a waiver matches; a sentence where that cannot be told, which never honours it."""
    try:
        return decided(match, seen, bound, masking)
    except UndecidedError as error:
        return error.detail


def fill(message: str, variables: Mapping[str, object], masking: Masking = _NOTHING_MASKED) -> str:
    """The message with its `{resource.name}` places filled; what is absent says so."""
    return _PLACE.sub(
        lambda place: masking.shown(place[1], _shown(_lookup(place[1], variables))), message
    )


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
