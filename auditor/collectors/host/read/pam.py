"""`host.pam`: the stacks that log people in, and the files of their modules."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.collectors.host.errors import Unread, unparsable
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.parse.pam import PamLine, pam_fields, parse_pam, parse_settings
from auditor.collectors.host.read.common import gaps_of
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings
from auditor.core.model.fields import Record
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_FOLDER = "/etc/pam.d"
# Debian's shared stacks, and those of Red Hat; then the service itself.
_STACKS = (("common-auth", "common-password"), ("system-auth", "password-auth"), ("sshd", "login"))
_BOTH = ("lockout_in_stack", "quality_in_stack")
_MAX_DEPTH = 10


def read_pam(machine: Machine, _settings: HostSettings, declared: Record) -> Reading:
    """One row for the first family of stacks that is there."""
    reading = Reading()
    row = Row({"host": machine.name})
    fields = [name for name in declared.fields if name != "host"]
    row.attempt(fields, lambda: _fields(machine, reading))
    reading.rows.append(row)
    return reading


def _fields(machine: Machine, reading: Reading) -> dict[str, object]:
    for names in _STACKS:
        present = [name for name in names if machine.exists(f"{_FOLDER}/{name}")]
        if present:
            break
    else:
        raise Unread(Gap(Cause.NOT_SUPPORTED, f"no stack is in {_FOLDER}", subject=_FOLDER))
    sources: list[str] = []
    stacks = [_stack(machine, name, reading, sources, 0) for name in present]
    faillock = _module_file(machine, "faillock", sources)
    pwquality = _module_file(machine, "pwquality", sources)
    try:
        fields = pam_fields([line for stack in stacks for line in stack], faillock, pwquality)
        if present[0] == "system-auth":  # two ways in: each of them must be protected
            each = [pam_fields(stack, faillock, pwquality) for stack in stacks]
            fields |= {name: all(one[name] for one in each) for name in _BOTH}
    except ValueError as error:
        raise Unread(unparsable(", ".join(sources), str(error))) from error
    return fields | {"sources": sorted(set(sources))}


def _stack(
    machine: Machine, name: str, reading: Reading, sources: list[str], depth: int
) -> Sequence[PamLine]:
    path = f"{_FOLDER}/{name}"
    text = machine.text(path)
    if text is None or depth > _MAX_DEPTH:
        raise Unread(unparsable(path, "is included, and is not there or includes itself"))
    sources.append(path)
    lines, problems = parse_pam(text)
    reading.gaps += gaps_of(path, problems)
    stack: list[PamLine] = []
    for line in lines:
        if line.include is None:
            stack.append(line)
            continue
        inner = _stack(machine, line.include, reading, sources, depth + 1)
        stack += [each for each in inner if line.type in ("", each.type)]
    return stack


def _module_file(machine: Machine, module: str, sources: list[str]) -> dict[str, str]:
    """/etc/security/MODULE.conf, its drop-ins first where the module has them."""
    settings: dict[str, str] = {}
    folder = f"/etc/security/{module}.conf.d"
    drop_ins = [f"{folder}/{n}" for n in machine.names(folder) or () if n.endswith(".conf")]
    # libpwquality reads the drop-ins before its main file (pwquality.conf(5)).
    for path in [*drop_ins, f"/etc/security/{module}.conf"]:
        text = machine.text(path)
        if text is not None:
            sources.append(path)
            settings |= parse_settings(text)
    return settings
