"""What is otherwise in a control: its words, its cadence, its mappings, parameters and checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from auditor.core.model.control import Assertion, Check, Control, RequirementMapping
from auditor.core.model.parameter import Parameter
from auditor.core.model.period_report import Effect
from auditor.core.model.policy import Policy
from auditor.core.policy_changes.delta import Delta, written
from auditor.core.times import format_duration

_STRENGTH = {"full": 2, "partial": 1, "supporting": 0}
_WORDS = ("title", "statement", "nature")
_OFTEN = ("continuous", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly")
_CHECK_WORDS = ("title", "catalogue", "differs", "remediation", "verify_by_hand", "irrelevant")
_CHECK_MEANING = ("collector", "resource", "query", "scope", "when", "key", "population")
_ASSERTION_WORDS = ("message", "vacuous")


def control_changes(
    before: Control, old_policy: Policy, after: Control, new_policy: Policy
) -> Iterator[Delta]:
    """Every difference of a control and of its parameters in each environment."""
    if before != after:
        yield from _words(before, after)
        yield from _cadence(before, after)
        yield from _mappings(before, after)
        yield from _checks(before, after)
        yield from _declared(before, after)
    yield from _values(before, old_policy, after, new_policy)


def _words(before: Control, after: Control) -> Iterator[Delta]:
    for name in _WORDS:
        was, now = (_field(control, name) for control in (before, after))
        if was != now:
            yield Delta("control", after.id, f"{name} changed", was, now, Effect.NEUTRAL)
    if before.owner != after.owner:
        yield Delta("ownership", after.id, "another role owns it", before.owner.role,
                    after.owner.role, Effect.NEUTRAL)  # fmt: skip


def _field(model: Control | Check | Assertion, name: str) -> str:
    value = getattr(model, name)
    return written(value.model_dump(mode="json") if hasattr(value, "model_dump") else value)


def _cadence(before: Control, after: Control) -> Iterator[Delta]:
    if before.frequency != after.frequency:
        yield Delta("control", after.id, "frequency changed", before.frequency, after.frequency,
                    _by_frequency(before.frequency, after.frequency))  # fmt: skip
    for name in ("every", "gap_tolerance"):
        was: timedelta = getattr(before.evaluate, name)
        now: timedelta = getattr(after.evaluate, name)
        if was != now:
            effect = Effect.LOOSENS if now > was else Effect.TIGHTENS
            yield Delta("control", after.id, f"evaluate.{name} changed", format_duration(was),
                        format_duration(now), effect)  # fmt: skip


def _by_frequency(was: str, now: str) -> Effect:
    """Sample sizes follow from it: what happens less often is tested on fewer items."""
    if was not in _OFTEN or now not in _OFTEN:
        return Effect.UNKNOWN
    return _by_sign(_OFTEN.index(was) - _OFTEN.index(now))


def _mappings(before: Control, after: Control) -> Iterator[Delta]:
    old, new = _mapped(before), _mapped(after)
    for place in sorted(old.keys() | new.keys()):
        was, now = old.get(place), new.get(place)
        what = f"mapping to {place}"
        if now is None and was is not None:
            yield Delta("mapping", after.id, f"{what} removed", was.strength, "", Effect.LOOSENS)
        elif was is None and now is not None:
            yield Delta("mapping", after.id, f"{what} added", "", now.strength, Effect.TIGHTENS)
        elif was is not None and now is not None and was != now:
            step = _STRENGTH[now.strength] - _STRENGTH[was.strength]
            claim = was.model_copy(update={"strength": now.strength})
            effect = _by_sign(step) if step and claim == now else Effect.UNKNOWN
            yield Delta(
                "mapping", after.id, f"{what} changed", _mapping(was), _mapping(now), effect
            )


def _mapped(control: Control) -> dict[str, RequirementMapping]:
    return {
        f"{framework} {mapping.id}": mapping
        for framework, mappings in control.maps.items()
        for mapping in mappings
    }


def _mapping(mapping: RequirementMapping) -> str:
    return written(mapping.model_dump(mode="json", exclude_defaults=True))


def _by_sign(step: int) -> Effect:
    """More demanded tightens."""
    return Effect.TIGHTENS if step > 0 else Effect.LOOSENS


def _declared(before: Control, after: Control) -> Iterator[Delta]:
    """Parameters that came, went, or have another bound; what they are set to is in `_values`."""
    for name in sorted(before.parameters.keys() | after.parameters.keys()):
        was, now = before.parameters.get(name), after.parameters.get(name)
        subject = f"{after.id}.{name}"
        if was is None or now is None:
            what = "the parameter is new" if was is None else "the parameter is gone"
            yield Delta("parameter", subject, what, _default(was), _default(now))
        elif was.loosest != now.loosest:
            yield Delta("parameter", subject, "loosest allowed value changed",
                        written(was.loosest), written(now.loosest),
                        _effect(now, was.loosest, now.loosest))  # fmt: skip
        elif was.type != now.type or was.looser != now.looser:
            yield Delta("parameter", subject, "declared otherwise", was.type, now.type)
        elif was.direction() != now.direction():
            yield Delta("parameter", subject, "weaker the other way round",
                        was.direction() or "", now.direction() or "")  # fmt: skip


def _default(parameter: Parameter | None) -> str:
    return written(parameter.default) if parameter else ""


def _values(
    before: Control, old_policy: Policy, after: Control, new_policy: Policy
) -> Iterator[Delta]:
    shared = [e for e in new_policy.environments if e in old_policy.environments]
    for name in sorted(before.parameters.keys() & after.parameters.keys()):
        parameter = after.parameters[name]
        for environment in shared:
            was = _value(before, old_policy, environment, name)
            now = _value(after, new_policy, environment, name)
            if was != now:
                # Which way is weaker is not for the change to say.
                turned = before.parameters[name].direction() != parameter.direction()
                effect = Effect.UNKNOWN if turned else _effect(parameter, was, now)
                yield Delta("parameter", f"{after.id}.{name}", f"value in {environment}",
                            written(was), written(now), effect)  # fmt: skip


def _value(control: Control, policy: Policy, environment: str, name: str) -> object:
    """The value as it is written."""
    own = policy.overrides.get(environment, {}).get(control.id, {})
    return own.get(name, control.parameters[name].default)


def _effect(parameter: Parameter, was: object, now: object) -> Effect:
    """Whether the second value is weaker; unknown where that cannot be told."""
    if parameter.direction() is None and not parameter.type.startswith("map"):
        return Effect.UNKNOWN
    try:
        old, new = parameter.parse(was), parameter.parse(now)
        looser = parameter.is_looser_than(new, old)
        tighter = parameter.is_looser_than(old, new)
    except (ValueError, TypeError):
        return Effect.UNKNOWN
    if looser == tighter:
        return Effect.UNKNOWN
    return Effect.LOOSENS if looser else Effect.TIGHTENS


def _checks(before: Control, after: Control) -> Iterator[Delta]:
    old = {check.id: check for check in before.checks}
    new = {check.id: check for check in after.checks}
    for name in sorted(old.keys() | new.keys()):
        was, now, path = old.get(name), new.get(name), f"{after.id}/{name}"
        if now is None and was is not None:
            yield Delta("check", path, "removed", was.title, "", Effect.LOOSENS)
        elif was is None and now is not None:
            yield Delta("check", path, "added", "", now.title, Effect.TIGHTENS)
        elif was is not None and now is not None and was != now:
            yield from _check(path, was, now)


def _check(path: str, was: Check, now: Check) -> Iterator[Delta]:
    for name in (*_CHECK_MEANING, *_CHECK_WORDS):
        texts = _field(was, name), _field(now, name)
        if texts[0] != texts[1]:
            effect = Effect.NEUTRAL if name in _CHECK_WORDS else Effect.UNKNOWN
            yield Delta("check", path, f"{name} changed", *texts, effect)
    if was.freshness != now.freshness:
        effect = Effect.LOOSENS if now.freshness > was.freshness else Effect.TIGHTENS
        yield Delta("check", path, "freshness changed", format_duration(was.freshness),
                    format_duration(now.freshness), effect)  # fmt: skip
    yield from _assertions(path, was.assert_, now.assert_)


def _assertions(
    path: str, before: Sequence[Assertion], after: Sequence[Assertion]
) -> Iterator[Delta]:
    old = {assertion.id: assertion for assertion in before}
    new = {assertion.id: assertion for assertion in after}
    for name in sorted(old.keys() | new.keys()):
        was, now, what = old.get(name), new.get(name), f"assertion {name}"
        if now is None and was is not None:
            yield Delta("check", path, f"{what} removed", was.expr, "", Effect.LOOSENS)
        elif was is None and now is not None:
            yield Delta("check", path, f"{what} added", "", now.expr, Effect.TIGHTENS)
        elif was is not None and now is not None:
            yield from _assertion(path, what, was, now)


def _assertion(path: str, what: str, was: Assertion, now: Assertion) -> Iterator[Delta]:
    if was.expr != now.expr:
        yield Delta("check", path, f"{what} changed", was.expr, now.expr)
    if was.severity is not now.severity:
        effect = _by_sign(was.severity.rank - now.severity.rank)
        yield Delta("check", path, f"{what} has another severity", was.severity.value,
                    now.severity.value, effect)  # fmt: skip
    if was.absorbs != now.absorbs:
        yield Delta("check", path, f"{what} absorbs otherwise", was.absorbs, now.absorbs,
                    _by_absorbing(was, now))  # fmt: skip
    if any(getattr(was, name) != getattr(now, name) for name in _ASSERTION_WORDS):
        yield Delta("check", path, f"{what} is worded otherwise", was.message, now.message,
                    Effect.NEUTRAL)  # fmt: skip


def _by_absorbing(was: Assertion, now: Assertion) -> Effect:
    """What absorbs may pass where a term of it could not be read; the reason is only words."""
    step = bool(was.absorbs) - bool(now.absorbs)
    return _by_sign(step) if step else Effect.NEUTRAL
