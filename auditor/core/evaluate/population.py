"""Is this everything? Gaps, duplicate keys, expected members, slots of time, counts, emptiness.

Each function returns findings of its own, beside those of the resources: nothing that was seen
hides what was not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from auditor.core.evaluate.compiled import POPULATION_VARIABLES
from auditor.core.evaluate.judge import Frame, Judged
from auditor.core.expression.interface import Bound, UndecidedError
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Gap, Observation
from auditor.core.model.status import Cause, Status
from auditor.core.times import format_instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_SLOTS = 100_000


_FACT = "facts."


def relevant_gaps(frame: Frame, observation: Observation, facts: Collection[str]) -> list[Gap]:
    """The gaps that concern this check: a fact that could not be read, only if it is used.

    Args:
        facts: Names of the facts that the resource type declares. A subject that only looks like
            a fact (`facts.example.org:443`) is a resource's.
    """
    return [
        gap
        for gap in observation.gaps
        if not gap.subject.startswith(_FACT)
        or gap.subject.removeprefix(_FACT) not in facts
        or frame.compiled.reads_fact(gap.subject.removeprefix(_FACT))
    ]


def gap_findings(frame: Frame, gaps: Sequence[Gap]) -> list[Finding]:
    """Each thing that could not be read is an error of its own; a statement waited for, manual."""
    return [
        frame.finding(
            gap.subject,
            Status.MANUAL if gap.cause is Cause.NOT_ATTESTED else Status.ERROR,
            reason=gap.detail
            if gap.cause is Cause.NOT_ATTESTED
            else f"could not be read: {gap.detail}",
            cause=gap.cause,
            action=gap.action,
            hint=gap.hint,
        )
        for gap in gaps
    ]


def mark_duplicates(judged: Sequence[Judged]) -> None:
    """Two resources with one key are both in error: neither verdict may hide the other."""
    counts = Counter(item.key for item in judged if item.key)
    for item in judged:
        if counts[item.key] > 1:
            item.finding = replace(
                item.finding,
                status=Status.ERROR,
                cause=Cause.DUPLICATE_KEY,
                reason=f"{counts[item.key]} resources have the key {item.key!r}",
                hint="make the check's `key` unique within the target",
                assertions=(),
            )


def bind_population(frame: Frame, resources: Sequence[Mapping[str, object]]) -> Bound:
    """The variables of `reconcile`, `expected` and `window`."""
    variables = {**frame.variables, "resources": [dict(resource) for resource in resources]}
    return frame.engine.bind(variables, POPULATION_VARIABLES)


def reconcile_findings(frame: Frame, bound: Bound) -> list[Finding]:
    """The independent count must agree."""
    rule = frame.compiled.check.population.reconcile
    if rule is None or frame.compiled.reconcile is None:
        return []
    try:
        if frame.compiled.reconcile.truth(bound).value:
            return []
    except UndecidedError as error:
        detail = f"completeness could not be checked ({rule.why}): {error.detail}"
        return [frame.finding("", Status.ERROR, reason=detail, cause=error.cause)]
    reason = f"the population is incomplete: `{rule.expr}` is false ({rule.why})"
    return [frame.finding("", Status.ERROR, reason=reason, cause=Cause.INCOMPLETE)]


def expected_findings(
    frame: Frame, bound: Bound, judged: Iterable[Judged], gaps: Sequence[Gap]
) -> list[Finding]:
    """Every member that a second source names must be there."""
    if frame.compiled.expected is None:
        return []
    try:
        expected = frame.compiled.expected.value(bound)
        members = _texts(expected)
    except UndecidedError as error:
        reason = f"the expected members could not be told: {error.detail}"
        return [frame.finding("", Status.ERROR, reason=reason, cause=error.cause)]
    covered = {item.member for item in judged if _counts(item)}
    return [
        _missing(frame, member, "expected, but absent from the evidence", gaps)
        for member in sorted(set(members) - covered)
    ]


def schedule_findings(
    frame: Frame, bound: Bound, judged: Iterable[Judged], now: datetime, gaps: Sequence[Gap]
) -> list[Finding]:
    """Every slot of time that has passed must have its item."""
    schedule = frame.compiled.check.population.schedule
    if schedule is None or frame.compiled.window is None:
        return []
    try:
        window = frame.compiled.window.value(bound)
        if not isinstance(window, timedelta):
            detail = f"`{schedule.window}` is {window!r}, expected a duration"
            raise UndecidedError(Cause.TYPE_ERROR, detail)
        slots = elapsed_slots(schedule.every, window, now)
    except UndecidedError as error:
        reason = f"the schedule could not be told: {error.detail}"
        return [frame.finding("", Status.ERROR, reason=reason, cause=error.cause)]
    start, end = slots[0], slots[-1] + schedule.every
    filled = {
        slot_of(item.slot, schedule.every)
        for item in judged
        if isinstance(item.slot, datetime) and start <= item.slot < end and _counts(item)
    }
    return [
        _missing(frame, format_instant(slot), "no item in this slot of time", gaps)
        for slot in slots
        if slot not in filled
    ]


def _counts(item: Judged) -> bool:
    """A resource that the check does not apply to covers nothing that is expected."""
    return item.finding.status is not Status.NOT_APPLICABLE


def elapsed_slots(every: timedelta, window: timedelta, now: datetime) -> list[datetime]:
    """Starts of the slots that lie wholly inside the half-open window [now - window, now).

    Slots are aligned to UTC: with `24h` they are calendar days.

    Raises:
        UndecidedError: There is none, so that nothing would be expected; or far too many.
    """
    unusable = UndecidedError(Cause.LIMIT, f"{window} in steps of {every} is no usable schedule")
    if every <= timedelta(0) or window / every > _MAX_SLOTS:
        raise unusable
    slots = []
    try:
        slot = slot_of(now - window, every)
        if slot < now - window:
            slot += every
        while slot + every <= now:
            slots.append(slot)
            slot += every
    except OverflowError as error:  # outside the years 1 to 9999
        raise unusable from error
    if not slots:
        raise unusable
    return slots


def slot_of(instant: datetime, every: timedelta) -> datetime:
    """The start of the slot that an instant falls into."""
    return _EPOCH + (instant - _EPOCH) // every * every


def empty_finding(frame: Frame, depended_on: Sequence[Finding]) -> Finding:
    """What it means that there is nothing to judge, as the check says."""
    depends_on = frame.compiled.check.population.depends_on
    if depends_on and not depended_on:
        reason = f"0 items, and {', '.join(depends_on)} was not judged: emptiness shows nothing"
        return frame.finding("", Status.ERROR, reason=reason, cause=Cause.DEPENDENCY)
    blocking = [f for f in depended_on if f.status not in (Status.PASS, Status.NOT_APPLICABLE)]
    if blocking:
        reason = f"0 items, and {blocking[0].check} did not pass: emptiness shows nothing"
        return frame.finding("", Status.ERROR, reason=reason, cause=Cause.DEPENDENCY)
    match frame.compiled.check.population.on_empty:
        case "error":
            reason = "0 items, but this always exists: it was not collected"
            hint = "check that the identity that reads may see it"
            return frame.finding("", Status.ERROR, reason=reason, cause=Cause.EMPTY, hint=hint)
        case "fail":
            return frame.finding("", Status.FAIL, reason="0 items, and there must be at least one")
        case "not_applicable":
            return frame.finding("", Status.NOT_APPLICABLE, reason="0 items: nothing to judge")
        case _:  # pass_stated
            return frame.finding("", Status.PASS, reason="0 of 0 items: none is the good case")


def _missing(frame: Frame, key: str, reason: str, gaps: Sequence[Gap]) -> Finding:
    """A missing member fails when everything was read; otherwise nobody knows."""
    if gaps:
        first = gaps[0]
        return frame.finding(
            key,
            Status.ERROR,
            reason=f"{reason}, and the collection is incomplete: {first.detail}",
            cause=first.cause,
            action=first.action,
            hint=first.hint,
        )
    if frame.compiled.check.population.on_missing == "error":
        return frame.finding(key, Status.ERROR, reason=reason, cause=Cause.NOT_COLLECTED)
    return frame.finding(key, Status.FAIL, reason=reason)


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UndecidedError(Cause.TYPE_ERROR, f"got {value!r:.100}, expected a list of texts")
    return value
