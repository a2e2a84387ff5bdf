"""What a verifier compares within one recorded run, besides the verdicts themselves.

Whoever holds the keys can sign anything. So nothing that the log repeats is believed: the entries
are made again from the evidence, and must be equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from auditor.app.assess import parse_verdicts
from auditor.app.evidence.entries import RecordedObservation, collect_entry, scope_of
from auditor.app.records.checking import check_recorded_attestations
from auditor.app.waivers import check_recorded_waiver
from auditor.attest.evidence import RunRecord
from auditor.attest.trust import NamedKey
from auditor.core.evaluate import Judgement
from auditor.core.evaluate.plan import Plan
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.core.model.resource_type import ResourceType
from auditor.core.rollup import count, outcome
from auditor.errors import UndecidableError, VerificationError

TOLERANCE = timedelta(minutes=2)


def check_record(
    record: RunRecord,
    policy: Policy,
    plan: Plan,
    observations: Sequence[Observation],
    approvers: Sequence[NamedKey],
) -> None:
    """Everything that the log and the policy say about themselves.

    Args:
        observations: In the order of the log's `collect` entries.
        approvers: Keys whose signature on a waiver the verifier trusts.

    Raises:
        VerificationError: Something differs.
        UndecidableError: A waiver counts that is signed by a key unknown here.
    """
    where = f"run {record.run}"
    said = dict(record.start.scope)
    if said != scope_of(policy, plan):
        raise VerificationError("the scope in the log is not that of its policy", where=where)
    check_once(observations, where)
    _check_collects(record, observations)
    for signed in policy.waivers:
        check_recorded_waiver(signed, approvers)
    check_recorded_attestations(observations, approvers, record.attested)


def check_once(observations: Sequence[Observation], where: str) -> None:
    """Refuse a second reading of the same thing: the later would hide the earlier.

    Raises:
        VerificationError: There is one.
    """
    seen: set[tuple[str, str]] = set()
    for observation in observations:
        pair = (observation.target, observation.resource_type)
        if pair in seen:
            raise VerificationError(f"{' '.join(pair)} was recorded twice in one run", where=where)
        seen.add(pair)


def _check_collects(record: RunRecord, observations: Sequence[Observation]) -> None:
    """Each `collect` entry says what its evidence says, and was read while the run was going on."""
    end = record.history.end_entry
    for entry, observation in zip(record.history.collects, observations, strict=True):
        where = f"{entry.target}/{entry.resource_type}"
        again = RecordedObservation(
            observation, entry.blob, tuple(entry.redacted), entry.disclosures
        )
        if collect_entry(record.run, again) != entry:
            raise VerificationError("the log does not say what the evidence says", where=where)
        begun, read = observation.started_at, observation.read_at
        in_order = record.start.now - TOLERANCE <= begun <= read
        if not in_order or end is None or read > end.time + TOLERANCE:
            message = f"it was read from {begun} to {read}, which is not during the run"
            raise VerificationError(message, where=where)


def check_summary(record: RunRecord, judgement: Judgement) -> None:
    """Counts and outcome that the log and the statement repeat must be those of the verdicts.

    Raises:
        VerificationError: They are not.
    """
    if record.withheld():
        # What was counted then cannot be counted again; step 7 compares finding by finding.
        judgement = parse_verdicts(record.read(record.verdicts.blob))
    counts, result = count(judgement.findings), outcome(judgement.findings)
    end = record.history.end
    if counts != record.verdicts.counts or end is None or end.outcome != result.value:
        told = f"{end.outcome if end else 'no end'} {dict(record.verdicts.counts)}"
        raise VerificationError(
            f"the log says {told}, and the verdicts are {result.value} {counts}",
            where=f"run {record.run}",
        )


def unknown_types(
    known: Mapping[str, ResourceType], policy: Policy, observations: Sequence[Observation]
) -> None:
    """Facts that were computed can be computed again only by the collector that knows how.

    Raises:
        UndecidableError: The policy says that a type has computed facts, and no collector here
            knows it.
    """
    computed = {name for name, kind in policy.resource_types.items() if kind.derived}
    missing = sorted(computed & {o.resource_type for o in observations} - set(known))
    if missing:
        raise UndecidableError(
            f"no collector here knows {', '.join(missing)}: computed facts cannot be checked",
            hint="verify with the installation, or the plug-in, that made the run",
        )
