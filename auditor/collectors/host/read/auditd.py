"""`host.auditd`: the audit daemon's configuration, its rule files, and the kernel's answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.collectors.host.errors import Unread, unparsable
from auditor.collectors.host.machine import Machine, octal
from auditor.collectors.host.parse.auditd import (
    AUDITD_FIELDS,
    locked,
    parse_auditd,
    parse_rules,
    parse_status,
)
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings

_CONFIGURATION = "/etc/audit/auditd.conf"
_LOG = "/var/log/audit/audit.log"
_RULES = ("rule_files", "configured_rules", "locked_in_configuration")
_STATUS = ("enabled", "daemon_pid_present", "lost", "backlog_limit")


def read_auditd(machine: Machine, _settings: HostSettings) -> Reading:
    """One row; without the audit daemon everything but `installed` is null."""
    installed = machine.which("auditd") is not None
    row = Row({"host": machine.name, "installed": installed})
    parts: tuple[tuple[tuple[str, ...], Callable[[], Mapping[str, object]]], ...] = (
        (AUDITD_FIELDS, lambda: _configuration(machine)),
        (("log_mode",), lambda: _log_mode(machine)),
        (_RULES, lambda: _rules(machine)),
        (_STATUS, lambda: _status(machine)),
        (("loaded_rules",), lambda: _loaded(machine)),
    )
    for fields, read in parts:
        if installed:
            row.attempt(fields, read)
        else:
            row.data |= dict.fromkeys(fields)
    return Reading([row])


def _configuration(machine: Machine) -> dict[str, object]:
    text = machine.text(_CONFIGURATION)
    if text is None:
        raise Unread(unparsable(_CONFIGURATION, "does not exist"))
    try:
        return parse_auditd(text)
    except ValueError as error:
        raise Unread(unparsable(_CONFIGURATION, str(error))) from error


def _log_mode(machine: Machine) -> dict[str, object]:
    log = _configuration(machine)["log_file"] or _LOG
    found = machine.stat(str(log))
    return {"log_mode": octal(found.st_mode) if found else None}


def _rules(machine: Machine) -> dict[str, object]:
    folder = "/etc/audit/rules.d"
    names = [name for name in machine.names(folder) or () if name.endswith(".rules")]
    paths = [f"{folder}/{name}" for name in names] or ["/etc/audit/audit.rules"]
    paths = [path for path in paths if machine.exists(path)]
    rules = [rule for path in paths for rule in parse_rules(machine.text(path) or "")]
    return {
        "rule_files": paths,
        "configured_rules": rules,
        "locked_in_configuration": locked(rules),
    }


def _status(machine: Machine) -> dict[str, object]:
    try:
        return parse_status(machine.run("auditctl", "-s").stdout)
    except ValueError as error:
        raise Unread(unparsable("auditctl -s", str(error))) from error


def _loaded(machine: Machine) -> dict[str, object]:
    lines = machine.run("auditctl", "-l").stdout
    return {"loaded_rules": [] if lines.strip() == "No rules" else parse_rules(lines)}
