"""What earlier runs say: when each control was judged, what was denied, as whom was read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from auditor.app.assess import parse_verdicts
from auditor.app.project import Project
from auditor.app.records.log_facts import no_run_yet
from auditor.collectors.own_records import Reading
from auditor.core.evaluate import Judgement
from auditor.core.model.control import Control
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause, Status
from auditor.core.times import format_duration, format_instant
from auditor.ledger.runs import RunHistory
from auditor.store.index import RunSummary

WINDOW = timedelta(days=90)
# Readers whose identity cannot write, whatever it is: they speak a protocol that only reads.
_CANNOT_WRITE = frozenset({"anonymous TLS client"})
_SIMULATE = (
    "simulate its policy: aws iam simulate-principal-policy, kubectl auth can-i --list, "
    "or attest it by hand"
)


def read_intervals(project: Project, now: datetime) -> Reading:
    """Each control with the runs of the last 90 days that judged it, and the gaps between them."""
    runs = [s for s in _complete(project, now) if s.now >= now - WINDOW]
    if not runs:
        return Reading(gaps=[no_run_yet("when each control was judged")])
    judged = {s.now: _decided(_judgement(project, s)) for s in runs}
    since = min(judged)
    resources = []
    for control in project.library.sorted_controls():
        times = sorted(time for time, controls in judged.items() if control.id in controls)
        resources.append(Resource(_interval(control, times, since, now)))
    return Reading(resources, {"runs": len(runs)})


def _decided(judgement: Judgement) -> frozenset[str]:
    """Controls of which the run could tell anything: one with errors alone was not judged."""
    return frozenset(f.control for f in judgement.findings if f.status is not Status.ERROR)


def _interval(
    control: Control, times: Sequence[datetime], since: datetime, now: datetime
) -> dict[str, object]:
    rhythm = control.evaluate
    limit = rhythm.every + rhythm.gap_tolerance
    return {
        "id": control.id,
        "every": format_duration(rhythm.every),
        "tolerance": format_duration(rhythm.gap_tolerance),
        "since": format_instant(since),
        "runs": len(times),
        "last_run_at": format_instant(times[-1]) if times else None,
        "gaps": list(find_gaps([since, *times, now], limit)),
    }


def find_gaps(times: Sequence[datetime], limit: timedelta) -> Iterator[str]:
    """Each stretch between neighbours that is longer than the limit, as `from/to`.

    Args:
        times: In order.
    """
    for before, after in pairwise(times):
        if after - before > limit:
            yield f"{format_instant(before)}/{format_instant(after)}"


def read_rights(project: Project, now: datetime) -> Reading:
    """For each target of the last complete run: what was denied, and the checks that were blind."""
    last = next(iter(_complete(project, now)), None)
    if last is None:
        return Reading(gaps=[no_run_yet("what was denied")])
    findings = _judgement(project, last).findings
    resources = []
    for target in sorted({finding.target for finding in findings}):
        denied = [f for f in findings if f.target == target and f.cause is Cause.DENIED]
        data = {
            "name": target,
            "run": last.id,
            "read_at": format_instant(last.now),
            "denied": sorted({f.action or f.reason[:120] for f in denied}),
            "blinded": sorted({f"{f.control}/{f.check}" for f in denied}),
        }
        resources.append(Resource(data))
    return Reading(resources)


def read_identities(project: Project, now: datetime) -> Reading:
    """As whom each target was read in the last complete run, and whether that one can write.

    Root of a host can; whether an identity of another system can, only that system could simulate:
    then the field is unread, and the check undecided.
    """
    last = next(iter(_complete(project, now)), None)
    history = None if last is None else project.store.history(last.id)
    if history is None:
        return Reading(gaps=[no_run_yet("as whom was read")])
    resources = [
        as_identity(target, name, at) for (target, name), at in sorted(_readers(history).items())
    ]
    return Reading(resources)


def _readers(history: RunHistory) -> dict[tuple[str, str], datetime]:
    """Target and identity to the first time of reading; what read nothing has no identity."""
    found: dict[tuple[str, str], datetime] = {}
    for entry in history.collects:
        if entry.identity and not entry.resource_type.startswith("records."):
            found.setdefault((entry.target, entry.identity), entry.started_at)
    return found


def as_identity(target: str, name: str, at: datetime) -> Resource:
    """One reader of one target; whether it can write is unread where nobody could tell."""
    data: dict[str, object] = {
        "id": f"{target} as {name}",
        "target": target,
        "identity": name,
        "read_at": format_instant(at),
    }
    if name in _CANNOT_WRITE:
        return Resource({**data, "can_write": False})
    if name.startswith("uid=0 "):
        return Resource({**data, "can_write": True})
    gap = Gap(Cause.NOT_SUPPORTED, f"what {name} may write was not simulated", hint=_SIMULATE)
    return Resource(data, unread={"can_write": gap})


def _complete(project: Project, now: datetime) -> list[RunSummary]:
    """Complete runs before this one, the newest first."""
    return [s for s in project.store.runs() if s.ended is not None and s.now < now]


def _judgement(project: Project, summary: RunSummary) -> Judgement:
    history = project.store.history(summary.id)
    if history is None or history.verdicts is None:  # a complete run has both
        return Judgement((), ())
    return parse_verdicts(project.store.get(history.verdicts.blob))
