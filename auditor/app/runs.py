"""Recorded runs: finding one, reading it, judging it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.app.assess import load_observations, load_policy, recorded, verdict_bytes
from auditor.app.boundary import guarded
from auditor.app.engine import make_engine
from auditor.app.record_checks import check_once, unknown_types
from auditor.app.registry import Collectors
from auditor.core.evaluate import Judgement, evaluate
from auditor.core.evaluate.plan import make_plan
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.policy import Policy
from auditor.core.model.resource_type import Derive, ResourceType
from auditor.errors import AuditorError, UsageError, VerificationError
from auditor.store.interface import Store


def find_run(store: Store, name: str) -> str:
    """The id of a run: `latest` is the newest complete one, an unambiguous beginning is enough.

    Raises:
        UsageError: There is none, or several begin so.
    """
    if name == "latest":
        latest = store.latest()
        if latest is None:
            raise UsageError("there is no complete run yet", hint="auditor scan")
        return latest.id
    found = [summary.id for summary in store.runs() if summary.id.startswith(name)]
    if name in found:
        return name
    if len(found) != 1:
        problem = f"{len(found)} runs begin with {name!r}" if found else f"there is no run {name!r}"
        raise UsageError(problem, hint="auditor run list")
    return found[0]


@dataclass(frozen=True, slots=True)
class Rejudged:
    """A recorded run judged again.

    Args:
        verdicts: The canonical bytes now.
        recorded: Those of the run.
        differences: Finding ids with both answers, in order; empty when the bytes are equal.
    """

    run: str
    now: datetime
    judgement: Judgement
    verdicts: bytes
    recorded: bytes
    differences: tuple[str, ...]


def rejudge(
    store: Store, run: str, now: datetime | None = None, engine: str | None = None
) -> Rejudged:
    """Judge the recorded evidence of a run again, at its own moment or a later one.

    Raises:
        UsageError: No such run, or a moment before it: evidence would be from the future.
        VerificationError: The evidence was changed.
    """
    history = store.history(run)
    if history is None or history.start is None or history.verdicts is None:
        raise UsageError(f"run {run} has no verdicts to compare with", hint="auditor run list")
    moment = now or history.start.now
    if moment < history.start.now:
        raise UsageError(
            f"--now {moment.isoformat()} is before the run at {history.start.now.isoformat()}: "
            "its evidence would be from the future"
        )
    judgement = judge_recorded(
        load_policy(store, history), load_observations(store, history), moment, engine
    )
    before = store.get(history.verdicts.blob)
    after = verdict_bytes(judgement)
    old = recorded(store, run).judgement
    return Rejudged(run, moment, judgement, after, before, tuple(_differences(old, judgement)))


def judge_recorded(
    policy: Policy,
    observations: list[tuple[Observation, str]],
    now: datetime,
    engine: str | None = None,
) -> Judgement:
    """The judgement of recorded evidence under the recorded policy, by the recorded engine.

    Raises:
        VerificationError: Something was recorded twice, or a computed fact is not what its raw
            evidence gives.
        UndecidableError: A type is unknown to this installation.
    """
    recorded_here = [observation for observation, _digest in observations]
    check_once(recorded_here, "the run")
    kinds = Collectors().resource_types(policy.resource_types)
    unknown_types(kinds, policy, recorded_here)
    check_derived(kinds, recorded_here)
    chosen = make_engine(engine or engine_name(policy))
    plan = make_plan(policy, chosen)
    seen = {(o.target, o.resource_type): o for o, _digest in observations}
    return evaluate(policy, plan, seen, now, chosen)


def engine_name(policy: Policy) -> str:
    """The engine that judged, without its version."""
    return policy.engine.partition(" ")[0]


def check_derived(kinds: Mapping[str, ResourceType], observations: Sequence[Observation]) -> None:
    """Compute again what collectors computed from raw evidence (a certificate's dates, its chain).

    Args:
        kinds: The resource types as this program has them: recorded ones have no derive step.

    Raises:
        VerificationError: A fact differs, or its raw evidence cannot be used; names the resource
            and the field.
    """
    for observation in observations:
        kind = kinds.get(observation.resource_type)
        if kind is None or kind.derive is None:
            continue
        for index, resource in enumerate(observation.resources):
            where = f"{observation.target}/{observation.resource_type}/resources/{index}"
            _check_resource(kind.derive, kind.derived, resource, where)


def _check_resource(derive: Derive, derived: Sequence[str], resource: Resource, where: str) -> None:
    try:
        facts = guarded(lambda: derive(resource.data))
    except AuditorError as error:
        message = f"its facts cannot be computed again from its raw evidence: {error.message}"
        raise VerificationError(message, where=where) from error
    baseless = sorted(set(derived) & set(resource.data) - set(facts))
    if baseless:
        message = f"`{baseless[0]}` is recorded, and there is no raw evidence that it comes from"
        raise VerificationError(message, where=where)
    for name, value in facts.items():
        recorded_value = resource.data.get(name)
        if name not in resource.unread and recorded_value != value:
            message = f"`{name}` is {recorded_value!r}; its raw evidence gives {value!r}"
            raise VerificationError(message, where=where)


def _differences(before: Judgement, after: Judgement) -> list[str]:
    old = {finding.fingerprint: finding for finding in before.findings}
    new = {finding.fingerprint: finding for finding in after.findings}
    lines = []
    for fingerprint in sorted(old.keys() | new.keys()):
        a, b = old.get(fingerprint), new.get(fingerprint)
        if a == b:
            continue
        name = (a or b).id  # type: ignore[union-attr]
        was = a.status.value if a else "absent"
        now = b.status.value if b else "absent"
        changed = f"{was} -> {now}" if was != now else f"{was}, with another reason"
        lines.append(f"{name}: {changed}")
    return lines
