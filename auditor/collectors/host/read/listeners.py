"""`host.listener`: what listens, and which program that is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from auditor.collectors.host.errors import Unread, unparsable
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.parse.sockets import Socket, parse_sockets
from auditor.collectors.host.read.common import read_owners, required
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings, ListedListener
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_TABLES = (("tcp", "ipv4"), ("tcp", "ipv6"), ("udp", "ipv4"), ("udp", "ipv6"))
_INODE = re.compile(r"socket:\[(\d+)\]")


def read_listeners(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each protocol, address and port; sockets that share them are one."""
    if machine.is_tree:
        detail = f"sockets belong to a running machine, and the root is {machine.root}"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, subject="/proc/net"))
    owners = read_owners(machine)
    sockets = [socket for table in _TABLES for socket in _table(machine, *table)]
    programs, hidden = _programs()
    shared: dict[str, list[Socket]] = {}
    for socket in sockets:
        shared.setdefault(socket.id, []).append(socket)
    rows = []
    for name in sorted(shared):
        first = shared[name][0]
        row = Row(
            {
                "host": machine.name,
                "id": name,
                "protocol": first.protocol,
                "family": first.family,
                "address": first.address,
                "port": first.port,
                "loopback": first.loopback,
                "any_address": first.any_address,
                "user": owners.user(first.uid),
            }
        )
        known = sorted({p for s in shared[name] for p in programs.get(s.inode, ())})
        if known or not hidden:
            row.data["processes"] = known
        else:
            row.missing(("processes",), _hidden(name))
        _list(row, first, settings.listeners)
        rows.append(row)
    return Reading(rows, {"sockets": len(sockets)})


def _table(machine: Machine, protocol: str, family: str) -> Sequence[Socket]:
    path = f"/proc/net/{protocol}{'6' if family == 'ipv6' else ''}"
    if family == "ipv6" and not machine.exists(path):  # a kernel without IPv6
        return ()
    try:
        return parse_sockets(required(machine, path), protocol, family)
    except ValueError as error:
        raise Unread(unparsable(path, str(error))) from error


def _programs() -> tuple[Mapping[int, set[str]], bool]:
    """Socket's inode to names of its processes, and whether some process could not be seen."""
    found: dict[int, set[str]] = {}
    hidden = os.geteuid() != 0  # a /proc mounted with hidepid does not even show them
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
            for inode in _sockets(folder / "fd"):
                found.setdefault(inode, set()).add(name)
        except PermissionError:
            hidden = True
        except OSError:  # the process ended meanwhile: then its sockets are gone too
            continue
    return found, hidden


def _sockets(folder: Path) -> Iterator[int]:
    for each in folder.iterdir():
        try:
            link = os.readlink(each)  # noqa: PTH115 - `socket:[1]` is no path
        except FileNotFoundError:  # closed meanwhile, as is the descriptor of this very listing
            continue
        if match := _INODE.fullmatch(link):
            yield int(match[1])


def _list(row: Row, socket: Socket, listed: Sequence[ListedListener]) -> None:
    """`listed`; unread where only the process could tell and it is not known."""
    candidates = [
        each
        for each in listed
        if (each.protocol, each.port) == (socket.protocol, socket.port)
        and each.address in (None, socket.address)
    ]
    if any(each.process is None for each in candidates) or not candidates:
        row.data["listed"] = bool(candidates)
    elif "processes" in row.unread:
        row.missing(("listed",), row.unread["processes"])
    else:
        named = {each.process for each in candidates}
        processes = row.data["processes"]
        row.data["listed"] = bool(processes) and named.issuperset(processes)  # type: ignore[arg-type]  # a list


def _hidden(name: str) -> Gap:
    return Gap(
        Cause.DENIED,
        f"the process behind {name} could not be seen",
        subject=name,
        action="read /proc/PID/fd",
        hint="run as root",
    )
