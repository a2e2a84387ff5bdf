"""`host.expected_job`: the jobs that the organisation promised, looked for in all schedules.

A job is found by the program that its line runs, never by text in a comment or an argument of
another program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.collectors.host.errors import Unread
from auditor.collectors.host.machine import Machine, instant
from auditor.collectors.host.parse.command import without_comment
from auditor.collectors.host.parse.cron import normal_schedule
from auditor.collectors.host.parse.secrets import redact
from auditor.collectors.host.read.common import Owners, read_owners
from auditor.collectors.host.read.cron import Job, find_jobs, script_fields, scripts_of
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import ExpectedJob, HostSettings

_SCRIPT = (
    "script_exists",
    "script_owner",
    "script_mode",
    "script_group_write",
    "script_others_write",
)
_FOUND = ("found", "matches", "schedules_found", "schedule_equal", "user_equal", "sources")


@dataclass(frozen=True, slots=True)
class Match:
    """A job that is the promised one, and which of its programs makes it so."""

    job: Job
    script: str


def read_expected(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each promised job, found or not."""
    reading = Reading()
    owners = read_owners(machine)
    jobs = [job for job in find_jobs(machine, owners, reading) if job.ignored is None]
    reading.facts = {"expected": len(settings.expected_jobs), "jobs_read": len(jobs)}
    for expected in sorted(settings.expected_jobs, key=lambda each: each.name):
        row = Row(
            {
                "host": machine.name,
                "name": expected.name,
                "schedule_expected": expected.schedule,
                "log": expected.log,
            }
        )
        try:
            found = [match for job in jobs if (match := _match(machine, expected, job))]
        except Unread as problem:
            row.missing((*_FOUND, "script", *_SCRIPT), problem.gap)
        else:
            _add_found(machine, owners, expected, found, row)
        row.attempt(("log_modified_at",), lambda each=expected: _log(machine, each))  # type: ignore[misc]
        reading.rows.append(row)
    return reading


def _match(machine: Machine, expected: ExpectedJob, job: Job) -> Match | None:
    """The promised text is the timer's unit, in a program's path, or a program and arguments."""
    text = expected.contains
    if job.kind == "timer" and text in job.source:
        return next((Match(job, path) for path in scripts_of(machine, job)), None)
    if text not in without_comment(job.command):
        return None
    words = text.split()
    for path in scripts_of(machine, job):
        if text in path or (len(words) > 1 and path.endswith(words[0])):
            return Match(job, path)
    return None


def _add_found(
    machine: Machine, owners: Owners, expected: ExpectedJob, found: Sequence[Match], row: Row
) -> None:
    jobs = [match.job for match in found]
    schedules = [job.schedule for job in jobs]
    wanted = expected.schedule
    row.data |= {
        "found": bool(found),
        "matches": len(found),
        "schedules_found": schedules,
        "schedule_equal": (
            all(normal_schedule(each) == normal_schedule(wanted) for each in schedules)
            if wanted is not None and found
            else None
        ),
        "user_equal": (
            all(job.user == expected.user for job in jobs) if expected.user and found else None
        ),
        "sources": sorted({job.source for job in jobs}),
    }
    row.attempt(("script", *_SCRIPT), lambda: _script(machine, owners, found))


def _script(machine: Machine, owners: Owners, found: Sequence[Match]) -> dict[str, object]:
    if not found:
        return dict.fromkeys(("script", *_SCRIPT))
    path = found[0].script
    facts = script_fields(machine, owners, path)
    return {"script": redact(path)[0]} | {name: facts[name] for name in _SCRIPT}


def _log(machine: Machine, expected: ExpectedJob) -> dict[str, object]:
    found = machine.stat(expected.log) if expected.log else None
    return {"log_modified_at": instant(found.st_mtime) if found else None}
