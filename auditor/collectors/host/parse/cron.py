"""Cron tables (crontab(5)), the names that cron and run-parts read, and comparable schedules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_ENVIRONMENT = re.compile(r"""\s*["']?([A-Za-z_][A-Za-z0-9_]*)["']?\s*=\s*(.*)""")
_FIELD = re.compile(r"[0-9A-Za-z*/,~-]+", re.ASCII)
_READ_NAME = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)  # cron.d and run-parts skip other names
_TIME_FIELDS = 5
_ANACRON_FIELDS = 4
NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True, slots=True)
class CronLine:
    """One entry of a cron table. `user` is "" in the table of a user."""

    line: int
    schedule: str
    user: str
    command: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """The entries of a file, and the lines that cron would refuse."""

    entries: tuple[CronLine, ...]
    problems: tuple[tuple[int, str], ...]


def parse_table(text: str, *, with_user: bool) -> Table:
    """The entries of a cron table.

    Args:
        text: Of the file.
        with_user: /etc/crontab and /etc/cron.d have a user before the command.
    """
    entries: list[CronLine] = []
    problems: list[tuple[int, str]] = []
    environment: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        assignment = _ENVIRONMENT.fullmatch(line)
        if assignment and not stripped.startswith("@"):
            environment = environment | {assignment[1]: assignment[2].strip().strip("\"'")}
            continue
        entry = _entry(number, stripped, environment, with_user=with_user)
        if entry is None:
            problems.append((number, "is neither an entry, nor an assignment, nor a comment"))
        else:
            entries.append(entry)
    return Table(tuple(entries), tuple(problems))


def parse_anacrontab(text: str) -> Table:
    """The entries of anacrontab(5): period in days, delay, name, command."""
    entries: list[CronLine] = []
    problems: list[tuple[int, str]] = []
    environment: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        assignment = _ENVIRONMENT.fullmatch(line)
        parts = stripped.split(None, _ANACRON_FIELDS - 1)
        if len(parts) == _ANACRON_FIELDS and re.fullmatch(r"[0-9]+|@[a-z]+", parts[0]):
            schedule = parts[0] if parts[0].startswith("@") else f"every {parts[0]} days"
            entries.append(CronLine(number, schedule, "root", parts[3], environment))
        elif assignment:
            environment = environment | {assignment[1]: assignment[2].strip().strip("\"'")}
        else:
            problems.append((number, "is neither an entry, nor an assignment, nor a comment"))
    return Table(tuple(entries), tuple(problems))


def _entry(
    number: int, line: str, environment: Mapping[str, str], *, with_user: bool
) -> CronLine | None:
    words = 1 if line.startswith("@") else _TIME_FIELDS
    parts = line.split(None, words + with_user)
    if len(parts) <= words + with_user:
        return None
    schedule = " ".join(parts[:words])
    if words == 1 and schedule.lower() not in {*NICKNAMES, "@reboot"}:
        return None
    if words > 1 and not all(_FIELD.fullmatch(part) for part in parts[:words]):
        return None
    user = parts[words] if with_user else ""
    return CronLine(number, schedule, user, _without_input(parts[-1]), environment)


def _without_input(command: str) -> str:
    """What cron gives to the shell: an unescaped % begins the standard input."""
    return re.split(r"(?<!\\)%", command, maxsplit=1)[0].replace("\\%", "%").strip()


def is_read_name(name: str) -> bool:
    """A file of this name is read by cron (in cron.d) and run-parts; `backup.sh` is not."""
    return _READ_NAME.fullmatch(name) is not None


def normal_schedule(schedule: str) -> str:
    """One way of writing for schedules that mean the same: nicknames, names, spaces."""
    text = " ".join(schedule.split()).lower()
    text = NICKNAMES.get(text, text)
    parts = text.split(" ")
    if len(parts) != _TIME_FIELDS:
        return text
    parts[3] = _numbers(parts[3], _MONTHS, 1)
    parts[4] = re.sub(r"\b7\b", "0", _numbers(parts[4], _DAYS, 0))
    parts = [re.sub(r"\b0+(?=\d)", "", part) for part in parts]
    return " ".join("*" if part == "*/1" else part for part in parts)


def _numbers(text: str, names: tuple[str, ...], first: int) -> str:
    for number, name in enumerate(names, start=first):
        text = text.replace(name, str(number))
    return text
