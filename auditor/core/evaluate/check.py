"""One check on one target: is the evidence admissible, then resources, then population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from auditor.core.evaluate import population
from auditor.core.evaluate.judge import Frame, Judged, judge_resource
from auditor.core.evaluate.queries import bind_values, other_query
from auditor.core.evaluate.view import facts_view, view
from auditor.core.expression.interface import Expression, UndecidedError
from auditor.core.expression.masking import Masking
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Observation
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause, Status
from auditor.core.times import format_duration, format_instant

CLOCK_TOLERANCE = timedelta(minutes=2)
MAX_RUN = timedelta(hours=24)  # evidence read later than this after `now` is of another run


@dataclass(slots=True)
class CheckResult:
    """What one check on one target gave: judged resources, and findings about the population."""

    judged: list[Judged] = field(default_factory=list)
    others: list[Finding] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """All of them."""
        return [item.finding for item in self.judged] + self.others


def judge_check(
    frame: Frame,
    observation: Observation | None,
    kind: ResourceType,
    now: datetime,
    depended_on: Sequence[Finding],
    matches: Mapping[str, Expression],
) -> CheckResult:
    """Judge one check on one target.

    Args:
        observation: What was read for it, or None when nothing was.
        now: The one moment of the run.
        depended_on: Findings of the checks that this one depends on, on the same target.
        matches: Compiled `match` of the check's waivers, by waiver id.
    """
    problem = _inadmissible(frame, observation, now) or _of_other_query(frame, observation)
    if observation is None or problem is not None:
        missing = frame.finding(
            "", Status.ERROR, cause=Cause.NOT_COLLECTED, reason="nothing was collected for it"
        )
        return CheckResult(others=[problem or missing])
    facts = facts_view(observation.facts, kind.facts)
    frame = replace(
        frame,
        variables={**frame.variables, "facts": facts},
        masking=Masking(kind.personal_paths),
    )
    return _judge_admissible(frame, observation, kind, now, depended_on, matches)


def _judge_admissible(
    frame: Frame,
    observation: Observation,
    kind: ResourceType,
    now: datetime,
    depended_on: Sequence[Finding],
    matches: Mapping[str, Expression],
) -> CheckResult:
    gaps = population.relevant_gaps(frame, observation, kind.facts.fields)
    result = CheckResult(others=population.gap_findings(frame, gaps))
    personal = {path[0] for path in kind.personal_paths}
    views = [view(resource, kind.fields, personal) for resource in observation.resources]
    for index, (resource, seen) in enumerate(zip(observation.resources, views, strict=True)):
        result.judged.append(judge_resource(frame, resource, seen, index, matches))
    population.mark_duplicates(result.judged)
    rules = frame.compiled.check.population
    if rules.reconcile or rules.expected or rules.schedule:
        bound = population.bind_population(frame, [seen.fields for seen in views])
        result.others += population.reconcile_findings(frame, bound)
        result.others += population.expected_findings(frame, bound, result.judged, gaps)
        result.others += population.schedule_findings(frame, bound, result.judged, now, gaps)
    if not result.findings:
        result.others.append(population.empty_finding(frame, depended_on))
    return result


def _inadmissible(frame: Frame, observation: Observation | None, now: datetime) -> Finding | None:
    """Evidence of something else, from the future or too old is an error, whatever it says."""
    if observation is None:
        return None
    expected = (frame.target.name, frame.target.environment, frame.compiled.check.resource)
    got = (observation.target, observation.environment, observation.resource_type)
    if got != expected:
        reason = f"the evidence is of {' '.join(got)}, not of {' '.join(expected)}"
        return frame.finding("", Status.ERROR, cause=Cause.OTHER_TARGET, reason=reason)
    if observation.as_of > observation.read_at + CLOCK_TOLERANCE:
        reason = (
            f"the evidence is from the future: it describes {format_instant(observation.as_of)} "
            f"and was read at {format_instant(observation.read_at)}"
        )
        hint = "compare the clocks of the reader and of the system"
        return frame.finding("", Status.ERROR, cause=Cause.FUTURE, reason=reason, hint=hint)
    if observation.started_at > now + MAX_RUN:
        reason = (
            f"the evidence was read at {format_instant(observation.started_at)}, more than "
            f"{format_duration(MAX_RUN)} after the moment that it is judged at"
        )
        return frame.finding("", Status.ERROR, cause=Cause.FUTURE, reason=reason)
    freshness = frame.compiled.check.freshness
    if now - observation.as_of > freshness:
        reason = (
            f"the evidence is of {format_instant(observation.as_of)}, older than the "
            f"{format_duration(freshness)} that the check allows"
        )
        return frame.finding("", Status.ERROR, cause=Cause.STALE, reason=reason, hint="scan again")
    return None


def _of_other_query(frame: Frame, observation: Observation | None) -> Finding | None:
    """Rows that another text, or other values, selected are not the rows that are judged."""
    query = frame.compiled.check.query
    if query is None or observation is None:
        return None
    try:
        values = bind_values(frame.compiled.bind, frame.variables, frame.engine)
    except UndecidedError as error:
        return frame.finding("", Status.ERROR, cause=error.cause, reason=error.detail)
    reason = other_query(query, values, observation)
    if not reason:
        return None
    hint = "scan again: the rows of the other query are not kept"
    return frame.finding("", Status.ERROR, cause=Cause.NOT_COLLECTED, reason=reason, hint=hint)
