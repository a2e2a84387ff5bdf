"""What earlier runs read of each target: what was denied to them, and as whom they read.

A run may look at a part of what there is. So each type of each target that a whole scan asks for is
looked up in the newest complete run that read it, and what none of the last 90 days read is a gap:
it is never passed over because the newest run had another scope.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auditor.app.assess import parse_verdicts
from auditor.app.project import Project
from auditor.app.records.log_facts import no_run_yet
from auditor.app.selection import Selection, make_policy
from auditor.collectors.own_records import Reading
from auditor.core.evaluate import Judgement
from auditor.core.evaluate.plan import make_plan
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause
from auditor.core.times import format_instant
from auditor.ledger.entries import Collect
from auditor.ledger.runs import RunHistory
from auditor.store.index import RunSummary

WINDOW = timedelta(days=90)
OWN = "records."
"""Types of the project's own files: nobody grants rights on them, and no identity reads them."""
_SHOWN = 5
# Readers whose identity cannot write, whatever it is: they speak a protocol that only reads.
_CANNOT_WRITE = frozenset({"anonymous TLS client"})
_SIMULATE = (
    "simulate its policy: aws iam simulate-principal-policy, kubectl auth can-i --list, "
    "or attest it by hand"
)
_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest complete run that read a type of a target, and its entry."""

    run: RunSummary
    entry: Collect


@dataclass(slots=True)
class Lookup:
    """Goes through runs, the newest first.

    Args:
        asked: Target to the types that a whole scan reads of it.
        groups: Name of a target that stands for many, to the one in `asked` that took its place.
        found: Target and type to who read it last.
        seen: A complete run was there at all.
    """

    asked: dict[str, frozenset[str]]
    groups: dict[str, str]
    found: dict[_Place, Newest] = field(default_factory=dict)
    seen: bool = False

    @property
    def open(self) -> bool:
        """Something that is asked for was not read by the runs so far."""
        return bool(self.groups) or any(True for _ in self.missing())

    def take(self, run: RunSummary, history: RunHistory) -> None:
        """The next run."""
        self.seen = True
        for group, stand_in in list(self.groups.items()):
            members = {e.target for e in history.collects if e.target.startswith(f"{group}.")}
            if members:
                types = self.asked.pop(stand_in)
                self.asked |= dict.fromkeys(members, types)
                del self.groups[group]
        for entry in history.collects:
            if entry.resource_type in self.asked.get(entry.target, ()):
                place = (entry.target, entry.resource_type)
                self.found.setdefault(place, Newest(run, entry))

    def missing(self) -> Iterator[_Place]:
        """What no run read: target and types, for people."""
        read = {target for target, _kind in self.found}
        for target, types in sorted(self.asked.items()):
            gone = sorted(
                kind for kind in types if (target, kind) not in self.found and not _is_own(kind)
            )
            if target not in read:
                yield target, "anything"
            elif gone:
                more = f" and {len(gone) - _SHOWN} more types" if len(gone) > _SHOWN else ""
                yield target, ", ".join(gone[:_SHOWN]) + more

    def gaps(self, what: str) -> list[Gap]:
        """One for each target of which something was not read."""
        if not self.seen:
            return [no_run_yet(what)]
        detail = f"{what} is told by complete runs, and none of the last {WINDOW.days} days read"
        return [
            Gap(Cause.NOT_COLLECTED, f"{detail} {types} of {target}", target, hint="auditor scan")
            for target, types in self.missing()
        ]


def look_up(project: Project, now: datetime) -> Lookup:
    """Who read last what a whole scan of the project reads.

    Raises:
        AuditorError: Library, targets or log cannot be read.
    """
    policy = make_policy(project, Selection())
    requests = make_plan(policy, project.engine).requests()
    asked = {target: frozenset(types) for target, types in requests.items()}
    own = {target.name for target in project.loaded.config.targets}
    groups = {
        group: target
        for target in asked.keys() - own
        for group in own
        if target.startswith(f"{group}.")
    }
    lookup = Lookup(asked, groups)
    for run in complete_runs(project, now):
        if run.now < now - WINDOW or (lookup.seen and not lookup.open):
            break
        history = project.store.history(run.id)
        if history is not None:
            lookup.take(run, history)
    return lookup


def read_rights(project: Project, now: datetime) -> Reading:
    """For each target what was denied when it was read last, and the checks that were blind.

    `read_at` is of the oldest of the runs that it takes to see every type of the target.
    """
    lookup = look_up(project, now)
    judged: dict[str, Judgement] = {}
    resources = []
    for target in sorted({target for target, _kind in lookup.found}):
        newest = {kind: one.run for (t, kind), one in lookup.found.items() if t == target}
        for run in newest.values():
            if run.id not in judged:
                judged[run.id] = judgement_of(project, run)
        findings = list(_findings(target, newest, judged))
        resources.append(Resource(_right(target, newest, findings)))
    return Reading(resources, gaps=lookup.gaps("what was denied"))


def _findings(
    target: str, newest: Mapping[str, RunSummary], judged: Mapping[str, Judgement]
) -> Iterator[Finding]:
    for kind, run in newest.items():
        for finding in judged[run.id].findings:
            if (finding.target, finding.resource_type) == (target, kind):
                yield finding


def _right(
    target: str, newest: Mapping[str, RunSummary], findings: list[Finding]
) -> dict[str, object]:
    denied = [finding for finding in findings if finding.cause is Cause.DENIED]
    last = max(newest.values(), key=lambda run: run.now)
    return {
        "name": target,
        "run": last.id,
        "read_at": format_instant(min(_times(newest))),
        "denied": sorted({f.action or f.reason[:120] for f in denied}),
        "blinded": sorted({f"{f.control}/{f.check}" for f in denied}),
    }


def _times(newest: Mapping[str, RunSummary]) -> list[datetime]:
    """When the types were read; the project's own files count only where there is nothing else."""
    systems = [run.now for kind, run in newest.items() if not _is_own(kind)]
    return systems or [run.now for run in newest.values()]


def read_identities(project: Project, now: datetime) -> Reading:
    """As whom each target was read last, and whether that one can write.

    Root of a host can; whether an identity of another system can, only that system could simulate:
    then the field is unread, and the check undecided.
    """
    lookup = look_up(project, now)
    found: dict[tuple[str, str], datetime] = {}
    for (target, kind), newest in lookup.found.items():
        entry = newest.entry
        if entry.identity and not _is_own(kind):  # what read nothing has no identity
            place = (target, entry.identity)
            found[place] = min(found.get(place, entry.started_at), entry.started_at)
    resources = [as_identity(target, name, at) for (target, name), at in sorted(found.items())]
    return Reading(resources, gaps=lookup.gaps("as whom was read"))


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


def complete_runs(project: Project, now: datetime) -> list[RunSummary]:
    """Complete runs before this one, the newest first."""
    return [s for s in project.store.runs() if s.ended is not None and s.now < now]


def judgement_of(project: Project, summary: RunSummary) -> Judgement:
    """What a complete run judged."""
    history = project.store.history(summary.id)
    if history is None or history.verdicts is None:  # a complete run has both
        return Judgement((), ())
    return parse_verdicts(project.store.get(history.verdicts.blob))


def _is_own(kind: str) -> bool:
    return kind.startswith(OWN)
