"""`host.cron_job`: what is scheduled, by cron, anacron, at and systemd's timers."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.collectors.host.errors import Unread
from auditor.collectors.host.machine import Machine, octal
from auditor.collectors.host.parse.command import first_program, programs
from auditor.collectors.host.parse.cron import (
    is_read_name,
    parse_anacrontab,
    parse_table,
)
from auditor.collectors.host.parse.secrets import redact
from auditor.collectors.host.read.common import Owners, gaps_of, read_owners
from auditor.collectors.host.read.timers import read_timers
from auditor.collectors.host.rows import Reading, Row, unique
from auditor.collectors.host.settings import HostSettings

_ANACRONTAB = "/etc/anacrontab"
_PERIODS = ("hourly", "daily", "weekly", "monthly")
_SPOOLS = ("/var/spool/cron/crontabs", "/var/spool/cron")
_AT_SPOOLS = ("/var/spool/cron/atjobs", "/var/spool/at", "/var/spool/atjobs")
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
    hidden: str = ""  # looked through for secrets, and never shown


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

    def cron_tables() -> None:
        for path, user in _tables(machine, reading):
            jobs.extend(_table(machine, path, user, daemon, owners, reading, tables))

    reading.facts["timers"] = 0
    for part in (
        cron_tables,
        lambda: jobs.extend(_periodic(machine, daemon)),
        lambda: jobs.extend(_timers(machine, reading)),
        lambda: jobs.extend(_anacron(machine, reading, tables)),
        lambda: jobs.extend(_at_jobs(machine, owners, reading)),
    ):
        reading.attempt(part)
    reading.facts |= {"tables": len(tables), "cron_installed": daemon.name is not None}
    return jobs


def _tables(machine: Machine, reading: Reading) -> list[tuple[str, str | None]]:
    """Paths of cron's tables, and the user of each; None where its lines name one."""
    found: list[tuple[str, str | None]] = [("/etc/crontab", None)]
    for folder in ("/etc/cron.d", *_SPOOLS):
        try:
            paths = _in_folder(machine, folder)
        except Unread as problem:
            reading.gaps.append(problem.gap)
            continue
        of_users = folder in _SPOOLS
        found += [(path, path.rsplit("/", 1)[-1] if of_users else None) for path in paths]
    return found


def _timers(machine: Machine, reading: Reading) -> list[Job]:
    found = read_timers(machine)
    reading.facts["timers"] = len(found)
    return [
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
    ]


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
    return None if job.kind == "at" else _path_of(machine, job, first_program(job.command))


def scripts_of(machine: Machine, job: Job) -> list[str]:
    """Absolute paths of all that the job runs, in order."""
    if job.kind in ("periodic", "at"):
        return [job.command] if job.kind == "periodic" else []
    found = (_path_of(machine, job, program) for program in programs(job.command))
    return [path for path in found if path is not None]


def _path_of(machine: Machine, job: Job, program: str | None) -> str | None:
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
    kinds = [*kinds, *redact(job.hidden)[1]]
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
            "system" if user is None else "crontab",
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


def _anacron(machine: Machine, reading: Reading, tables: list[str]) -> list[Job]:
    """The entries of anacrontab(5): they run as root."""
    text = machine.text(_ANACRONTAB)
    if text is None:
        return []
    tables.append(_ANACRONTAB)
    table = parse_anacrontab(text)
    reading.gaps += gaps_of(_ANACRONTAB, table.problems)
    ignored = None if machine.which("anacron") else "no anacron is installed"
    return [
        Job(
            "anacron",
            _ANACRONTAB,
            entry.line,
            "root",
            entry.schedule,
            entry.command,
            ignored,
            entry.environment,
        )
        for entry in table.entries
    ]


def _at_jobs(machine: Machine, owners: Owners, reading: Reading) -> list[Job]:
    """Jobs of at(1), which run once: their texts hold the whole environment of who made them."""
    ignored = None if machine.which("atd") else "no at daemon is installed"
    jobs = []
    for path in (path for folder in _AT_SPOOLS for path in _in_folder(machine, folder)):
        found = machine.stat(path, follow=False)
        if found is None or not stat.S_ISREG(found.st_mode) or path.endswith("/.SEQ"):
            continue
        try:
            text = machine.text(path) or ""
        except Unread as problem:
            reading.gaps.append(problem.gap)
            continue
        user = owners.user(found.st_uid)
        jobs.append(Job("at", path, 0, user, "once", "at job", ignored, hidden=text))
    return jobs


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
