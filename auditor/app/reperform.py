"""Judging recorded evidence again: with the recorded controls, or with others.

Re-performance in the auditor's sense: the same evidence, controls, parameters and moment must give
the same verdicts, byte for byte. Before that, the entries and the blobs are proven against the
checkpoint; whose signatures these are is the matter of `verifying`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from auditor.app.assess import parse_verdicts, verdict_bytes
from auditor.app.engine import make_engine
from auditor.app.evidence.restoring import observations_of
from auditor.app.export.controls import parse_policy
from auditor.app.library import checked_library
from auditor.app.registry import Collectors
from auditor.app.runs import judge_recorded
from auditor.app.subject import Subject
from auditor.app.verifying import chosen_run, reader_of
from auditor.attest.evidence import Evidence, RunRecord
from auditor.attest.result import StepVerdict
from auditor.attest.steps_package_evidence import blobs_of
from auditor.attest.verdict_difference import undecided_findings
from auditor.attest.verify import PACKAGE_STEPS, STORE_STEPS, take_steps
from auditor.catalog.library import Library
from auditor.core.evaluate import Judgement
from auditor.core.model.control import Control, query_types
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.errors import ExitCode, UndecidableError, UsageError, VerificationError

_EVIDENCE_STEP = 6
_SIGNATURE_STEPS = (0, 5)  # whose keys count is not asked here


@dataclass(frozen=True, slots=True)
class Difference:
    """A finding that is another one now: `then` and `now` are statuses, "absent" without one."""

    finding: str
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class Reperformed:
    """A run judged again.

    Args:
        same: The verdicts are the same bytes; None where that cannot be told.
        differences: In order of id; empty where the bytes are equal.
        note: What else is to be said.
    """

    run: str
    same: bool | None
    differences: tuple[Difference, ...] = ()
    note: str = ""


def exit_code(results: Sequence[Reperformed]) -> ExitCode:
    """5 where verdicts differ, else 3 where something cannot be told, else 0."""
    if any(result.same is False for result in results):
        return ExitCode.INTEGRITY
    return ExitCode.OK if all(result.same for result in results) else ExitCode.INCOMPLETE


def reperform(
    subject: Subject, run: str | None, now: datetime, engine: str | None = None
) -> list[Reperformed]:
    """Judge runs again as they were judged.

    Args:
        run: Only this run; all complete ones where it is None.
        engine: Who judges; each run's own engine where it is None.

    Raises:
        UsageError: There is no such run, or none that is complete.
        VerificationError: The evidence is not what the log says.
    """
    evidence = _proven(subject, run, now)
    return [_judge_again(evidence, record, engine) for record in _records(evidence)]


def rejudge_with(
    subject: Subject,
    run: str | None,
    controls: Path,
    now: datetime,
    engine: str | None = None,
    collectors: Collectors | None = None,
) -> list[Reperformed]:
    """Judge recorded evidence by other controls: which findings flip, appear, vanish.

    Targets, observations, waivers and moment stay as recorded; so do overrides of parameters that
    the other controls have and allow. Everything else is as the library says.

    Args:
        controls: Folder of a library.
        collectors: Who knows its resource types; those of this installation where it is None.

    Raises:
        UsageError, DefinitionError: The library is missing or wrong, or there is no such run.
        VerificationError: The evidence is not what the log says.
    """
    chosen = make_engine(engine) if engine else make_engine()
    known = collectors or Collectors()
    library = checked_library([controls], known, chosen)
    evidence = _proven(subject, run, now)
    results = []
    for record in _records(evidence):
        _refuse_damaged(evidence, record)
        policy, observations = _read(record)
        other, dropped = other_policy(policy, library, known)
        judgement = judge_recorded(other, observations, record.start.now, engine)
        before = parse_verdicts(record.read(record.verdicts.blob))
        found = differences(before, judgement)
        results.append(Reperformed(record.run, not found, found, dropped))
    return results


def differences(before: Judgement, after: Judgement) -> tuple[Difference, ...]:
    """The findings that have another status, or another reason, in order of id."""
    old = {finding.fingerprint: finding for finding in before.findings}
    new = {finding.fingerprint: finding for finding in after.findings}
    found = []
    for fingerprint in old.keys() | new.keys():
        then, now = old.get(fingerprint), new.get(fingerprint)
        if then != now:
            name = (then or now).id  # type: ignore[union-attr] # one of them is there
            found.append(Difference(name, _status(then), _status(now)))
    return tuple(sorted(found, key=lambda item: item.finding))


def other_policy(policy: Policy, library: Library, collectors: Collectors) -> tuple[Policy, str]:
    """The recorded policy with the controls of a library; and what of it no longer applies."""
    controls = library.sorted_controls()
    types = {check.resource for control in controls for check in control.checks}
    overrides: dict[str, dict[str, Mapping[str, object]]] = {}
    dropped: list[str] = []
    for environment, by_control in policy.overrides.items():
        for control in controls:
            values = by_control.get(control.id, {})
            kept = {name: value for name, value in values.items() if _allows(control, name, value)}
            dropped += [f"{control.id}.{name}" for name in values if name not in kept]
            overrides.setdefault(environment, {})[control.id] = kept
    other = replace(
        policy,
        controls=tuple(controls),
        frameworks=tuple(library.frameworks.values()) or policy.frameworks,
        overrides=overrides,
        resource_types={
            **collectors.resource_types(types),
            **policy.resource_types,
            **query_types(controls),
        },
        kinds={**collectors.kinds(), **policy.kinds},
    )
    if not dropped:
        return other, ""
    return other, f"overrides that these controls do not allow: {', '.join(sorted(set(dropped)))}"


def _allows(control: Control, name: str, value: object) -> bool:
    parameter = control.parameters.get(name)
    if parameter is None:
        return False
    try:
        parameter.check(value)
    except ValueError:
        return False
    return True


def _proven(subject: Subject, run: str | None, now: datetime) -> Evidence:
    """The evidence, after entries and blobs were proven against the checkpoint.

    Raises:
        VerificationError: They are not what the log says.
    """
    evidence = Evidence(
        reader=reader_of(subject),
        trust=None,
        run=chosen_run(subject, run) if run else None,
        rejudge=None,
        now=now,
    )
    steps = STORE_STEPS if subject.store is not None else PACKAGE_STEPS
    result = take_steps(evidence, steps[: _EVIDENCE_STEP + 1])
    for step in result.steps:
        if step.number not in _SIGNATURE_STEPS and step.verdict is StepVerdict.BAD:
            raise VerificationError(step.detail, hint="auditor verify says more", where=step.where)
    if evidence.book is None:
        raise UndecidableError("the entries cannot be read", hint="auditor verify says more")
    return evidence


def _records(evidence: Evidence) -> Iterator[RunRecord]:
    records = list(evidence.records())
    if not records:
        raise UsageError("there is no complete run to judge again", hint="auditor run list")
    return iter(records)


def _read(record: RunRecord) -> tuple[Policy, list[tuple[Observation, str]]]:
    policy = parse_policy(record.policy, record.start.policy.path)
    try:
        return policy, list(observations_of(record, policy))
    except (KeyError, ValueError, TypeError) as error:
        raise VerificationError(f"an observation cannot be read: {error}") from error


def _refuse_damaged(evidence: Evidence, record: RunRecord) -> None:
    missing = [ref.path for ref in blobs_of(record.history) if ref.path in evidence.damaged]
    if missing:
        raise UndecidableError(
            f"run {record.run}: {len(missing)} pieces of evidence are not here", where=missing[0]
        )


def _judge_again(evidence: Evidence, record: RunRecord, engine: str | None) -> Reperformed:
    if any(ref.path in evidence.damaged for ref in blobs_of(record.history)):
        return _judge_control(evidence, record, engine)
    policy, observations = _read(record)
    judgement = judge_recorded(policy, observations, record.start.now, engine)
    before, after = record.read(record.verdicts.blob), verdict_bytes(judgement)
    if before == after:
        return Reperformed(record.run, same=True)
    found = differences(parse_verdicts(before), judgement)
    count = undecided_findings(before, after) if record.withheld() else None
    if count is not None:
        note = f"{count} findings hang on personal values that were withheld or erased"
        return Reperformed(record.run, None, found, note)
    return Reperformed(record.run, same=False, differences=found)


def _judge_control(evidence: Evidence, record: RunRecord, engine: str | None) -> Reperformed:
    """A bundle with the evidence of one control only: its findings are compared, no others."""
    package = evidence.package
    wanted = package.chosen.control if package else None
    needed = [record.start.policy, record.verdicts.blob]
    if wanted is None or any(ref.path in evidence.damaged for ref in needed):
        return Reperformed(record.run, None, note="evidence of this run is not here")
    policy = parse_policy(record.policy, record.start.policy.path)
    small = replace(policy, controls=tuple(c for c in policy.controls if c.id == wanted))
    there = [c for c in record.history.collects if c.blob.path not in evidence.damaged]
    partial = replace(record, history=replace(record.history, collects=there))
    _policy, observations = _read(partial)
    judgement = judge_recorded(small, observations, record.start.now, engine)
    recorded = parse_verdicts(record.read(record.verdicts.blob))
    before = Judgement(
        tuple(f for f in recorded.findings if f.control == wanted),
        tuple(item for item in recorded.not_tested if item.control == wanted),
    )
    found = differences(before, judgement)
    if found or before.not_tested != judgement.not_tested:
        return Reperformed(record.run, same=False, differences=found)
    note = f"the findings of {wanted} are the same; of others the evidence was left out"
    return Reperformed(record.run, None, note=note)


def _status(finding: Finding | None) -> str:
    return finding.status.value if finding else "absent"
