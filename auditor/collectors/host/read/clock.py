"""`host.time`: whether the kernel's clock is disciplined, and by whom."""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path

from auditor.collectors.host.errors import Unread, from_os_error, unparsable
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.parse.chrony import parse_tracking
from auditor.collectors.host.read.journald import merged
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_UNSYNC = 0x40  # STA_UNSYNC (linux/timex.h)
_NANO = 0x2000  # STA_NANO: offsets are nanoseconds, else microseconds
_TIME_ERROR = 5
# Program to the daemon's name, and the daemon to its configuration.
_PROGRAMS = {
    "chronyd": "chrony",
    "systemd-timesyncd": "systemd-timesyncd",
    "systemd-timesyn": "systemd-timesyncd",  # the kernel keeps 15 letters
    "ntpd": "ntp",
    "openntpd": "openntpd",
}
_FILES = {
    "chrony": ("/etc/chrony/chrony.conf", "/etc/chrony.conf"),
    "ntpsec": ("/etc/ntpsec/ntp.conf",),
    "ntp": ("/etc/ntp.conf",),
    "openntpd": ("/etc/openntpd/ntpd.conf",),
}
_SOURCE = re.compile(r"^\s*(?:server|servers|pool|peer)\s+(\S+)", re.MULTILINE)


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time_s", ctypes.c_long),
        ("time_us", ctypes.c_long),
        ("tick", ctypes.c_long),
        ("pps", ctypes.c_byte * 256),  # the rest is not read, and larger than it can be
    )


def read_clock(machine: Machine, _settings: HostSettings) -> Reading:
    """One row."""
    row = Row({"host": machine.name})
    row.attempt(("synchronised", "offset_ms", "max_error_ms"), lambda: _kernel(machine))
    row.attempt(("daemon", "sources", "running"), lambda: _daemon(machine))
    row.data |= {"reference": None, "stratum": None}
    if not machine.is_tree and machine.which("chronyc") and "chrony" in _running():
        row.attempt(("reference", "stratum", "offset_ms"), lambda: _chrony(machine))
    return Reading([row])


def _kernel(machine: Machine) -> dict[str, object]:
    if machine.is_tree:
        detail = f"the clock belongs to a running machine, and the root is {machine.root}"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, action="adjtimex"))
    timex = _Timex()  # modes 0: nothing is set
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    if state < 0:
        error = OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        raise from_os_error(error, "the kernel's clock", "adjtimex")
    per_ms = 10**6 if timex.status & _NANO else 10**3
    return {
        "synchronised": state != _TIME_ERROR and not timex.status & _UNSYNC,
        "offset_ms": f"{abs(timex.offset) / per_ms:.3f}",
        "max_error_ms": f"{timex.maxerror / 10**3:.3f}",
    }


def _running() -> list[str]:
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
            except OSError:  # ended meanwhile
                continue
            if name in _PROGRAMS:
                found.add(_PROGRAMS[name])
    return sorted(found)


def _daemon(machine: Machine) -> dict[str, object]:
    running = [] if machine.is_tree else _running()
    for daemon, paths in _FILES.items():
        for path in paths:
            text = machine.text(path)
            if text is not None:
                return {"daemon": daemon, "sources": _sources(machine, text), "running": running}
    sections, files = merged(machine, "timesyncd.conf")
    if not files:
        return {"daemon": running[0] if running else None, "sources": [], "running": running}
    time = sections.get("Time", {})
    names = " ".join(time.get("NTP", []) or time.get("FallbackNTP", [])).split()
    return {"daemon": "systemd-timesyncd", "sources": sorted(names), "running": running}


def _sources(machine: Machine, text: str) -> list[str]:
    """Servers of chrony.conf or ntp.conf, and of chrony's folders of sources."""
    found = _SOURCE.findall(text)
    for folder in re.findall(r"^\s*(?:sourcedir|confdir)\s+(\S+)", text, re.MULTILINE):
        for name in machine.names(folder) or ():
            if name.endswith((".sources", ".conf")):
                found += _SOURCE.findall(machine.text(f"{folder}/{name}") or "")
    return sorted(set(found))


def _chrony(machine: Machine) -> dict[str, object]:
    try:
        return parse_tracking(machine.run("chronyc", "-c", "tracking").stdout)
    except ValueError as error:
        raise Unread(unparsable("chronyc -c tracking", str(error))) from error
