"""systemd timers, out of their unit files; a running systemd tells of those that have none."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.collectors.host.errors import Unread
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.parse.ini import Sections, last, parse_sections
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

# systemd.unit(5), in order of precedence
_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_EVENTS = ("OnCalendar", "OnBootSec", "OnStartupSec", "OnActiveSec", "OnUnitActiveSec")


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer and what it starts."""

    unit: str
    schedule: str
    user: str
    command: str
    ignored: str | None
    environment: Mapping[str, str] = field(default_factory=dict)


def read_timers(machine: Machine) -> list[Timer]:
    """All timers of the system manager, sorted by unit.

    Raises:
        Unread: A folder of units may not be read, or systemd does not answer.
    """
    units = {
        name
        for folder in _FOLDERS
        for name in machine.names(folder) or ()
        if name.endswith(".timer")
    }
    enabled = set(_enabled(machine))
    stopped = None if _may_run(machine) else "systemd is not running here"
    timers = [_timer(machine, unit, unit in enabled, stopped) for unit in sorted(units)]
    others = () if machine.is_tree or stopped else _loaded(machine)
    timers += [Timer(unit, "transient", "root", "", None) for unit in sorted(set(others) - units)]
    return timers


def _may_run(machine: Machine) -> bool:
    """On a tree nobody knows; on a machine systemd makes this folder when it is the init."""
    return machine.is_tree or machine.exists("/run/systemd/system")


def _enabled(machine: Machine) -> Iterator[str]:
    for folder in _FOLDERS:
        for name in machine.names(folder) or ():
            if name.endswith((".wants", ".requires", ".upholds")):
                yield from machine.names(f"{folder}/{name}") or ()


def _timer(machine: Machine, unit: str, enabled: bool, stopped: str | None) -> Timer:  # noqa: FBT001 - one caller
    timer = _unit(machine, unit)
    if timer is None:
        return Timer(unit, "", "root", "", "masked")
    service_name = last(timer, "Timer", "Unit") or unit.removesuffix(".timer") + ".service"
    service = _unit(machine, service_name) or {}
    events = [f"{key}={value}" for key in _EVENTS for value in timer.get("Timer", {}).get(key, ())]
    commands = service.get("Service", {}).get("ExecStart", [])
    return Timer(
        unit,
        "; ".join(events),
        last(service, "Service", "User") or "root",
        "; ".join(re.sub(r"^[-@:+!|]+", "", command) for command in commands),
        stopped or (None if enabled else "the timer is not enabled"),
        _environment(service),
    )


def _environment(service: Sections) -> dict[str, str]:
    """Variables that the unit sets; whoever may read the unit may read them."""
    result: dict[str, str] = {}
    for line in service.get("Service", {}).get("Environment", ()):
        try:
            words = shlex.split(line)
        except ValueError:  # systemd ignores such a line; a secret in it is one all the same
            words = line.split()
        result |= {name: value for name, _, value in (word.partition("=") for word in words)}
    return result


def _unit(machine: Machine, unit: str) -> Sections | None:
    """The unit with its drop-ins; None when it is masked or absent."""
    text = None
    for folder in _FOLDERS:
        if machine.stat(f"{folder}/{unit}", follow=False) is not None:
            text = machine.text(f"{folder}/{unit}")
            break
    return parse_sections([text, *_drop_ins(machine, unit)]) if text else None


def _drop_ins(machine: Machine, unit: str) -> Sequence[str]:
    found: dict[str, str] = {}
    for folder in _FOLDERS:
        for name in machine.names(f"{folder}/{unit}.d") or ():
            if name.endswith(".conf"):
                found.setdefault(name, f"{folder}/{unit}.d/{name}")
    return [machine.text(found[name]) or "" for name in sorted(found)]


def _loaded(machine: Machine) -> list[str]:
    line = ("list-timers", "--all", "--output=json", "--no-pager")
    output = machine.run("systemctl", *line)
    try:
        return [str(timer["unit"]) for timer in json.loads(output.stdout)]
    except (ValueError, KeyError, TypeError) as error:
        gap = Gap(Cause.UNPARSABLE, f"systemctl list-timers: {error!r}", action=" ".join(line))
        raise Unread(gap) from error
