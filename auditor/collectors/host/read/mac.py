"""`host.mac`: AppArmor or SELinux, as the kernel states it."""

from __future__ import annotations

import re

from auditor.collectors.host.errors import Unread, unparsable
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_ENABLED = "/sys/module/apparmor/parameters/enabled"
_PROFILES = "/sys/kernel/security/apparmor/profiles"
_ENFORCE = "/sys/fs/selinux/enforce"
_LSM = "/sys/kernel/security/lsm"
_PROFILE = re.compile(r"(.+) \((enforce|complain|kill|unconfined|prompt|user)\)")
_FIELDS = (
    "framework",
    "enabled",
    "enforcing",
    "profiles",
    "profiles_enforce",
    "profiles_complain",
    "mode",
)


def read_mac(machine: Machine, _settings: HostSettings) -> Reading:
    """One row."""
    if machine.is_tree:
        detail = f"the kernel's state is not that of the root {machine.root}"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, subject="/sys"))
    row = Row({"host": machine.name})
    row.attempt(("lsms",), lambda: _modules(machine))
    row.attempt(_FIELDS, lambda: state_of(machine))
    return Reading([row])


def _modules(machine: Machine) -> dict[str, object]:
    text = machine.text(_LSM)
    if text is None:
        raise Unread(Gap(Cause.NOT_SUPPORTED, "securityfs is not mounted", subject=_LSM))
    return {"lsms": re.findall(r"[^,\s]+", text)}


def state_of(machine: Machine) -> dict[str, object]:
    """The framework, and whether it enforces.

    Raises:
        Unread: Not allowed, or securityfs is not mounted.
    """
    nothing: dict[str, object] = dict.fromkeys(_FIELDS)
    selinux = machine.text(_ENFORCE)
    if selinux is not None:
        on = selinux.strip() == "1"
        mode = "enforcing" if on else "permissive"
        return nothing | {"framework": "selinux", "enabled": True, "enforcing": on, "mode": mode}
    if (machine.text(_ENABLED) or "").strip() != "Y":
        return nothing | {"framework": "none", "enabled": False, "enforcing": False}
    text = machine.text(_PROFILES)
    if text is None:
        raise Unread(Gap(Cause.NOT_SUPPORTED, "securityfs is not mounted", subject=_PROFILES))
    states = parse_profiles(text)
    enforced = [name for name, state in states if state in ("enforce", "kill")]
    complain = sorted(name for name, state in states if state == "complain")
    return nothing | {
        "framework": "apparmor",
        "enabled": True,
        "enforcing": bool(enforced),
        "profiles": len(states),
        "profiles_enforce": len(enforced),
        "profiles_complain": complain,
    }


def parse_profiles(text: str) -> list[tuple[str, str]]:
    """Name and state of each profile that the kernel has loaded.

    Raises:
        Unread: A line of another form.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        match = _PROFILE.fullmatch(line)
        if match is None:
            raise Unread(unparsable(f"{_PROFILES}:{number}", "expected a name and a state"))
        found.append((match[1], match[2]))
    return found
