"""auditd.conf(5), rule files of augenrules(8), and what `auditctl -s` answers."""

from __future__ import annotations

import re

from auditor.collectors.host.parse.words import words

_TEXTS = sorted(
    words(
        "log_file log_format max_log_file_action space_left_action admin_space_left_action "
        "disk_full_action disk_error_action flush"
    )
)
AUDITD_FIELDS = (*_TEXTS, "write_logs", "max_log_file_mib", "num_logs")


def parse_auditd(text: str) -> dict[str, object]:
    """The fields of `host.auditd` out of auditd.conf; absent settings are null.

    Raises:
        ValueError: A line that is none; the message begins with its number.
    """
    settings: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise ValueError(f"{number}: got {line[:60]!r}, expected key = value")
        settings[key.strip().lower()] = value.strip()
    fields: dict[str, object] = {name: _lower(settings, name) for name in _TEXTS}
    writes = settings.get("write_logs")
    return fields | {
        "log_file": settings.get("log_file"),  # a path keeps its letters
        "write_logs": None if writes is None else writes.lower() == "yes",
        "max_log_file_mib": _number(settings, "max_log_file"),
        "num_logs": _number(settings, "num_logs"),
    }


def parse_rules(text: str) -> list[str]:
    """Rules in order, white space made single, comments left out."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def locked(rules: list[str]) -> bool:
    """The last `-e` of the rules makes them immutable until the next boot."""
    flags = [match[1] for rule in rules if (match := re.fullmatch(r"-e\s*(\d)", rule))]
    return bool(flags) and flags[-1] == "2"


def parse_status(text: str) -> dict[str, object]:
    """`auditctl -s`: enabled, pid, lost, backlog_limit.

    Raises:
        ValueError: One of them is not there.
    """
    numbers = {m[1]: int(m[2]) for m in re.finditer(r"^(\w+)[ =](\d+)", text, re.MULTILINE)}
    missing = {"enabled", "pid", "lost", "backlog_limit"} - numbers.keys()
    if missing:
        raise ValueError(f"auditctl -s did not print {', '.join(sorted(missing))}")
    return {
        "enabled": numbers["enabled"],
        "daemon_pid_present": numbers["pid"] > 0,
        "lost": numbers["lost"],
        "backlog_limit": numbers["backlog_limit"],
    }


def _lower(settings: dict[str, str], key: str) -> str | None:
    return settings[key].lower() if key in settings else None


def _number(settings: dict[str, str], key: str) -> int | None:
    value = settings.get(key)
    if value is None:
        return None
    if not re.fullmatch(r"\d{1,9}", value):
        raise ValueError(f"{key} is {value!r}, expected a number")
    return int(value)
