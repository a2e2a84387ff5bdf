"""`host.packages` and `host.pending_update`: apt's lists, simulated upgrades, reboots."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime

from auditor.collectors.host.errors import Unread, from_os_error, unparsable
from auditor.collectors.host.machine import Machine, instant
from auditor.collectors.host.parse.apt import (
    Update,
    count_installed,
    is_security,
    newest_kernel,
    parse_release,
    parse_simulation,
    parse_waiting,
    release_date,
)
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from auditor.core.times import format_instant

_LISTS = "/var/lib/apt/lists"
_STATUS = "/var/lib/dpkg/status"
_REBOOT = "/run/reboot-required"
# Read only: no lock, no cache files written, nothing downloaded or installed.
_SIMULATE = (
    "-s",
    "-o",
    "Debug::NoLocking=1",
    "-o",
    "Dir::Cache::pkgcache=",
    "-o",
    "Dir::Cache::srcpkgcache=",
    # Held and phased updates are missing too: show where they come from.
    "--ignore-hold",
    "-o",
    "APT::Get::Always-Include-Phased-Updates=true",
    "dist-upgrade",
)
# Left by Docker, Podman and systemd-nspawn: such a host has no kernel of its own.
_CONTAINER = ("/.dockerenv", "/run/.containerenv", "/run/host/container-manager")
_PERIODIC = 'APT::Periodic::Unattended-Upgrade "'


def read_packages(machine: Machine, _settings: HostSettings) -> Reading:
    """One row."""
    _require_apt(machine)
    row = Row({"host": machine.name, "manager": "apt"})
    row.attempt(("lists_updated_at",), lambda: {"lists_updated_at": _updated(machine)})
    row.attempt(("security_release_at", "security_sources"), lambda: _security(machine))
    try:
        _pending(machine, row)
    except Unread as problem:
        row.missing(("pending", "pending_security"), problem.gap)
    row.attempt(("installed", "held"), lambda: _installed(machine))
    row.attempt(("unattended_upgrades",), lambda: _unattended(machine))
    row.attempt(
        ("reboot_required", "reboot_required_since", "reboot_required_by"),
        lambda: _reboot(machine),
    )
    row.attempt(("kernel_running", "kernel_newest", "kernel_current"), lambda: _kernel(machine))
    return Reading([row])


def read_updates(machine: Machine, _settings: HostSettings) -> Reading:
    """One row for each package that an upgrade would install."""
    _require_apt(machine)
    updates, waiting = _simulated(machine)
    held = set(_installed(machine)["held"])  # type: ignore[call-overload]  # a list of names
    released = _security(machine)["security_release_at"]
    rows = [
        Row(
            {
                "host": machine.name,
                "id": f"{update.package}:{update.architecture}",
                "package": update.package,
                "architecture": update.architecture,
                "installed": update.installed,
                "candidate": update.candidate,
                "origins": list(update.origins),
                "security": update.security,
                "held": update.package in held,
                "security_release_at": released,
            }
        )
        for update in updates
    ]
    rows += [waiting_row(machine, name, held, released) for name in waiting]
    return Reading(rows, {"pending": len(rows), "lists_updated_at": _updated(machine)})


def waiting_row(machine: Machine, name: str, held: set[str], released: object) -> Row:
    """An update that apt would leave out: that there is one is known, and not what it brings."""
    package, _, architecture = name.partition(":")
    row = Row(
        {
            "host": machine.name,
            "id": f"{package}:{architecture or 'native'}",
            "package": package,
            "architecture": architecture or "native",
            "held": package in held,
            "security_release_at": released,
        }
    )
    detail = (
        f"apt keeps {name} back and does not say which version, or from where, it would install"
    )
    gap = Gap(Cause.INCOMPLETE, detail, subject=name, hint=f"run apt-get install {name}")
    row.missing(("installed", "candidate", "origins", "security"), gap)
    return row


def _require_apt(machine: Machine) -> None:
    if machine.which("apt-get") is None:
        detail = "only apt is read, and apt-get is not installed"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, action="apt-get"))


def _releases(machine: Machine) -> list[str]:
    names = machine.names(_LISTS) or ()
    return [f"{_LISTS}/{name}" for name in names if name.endswith(("_InRelease", "_Release"))]


def _updated(machine: Machine) -> str | None:
    """When every list was last asked for: apt touches each Release file, changed or not."""
    if machine.is_tree:
        detail = "times of change (ctime) are lost when a tree is copied"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, subject=_LISTS))
    times = [found.st_ctime for path in _releases(machine) if (found := machine.stat(path))]
    return instant(min(times)) if times else None


def _security(machine: Machine) -> dict[str, object]:
    dates: list[datetime] = []
    for path in _releases(machine):
        release = parse_release(machine.text(path) or "")
        if is_security(release):
            try:
                dates.append(release_date(release))
            except ValueError as error:
                raise Unread(unparsable(path, str(error))) from error
    newest = max(dates, default=None)
    return {
        "security_release_at": format_instant(newest) if newest else None,
        "security_sources": len(dates),
    }


def _simulated(machine: Machine) -> tuple[Sequence[Update], Sequence[str]]:
    """Updates, and the names of packages whose update apt would leave out."""
    output = machine.run("apt-get", *_SIMULATE)
    try:
        return parse_simulation(output.stdout), parse_waiting(output.stdout)
    except ValueError as error:
        raise Unread(unparsable("apt-get -s dist-upgrade", str(error))) from error


def _pending(machine: Machine, row: Row) -> None:
    updates, waiting = _simulated(machine)
    row.data["pending"] = len(updates) + len(waiting)
    if waiting:
        detail = f"apt keeps back, without saying why: {', '.join(waiting)[:300]}"
        row.missing(("pending_security",), Gap(Cause.INCOMPLETE, detail, action="apt-get"))
    else:
        row.data["pending_security"] = len([update for update in updates if update.security])


def _installed(machine: Machine) -> dict[str, object]:
    try:
        with machine.path(_STATUS).open(encoding="utf-8", errors="backslashreplace") as lines:
            installed, held = count_installed(lines)
    except OSError as error:
        raise from_os_error(error, _STATUS, "read") from error
    return {"installed": installed, "held": held}


def _unattended(machine: Machine) -> dict[str, object]:
    value: bool | None = None
    for name in machine.names("/etc/apt/apt.conf.d") or ():
        for line in (machine.text(f"/etc/apt/apt.conf.d/{name}") or "").splitlines():
            if line.strip().startswith(_PERIODIC):
                value = line.strip().removeprefix(_PERIODIC)[:1] not in ("0", "")
    return {"unattended_upgrades": value}


def _reboot(machine: Machine) -> dict[str, object]:
    found = machine.stat(_REBOOT)
    by = (machine.text(f"{_REBOOT}.pkgs") or "").split() if found else []
    return {
        "reboot_required": found is not None,
        "reboot_required_since": instant(found.st_mtime) if found else None,
        "reboot_required_by": sorted(set(by)),
    }


def _kernel(machine: Machine) -> Mapping[str, object]:
    if machine.is_tree:
        detail = f"the running kernel is not that of the root {machine.root}"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, action="uname"))
    running = os.uname().release
    newest = installed_kernel(machine)
    return {
        "kernel_running": running,
        "kernel_newest": newest,
        "kernel_current": None if newest is None else newest == running,
    }


def installed_kernel(machine: Machine) -> str | None:
    """The newest kernel in /boot; None in a container, which has none of its own.

    Raises:
        Unread: There is none, and the host is not known to be a container.
    """
    newest = newest_kernel(machine.names("/boot") or ())
    if newest is None and not any(machine.exists(path) for path in _CONTAINER):
        detail = "no vmlinuz-VERSION stands in /boot, and this is not known to be a container"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, subject="/boot"))
    return newest
