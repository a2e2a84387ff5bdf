"""The host collector: dispatch by resource type; every failure ends as a gap."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from auditor import __version__
from auditor.collectors.asked import refuse_unknown, settings_of
from auditor.collectors.host.errors import Unread, from_os_error
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.read import (
    auditd,
    authorized_keys,
    backup,
    clock,
    cron,
    expected_job,
    files,
    filesystems,
    firewall,
    journald,
    listeners,
    logrotate,
    mac,
    packages,
    pam,
    restore,
    script,
    sshd,
    sudo,
    users,
)
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings
from auditor.collectors.interface import (
    CollectionContext,
    Expander,
    PlannedCall,
    Preflight,
    TargetKind,
    listed_permissions,
)
from auditor.collectors.types_yaml import load_resource_types
from auditor.core.model.observation import Gap, Observation, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.model.target import Target

_TYPES = Path(__file__).with_name("types.yaml")
_PLAIN: Mapping[str, Callable[[Machine, HostSettings], Reading]] = {
    "host.cron_job": cron.read_jobs,
    "host.expected_job": expected_job.read_expected,
    "host.script": script.read_scripts,
    "host.logrotate_stanza": logrotate.read_stanzas,
    "host.log_file": logrotate.read_log_files,
    "host.user": users.read_users,
    "host.sudo": sudo.read_sudo,
    "host.sudo_rule": sudo.read_sudo_rules,
    "host.sudo_holder": sudo.read_sudo_holders,
    "host.authorized_key": authorized_keys.read_authorized_keys,
    "host.journald": journald.read_journald,
    "host.auditd": auditd.read_auditd,
    "host.file": files.read_files,
    "host.filesystem": filesystems.read_filesystems,
    "host.listener": listeners.read_listeners,
    "host.firewall": firewall.read_firewall,
    "host.time": clock.read_clock,
    "host.packages": packages.read_packages,
    "host.pending_update": packages.read_updates,
    "host.mac": mac.read_mac,
    "host.backup_series": backup.read_series,
    "host.restore_test": restore.read_restore_tests,
    "host.backup_set": backup.read_sets,
}


class HostCollector:
    """Reads this machine, or a tree of files that stands for one."""

    def __init__(self) -> None:
        self._types: Mapping[str, ResourceType] | None = None

    @property
    def name(self) -> str:
        """First part of the names of its resource types."""
        return "host"

    @property
    def query_language(self) -> str:
        """None."""
        return ""

    @property
    def target_kinds(self) -> Mapping[str, TargetKind]:
        """The kinds of targets it reads."""
        return {"host": TargetKind(HostSettings)}

    @property
    def expanders(self) -> Sequence[Expander]:
        """None."""
        return ()

    def resource_types(self) -> Mapping[str, ResourceType]:
        """All types it can read, by name."""
        if self._types is None:
            self._types = load_resource_types(_TYPES)
        return self._types

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        """What must be allowed, in words."""
        known = self.resource_types()
        return listed_permissions(known[name] for name in resource_types)

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        """What is read, a line for each type: how many files or connections, only reading tells."""
        del target
        return [PlannedCall(name, None, "host") for name in sorted(resource_types)]

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        """Whether the root can be listed, and as whom."""
        machine = _machine(target, settings_of(target, HostSettings), context)
        try:
            machine.names("/")
        except Unread as problem:
            return Preflight(_identity(machine), problem.gap)
        if not machine.root.is_dir():
            gap = Gap(Cause.UNREACHABLE, f"root {machine.root} is no folder", hint="mount it")
            return Preflight(_identity(machine), gap)
        return Preflight(_identity(machine))

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        """One observation for each type, in the order asked for.

        Raises:
            UsageError: A type that it does not read.
            ConfigError: The target's settings are wrong.
        """
        refuse_unknown(self.name, target, resource_types, self.resource_types())
        settings = settings_of(target, HostSettings)
        for name in resource_types:
            yield self._observe(target, settings, name, context)

    def _observe(
        self, target: Target, settings: HostSettings, name: str, context: CollectionContext
    ) -> Observation:
        machine = _machine(target, settings, context)
        started = context.clock()
        try:
            reading = self._read(machine, settings, name, context)
        except Unread as problem:
            reading = Reading(gaps=[problem.gap])
        except OSError as error:  # one that no reading has put into words
            reading = Reading(gaps=[from_os_error(error, str(error.filename or name), "read").gap])
        return Observation(
            target=target.name,
            environment=target.environment,
            resource_type=name,
            identity=_identity(machine),
            started_at=started,
            read_at=context.clock(),
            as_of=started,
            resources=tuple(_finished(row) for row in reading.rows),
            facts=_clean_mapping(reading.facts),
            gaps=tuple(dict.fromkeys(_clean_gap(gap) for gap in reading.gaps)),
            calls=tuple(
                replace(call, request=_text(call.request))
                for call in sorted(machine.calls, key=lambda call: call.started_at)
            ),
            collector=f"host {__version__}",
        )

    def _read(
        self, machine: Machine, settings: HostSettings, name: str, context: CollectionContext
    ) -> Reading:
        if not machine.root.is_dir():
            detail = f"root {machine.root} is no folder"
            raise Unread(Gap(Cause.UNREACHABLE, detail, subject=str(machine.root)))
        if name in _PLAIN:
            return _PLAIN[name](machine, settings)
        if name == "host.backup_file":
            return backup.read_files(machine, settings, context.executor)
        declared = self.resource_types()[name].fields
        if name == "host.sshd":
            return sshd.read_sshd(machine, settings, declared)
        return pam.read_pam(machine, settings, declared)


def _machine(target: Target, settings: HostSettings, context: CollectionContext) -> Machine:
    root = Path(settings.root).resolve()
    machine = Machine(root, target.name, context.clock, context.timeout_s)
    machine.name = _host_name(machine, target)
    machine.calls.clear()  # the name is no part of a reading
    return machine


def _host_name(machine: Machine, target: Target) -> str:
    if not machine.is_tree:
        return socket.gethostname()
    try:
        return (machine.text("/etc/hostname") or "").strip() or target.name
    except Unread:  # then it goes by the name that the configuration has for it
        return target.name


def _identity(machine: Machine) -> str:
    uid = os.geteuid()
    name = "root" if uid == 0 else os.environ.get("USER", "")
    return f"uid={uid}({name}) {machine.name}" if name else f"uid={uid} {machine.name}"


def _finished(row: Row) -> Resource:
    unread = {path: _clean_gap(gap) for path, gap in row.unread.items()}
    return Resource(_clean_mapping(row.data), unread=unread)


def _clean_gap(gap: Gap) -> Gap:
    return replace(gap, detail=_text(gap.detail), subject=_text(gap.subject))


def _text(value: str) -> str:
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _clean_mapping(value: Mapping[str, object]) -> dict[str, object]:
    return {key: _clean(item) for key, item in value.items()}


def _clean(value: object) -> object:
    """Names of files may hold any bytes; evidence holds valid text, so those become escapes."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    if isinstance(value, Mapping):
        return _clean_mapping(value)
    return value
