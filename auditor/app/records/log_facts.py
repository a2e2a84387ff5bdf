"""What the log says of itself: whether it holds, how the clock stands to it, its reports."""

from __future__ import annotations

from datetime import datetime

from auditor.app.project import LAST_CHECKPOINT, TRUST_FILE, Project, load_trust
from auditor.attest.evidence import Evidence
from auditor.attest.result import StepVerdict
from auditor.attest.verify import STORE_STEPS, take_steps
from auditor.collectors.own_records import Reading
from auditor.core.model.observation import Call, Gap, Resource
from auditor.core.model.status import Cause
from auditor.core.times import format_instant
from auditor.ledger.entries import Report

_STEPS = STORE_STEPS[:6]  # all that needs no evidence to be read: trust to statements


def read_log(project: Project, now: datetime) -> Reading:
    """Verify chain, tree, checkpoint, order of runs and statements against the project's trust.

    Evidence is not read and nothing is judged again: `auditor verify` does that.
    """
    trust = project.trust_folder
    remembered = trust / LAST_CHECKPOINT
    evidence = Evidence(
        reader=project.store.reader(),
        trust=load_trust(trust) if (trust / TRUST_FILE).is_file() else None,
        run=None,
        rejudge=None,
        now=now,
        remembered=remembered.read_bytes() if remembered.is_file() else None,
    )
    report = take_steps(evidence, _STEPS)
    said = {
        verdict: [f"{s.title}: {s.detail}" for s in report.steps if s.verdict is verdict]
        for verdict in (StepVerdict.BAD, StepVerdict.CANNOT_TELL)
    }
    times = [time for run in evidence.runs() for time in run.timestamp_times]
    head = project.store.checkpoint()
    data = {
        "name": project.origin,
        "entries": head.checkpoint.size if head else 0,
        "problems": said[StepVerdict.BAD],
        "undecided": said[StepVerdict.CANNOT_TELL],
        "anchored_at": format_instant(max(times)) if times else None,
    }
    return Reading([Resource(data)], calls=[_call(project, "verify the log", now, 1)])


def read_clock(project: Project, now: datetime) -> Reading:
    """The runner's clock against the time of the log's last entry before this run."""
    runs = [s for s in project.store.runs() if s.now < now]
    times = [time for s in runs for time in (s.started, s.ended) if time is not None]
    head = max(times, default=None)
    data = {
        "id": "runner",
        "head_at": format_instant(head) if head else None,
        "behind_head": head is not None and now < head,
    }
    return Reading([Resource(data)], calls=[_call(project, "read the log's head", now, 1)])


def read_reports(project: Project) -> Reading:
    """The newest report of each format that the log names."""
    newest: dict[str, tuple[datetime, Report]] = {}
    count = 0
    for entry in project.store.entries():
        if isinstance(entry.body, Report):
            count += 1
            newest[entry.body.format] = (entry.time, entry.body)
    resources = [
        Resource(
            {
                "name": name,
                "run": report.run,
                "issued_at": format_instant(time),
                "sha256": report.digest.removeprefix("sha256:"),
                "kept": report.file is not None,
            }
        )
        for name, (time, report) in sorted(newest.items())
    ]
    return Reading(resources, {"reports": count})


def no_run_yet(what: str) -> Gap:
    """The gap of what only an earlier run can tell."""
    detail = f"{what} is told by complete runs, and there is none before this one"
    return Gap(Cause.NOT_COLLECTED, detail, hint="scan again")


def _call(project: Project, request: str, now: datetime, items: int) -> Call:
    return Call(request, project.store.location, now, items=items)
