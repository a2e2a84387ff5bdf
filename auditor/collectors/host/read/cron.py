"""`host.cron_job` and `host.expected_job`: what is scheduled, and what was promised to be."""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auditor.collectors.host.errors import Unread
from auditor.collectors.host.machine import Machine, instant, octal
from auditor.collectors.host.parse.command import first_program
from auditor.collectors.host.parse.cron import is_read_name, normal_schedule, parse_table
from auditor.collectors.host.parse.secrets import redact
from auditor.collectors.host.read.common import Owners, gaps_of, read_owners
from auditor.collectors.host.read.timers import read_timers
from auditor.collectors.host.rows import Reading, Row, unique
from auditor.collectors.host.settings import ExpectedJob, HostSettings

_PERIODS = ("hourly", "daily", "weekly", "monthly")
_SPOOLS = ("/var/spool/cron/crontabs", "/var/spool/cron")
_CRON_PATH = "/usr/bin:/bin"  # cron's own, where a table sets none
_SCRIPT = (
    "script_exists",
    "script_owner",
    "script_group",
    "script_mode",
    "script_group_write",
    "script_others_write",
    "script_unsafe_parents",
)


@dataclass(frozen=True, slots=True)
class Job:
    """A scheduled job as its table has it; the command still with its secrets."""

    kind: str
    source: str
    line: int
    user: str | None
    schedule: str
    command: str
    ignored: str | None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Daemon:
    """Which cron is installed: Debian's (`cron`) and cronie (`crond`) read other names."""

    name: str | None

    def ignored(self, name: str) -> str | None:
        """Why it would not read a file of that name in cron.d; None if it does."""
        if self.name is None:
            return "no cron daemon is installed"
        if self.name == "crond":
            skipped = name.startswith((".", "#")) or name.endswith(("~", ".rpmnew", ".rpmsave"))
        else:
            skipped = not is_read_name(name)
        return f"cron does not read a file named {name}" if skipped else None


def read_jobs(machine: Machine, _settings: HostSettings) -> Reading:
    """One row for each entry, whether cron would read it or not."""
    reading = Reading()
    owners = read_owners(machine)
    jobs = find_jobs(machine, owners, reading)
    rows = [_row(machine, owners, job) for job in jobs]
    names = [f"{row.data['source']} {row.data['user']} {row.data['command']}" for row in rows]
    for row, name in zip(rows, unique(names), strict=True):
        row.data["id"] = name
    reading.rows = rows
    return reading


def find_jobs(machine: Machine, owners: Owners, reading: Reading) -> list[Job]:
    """The jobs of all tables and timers; facts and gaps go into `reading`."""
    daemon = Daemon(next((name for name in ("cron", "crond") if machine.which(name)), None))
    jobs: list[Job] = []
    tables: list[str] = []

    def system() -> None:
        for path in ["/etc/crontab", *_in_folder(machine, "/etc/cron.d")]:
            jobs.extend(_table(machine, path, "system", None, daemon, owners, reading, tables))

    def users() -> None:
        for folder in _SPOOLS:
            for path in _in_folder(machine, folder):
                user = path.rsplit("/", 1)[-1]
                jobs.extend(_table(machine, path, "crontab", user, daemon, owners, reading, tables))

    def timers() -> None:
        found = read_timers(machine)
        reading.facts["timers"] = len(found)
        jobs.extend(
            Job(
                "timer",
                each.unit,
                0,
                each.user,
                each.schedule,
                each.command,
                each.ignored,
                each.environment,
            )
            for each in found
        )

    for part in (system, users, lambda: jobs.extend(_periodic(machine, daemon)), timers):
        reading.attempt(part)
    reading.facts |= {"tables": len(tables), "cron_installed": daemon.name is not None}
    reading.facts.setdefault("timers", 0)
    return jobs


def script_fields(machine: Machine, owners: Owners, path: str) -> dict[str, object]:
    """Existence, owner and mode of a script, and folders above it that others can write.

    Raises:
        Unread: A folder on the way may not be searched.
    """
    found = machine.stat(path)
    if found is None:
        return dict.fromkeys(_SCRIPT) | {"script_exists": False}
    return {
        "script_exists": True,
        "script_owner": owners.user(found.st_uid),
        "script_group": owners.group(found.st_gid),
        "script_mode": octal(found.st_mode),
        "script_group_write": bool(found.st_mode & stat.S_IWGRP),
        "script_others_write": bool(found.st_mode & stat.S_IWOTH),
        "script_unsafe_parents": _unsafe_parents(machine, path),
    }


def script_of(machine: Machine, job: Job) -> str | None:
    """Absolute path of what the job runs; a bare name is looked up as cron does."""
    if job.kind == "periodic":
        return job.command
    program = first_program(job.command)
    if program is None or program.startswith("/"):
        return program
    if "/" in program:  # relative to a folder that only the shell knows
        return None
    search = job.environment.get("PATH", _CRON_PATH).split(":")
    return machine.which(program, [folder for folder in search if folder.startswith("/")])


def _unsafe_parents(machine: Machine, path: str) -> list[str]:
    unsafe = []
    parts = path.strip("/").split("/")[:-1]
    for depth in range(len(parts) + 1):
        folder = "/" + "/".join(parts[:depth])
        found = machine.stat(folder)
        if found is None or found.st_uid != 0 or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            unsafe.append(folder)
    return unsafe


def _row(machine: Machine, owners: Owners, job: Job) -> Row:
    command, kinds = redact(job.command)
    for name, value in job.environment.items():
        kinds = [*kinds, *redact(f"{name}={value}")[1]]
    row = Row(
        {
            "host": machine.name,
            "kind": job.kind,
            "source": job.source,
            "line": job.line,
            "user": job.user,
            "schedule": job.schedule,
            "command": command,
            "secrets": sorted(set(kinds)),
            "daemon_reads": job.ignored is None,
            "ignored": job.ignored,
        }
    )
    row.attempt(("script", *_SCRIPT), lambda: _script(machine, owners, job))
    return row


def _script(machine: Machine, owners: Owners, job: Job) -> dict[str, object]:
    script = script_of(machine, job)
    if script is None:
        return {"script": None} | dict.fromkeys(_SCRIPT)
    return {"script": redact(script)[0]} | script_fields(machine, owners, script)


def _table(
    machine: Machine,
    path: str,
    kind: str,
    user: str | None,
    daemon: Daemon,
    owners: Owners,
    reading: Reading,
    tables: list[str],
) -> list[Job]:
    """The entries of one table; a table that cannot be read is a gap, and the others go on."""
    found = machine.stat(path)
    if found is None or not stat.S_ISREG(found.st_mode):
        return []
    try:
        text = machine.text(path) or ""
    except Unread as problem:
        reading.gaps.append(problem.gap)
        return []
    tables.append(path)
    name = path.rsplit("/", 1)[-1]
    ignored = daemon.ignored(name) if path.startswith("/etc/cron.d/") else daemon.ignored("a")
    owner = owners.user(found.st_uid)
    if ignored is None and owner != (user or "root"):
        ignored = f"the table belongs to {owner}"
    if ignored is None and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        ignored = f"the table can be written by others: mode {octal(found.st_mode)}"
    table = parse_table(text, with_user=user is None)
    reading.gaps += gaps_of(path, table.problems)
    return [
        Job(
            kind,
            path,
            entry.line,
            user or entry.user,
            entry.schedule,
            entry.command,
            ignored,
            entry.environment,
        )
        for entry in table.entries
    ]


def _periodic(machine: Machine, daemon: Daemon) -> list[Job]:
    jobs = []
    for period in _PERIODS:
        for path in _in_folder(machine, f"/etc/cron.{period}"):
            found = machine.stat(path)
            name = path.rsplit("/", 1)[-1]
            if name == ".placeholder" or (found and stat.S_ISDIR(found.st_mode)):
                continue
            ignored = daemon.ignored("a")
            if ignored is None and not is_read_name(name):
                ignored = f"run-parts does not run a file named {name}"
            if ignored is None and not (found and found.st_mode & stat.S_IXUSR):
                ignored = "it is not executable"
            jobs.append(Job("periodic", path, 0, "root", period, path, ignored))
    return jobs


def _in_folder(machine: Machine, folder: str) -> list[str]:
    return [f"{folder}/{name}" for name in machine.names(folder) or ()]


def read_expected(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each promised job, found or not."""
    reading = Reading()
    owners = read_owners(machine)
    jobs = [job for job in find_jobs(machine, owners, reading) if job.ignored is None]
    reading.facts = {"expected": len(settings.expected_jobs), "jobs_read": len(jobs)}
    for expected in sorted(settings.expected_jobs, key=lambda each: each.name):
        found = [job for job in jobs if expected.contains in f"{job.source} {job.command}"]
        reading.rows.append(_expected_row(machine, owners, expected, found))
    return reading


def _expected_row(
    machine: Machine, owners: Owners, expected: ExpectedJob, found: Sequence[Job]
) -> Row:
    schedules = [job.schedule for job in found]
    wanted = expected.schedule
    row = Row(
        {
            "host": machine.name,
            "name": expected.name,
            "found": bool(found),
            "matches": len(found),
            "schedule_expected": wanted,
            "schedules_found": schedules,
            "schedule_equal": (
                all(normal_schedule(each) == normal_schedule(wanted) for each in schedules)
                if wanted is not None and found
                else None
            ),
            "user_equal": (
                all(job.user == expected.user for job in found) if expected.user and found else None
            ),
            "sources": sorted({job.source for job in found}),
            "log": expected.log,
        }
    )
    fields = [name for name in _SCRIPT if name not in ("script_group", "script_unsafe_parents")]
    row.attempt(("script", *fields), lambda: _expected_script(machine, owners, found, fields))
    row.attempt(("log_modified_at",), lambda: _log(machine, expected))
    return row


def _expected_script(
    machine: Machine, owners: Owners, found: Sequence[Job], fields: Sequence[str]
) -> dict[str, object]:
    facts = _script(machine, owners, found[0]) if found else {}
    return {name: facts.get(name) for name in ("script", *fields)}


def _log(machine: Machine, expected: ExpectedJob) -> dict[str, object]:
    found = machine.stat(expected.log) if expected.log else None
    return {"log_modified_at": instant(found.st_mtime) if found else None}
