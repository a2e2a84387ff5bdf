"""What several readings need: names of owners, the bits of a mode, problems as gaps."""

from __future__ import annotations

import array
import fcntl
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from auditor.collectors.host.errors import Unread, from_os_error, unparsable
from auditor.collectors.host.machine import Machine, octal
from auditor.collectors.host.parse.accounts import (
    Account,
    Group,
    foreign_sources,
    parse_group,
    parse_nsswitch,
    parse_passwd,
)
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_GET_FLAGS = 0x80086601  # FS_IOC_GETFLAGS (linux/fs.h)
APPEND_ONLY = 0x20
_RECORDS = ("/etc/userdb", "/run/userdb", "/usr/lib/userdb", "/var/lib/systemd/home")
IMMUTABLE = 0x10


@dataclass(frozen=True, slots=True)
class Owners:
    """Names of the machine's own accounts and groups; a number without a name stays a number."""

    users: Mapping[int, str]
    groups: Mapping[int, str]

    def user(self, uid: int) -> str:
        """The first account with that number."""
        return self.users.get(uid, str(uid))

    def group(self, gid: int) -> str:
        """The first group with that number."""
        return self.groups.get(gid, str(gid))

    def fields(self, found: os.stat_result) -> dict[str, object]:
        """Mode, its worrying bits, owner and group."""
        return {
            "mode": octal(found.st_mode),
            "others_read": bool(found.st_mode & stat.S_IROTH),
            "others_write": bool(found.st_mode & stat.S_IWOTH),
            "group_write": bool(found.st_mode & stat.S_IWGRP),
            "owner": self.user(found.st_uid),
            "group": self.group(found.st_gid),
        }


def read_owners(machine: Machine) -> Owners:
    """The names of the machine's accounts and groups.

    Raises:
        Unread: passwd or group may not be read.
    """
    users: dict[int, str] = {}
    groups: dict[int, str] = {}
    for account in read_accounts(machine)[0]:
        users.setdefault(account.uid, account.name)
    for group in read_groups(machine)[0]:
        groups.setdefault(group.gid, group.name)
    return Owners(users, groups)


def read_accounts(machine: Machine) -> tuple[list[Account], list[Gap]]:
    """Accounts of /etc/passwd, and gaps for its lines that are none.

    Raises:
        Unread: It is not there or may not be read.
    """
    accounts, problems = parse_passwd(required(machine, "/etc/passwd"))
    return accounts, gaps_of("/etc/passwd", problems)


def read_groups(machine: Machine) -> tuple[list[Group], list[Gap]]:
    """Groups of /etc/group, and gaps for its lines that are none.

    Raises:
        Unread: It is not there or may not be read.
    """
    groups, problems = parse_group(required(machine, "/etc/group"))
    return groups, gaps_of("/etc/group", problems)


def read_nsswitch(machine: Machine) -> dict[str, list[str]]:
    """Sources of accounts and groups; none named means files."""
    return parse_nsswitch(machine.text("/etc/nsswitch.conf") or "")


def accounts_abroad(machine: Machine, databases: Sequence[str] = ("passwd",)) -> list[str]:
    """Sources of accounts besides the files that are read, sorted; empty if there are none.

    systemd's own source adds no accounts unless there are records for it (userdbd.service(8)).

    Raises:
        Unread: nsswitch.conf or a folder of records may not be read.
    """
    nsswitch = read_nsswitch(machine)
    found = {source for name in databases for source in foreign_sources(nsswitch, name)}
    if any("systemd" in nsswitch.get(name, ()) for name in databases):
        found |= {folder for folder in _RECORDS if machine.names(folder)}
    return sorted(found)


def required(machine: Machine, path: str) -> str:
    """The text of a file that every such machine has.

    Raises:
        Unread: It is not there or may not be read.
    """
    text = machine.text(path)
    if text is None:
        raise Unread(Gap(Cause.NOT_SUPPORTED, f"{path} does not exist", subject=path))
    return text


def gaps_of(path: str, problems: Iterable[tuple[int, str]]) -> list[Gap]:
    """One gap for each line that could not be parsed."""
    return [unparsable(f"{path}:{number}", message) for number, message in problems]


def attributes(machine: Machine, path: str) -> int:
    """The inode's flags, as lsattr shows them.

    Raises:
        Unread: Not allowed, or the file system has no such flags.
    """
    try:
        # O_NONBLOCK: a FIFO of that name must not stop the reading.
        opened = os.open(machine.path(path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise from_os_error(error, path, "open") from error
    try:
        flags = array.array("l", [0])
        fcntl.ioctl(opened, _GET_FLAGS, flags)
    except OSError as error:
        raise from_os_error(error, path, "read the attributes of") from error
    finally:
        os.close(opened)
    return flags[0]
