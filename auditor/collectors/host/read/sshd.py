"""`host.sshd`: what `sshd -T` says holds, and what Match blocks change of it."""

from __future__ import annotations

from auditor.collectors.host.errors import Unread, unparsable
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.parse.sshd import (
    Override,
    effective_fields,
    match_overrides,
    parse_effective,
    parse_version,
)
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings
from auditor.core.model.fields import Record
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_FOLDER = "/etc/ssh"  # a relative Include starts here, wherever the file lies
_OWN = ("host", "installed", "version", "version_number", "match_overrides")


def read_sshd(machine: Machine, settings: HostSettings, declared: Record) -> Reading:
    """One row; without an SSH server everything but `installed` is null."""
    reading = Reading()
    path = machine.which("sshd")
    reading.facts["sshd_path"] = path
    row = Row({"host": machine.name, "installed": path is not None})
    reading.rows.append(row)
    effective = [name for name in declared.fields if name not in _OWN]
    if path is None:
        row.data |= dict.fromkeys([*_OWN[2:], *effective])
        return reading
    row.attempt(("version", "version_number"), lambda: _version(machine))
    row.attempt(effective, lambda: read_effective(machine, settings.sshd_config))
    row.attempt(("match_overrides",), lambda: _overrides(machine, settings.sshd_config))
    _name_missing(row, effective)
    return reading


def read_effective(machine: Machine, config: str) -> dict[str, object]:
    """The fields that `sshd -T` gives.

    Raises:
        Unread: It refuses the file, or may not read it or the host keys.
    """
    return effective_fields(parse_effective(machine.run("sshd", "-T", "-f", config).stdout))


def _version(machine: Machine) -> dict[str, object]:
    # Until OpenSSH 9.3 there is no -V; sshd then names its version in the usage message.
    output = machine.run("sshd", "-V", ok=(0, 1))
    found = parse_version(output.stdout + output.stderr)
    if found is None:
        raise Unread(Gap(Cause.UNPARSABLE, "sshd -V names no version", action="sshd -V"))
    return {"version": found[0], "version_number": found[1]}


def _overrides(machine: Machine, config: str) -> dict[str, object]:
    found = read_overrides(machine, config)
    return {"match_overrides": [override.to_json() for override in found]}


def read_overrides(machine: Machine, config: str) -> list[Override]:
    """Every keyword inside a Match block of the server's configuration.

    Raises:
        Unread: The file is not there, may not be read or is no such configuration.
    """
    text = machine.text(config)
    if text is None:
        raise Unread(Gap(Cause.UNPARSABLE, f"{config} does not exist", subject=config))

    def include(pattern: str) -> list[tuple[str, str]]:
        paths = machine.glob(pattern if pattern.startswith("/") else f"{_FOLDER}/{pattern}")
        return [(path, machine.text(path) or "") for path in paths]

    try:
        return match_overrides(text, config, include)
    except ValueError as error:
        raise Unread(unparsable(config, str(error))) from error


def _name_missing(row: Row, fields: list[str]) -> None:
    """A keyword that this sshd does not print is not known: neither on nor off."""
    for name in fields:
        if name not in row.data and name not in row.unread:
            gap = Gap(Cause.NOT_SUPPORTED, f"sshd -T does not print {name}", action="sshd -T")
            row.missing((name,), gap)
