"""passwd(5), group(5), shadow(5) and nsswitch.conf(5); of a password only facts, never the hash."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from auditor.core.times import format_instant

_PASSWD, _GROUP, _SHADOW = 7, 4, 9  # fields of a line
_NOT_INTERACTIVE = frozenset({"nologin", "false", "sync", "halt", "shutdown", "true"})
_ALGORITHMS = {
    "y": "yescrypt",
    "gy": "gost-yescrypt",
    "7": "scrypt",
    "6": "sha512",
    "5": "sha256",
    "2a": "bcrypt",
    "2b": "bcrypt",
    "2y": "bcrypt",
    "1": "md5",
    "sha1": "sha1",
    "md5": "sunmd5",
    "3": "nt",
}


@dataclass(frozen=True, slots=True)
class Account:
    """A line of passwd; `password` is what stands there, usually `x`."""

    name: str
    password: str
    uid: int
    gid: int
    home: str
    shell: str

    @property
    def shadowed(self) -> bool:
        """The password stands in shadow(5)."""
        return self.password == "x"  # noqa: S105 - the mark of passwd(5)

    @property
    def interactive(self) -> bool:
        """A person could work in this shell; an empty field means /bin/sh."""
        return self.shell.rsplit("/", 1)[-1] not in _NOT_INTERACTIVE


@dataclass(frozen=True, slots=True)
class Group:
    """A line of group."""

    name: str
    gid: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Password:
    """Facts of a shadow entry."""

    state: str
    algorithm: str | None
    changed_on: str | None
    max_days: int | None
    expires_on: str | None

    def to_json(self) -> dict[str, object]:
        """The fields of `host.user` that come from it."""
        return {
            "password": self.state,
            "password_algorithm": self.algorithm,
            "password_changed_on": self.changed_on,
            "password_max_days": self.max_days,
            "expires_on": self.expires_on,
        }


PASSWORD_FIELDS = tuple(Password("", None, None, None, None).to_json())


def parse_passwd(text: str) -> tuple[list[Account], list[tuple[int, str]]]:
    """Accounts in the order of the file, and the lines that are none, with their number."""
    accounts: list[Account] = []
    problems: list[tuple[int, str]] = []
    for number, line in _lines(text):
        parts = line.split(":")
        if line[0] in "+-" and len(parts) < _PASSWD:
            parts += [""] * (_PASSWD - len(parts))
        if (
            len(parts) != _PASSWD
            or not _is_number(parts[2], line)
            or not _is_number(parts[3], line)
        ):
            problems.append((number, "expected seven fields, the third and fourth numbers"))
            continue
        ids = [int(part) if part else -1 for part in parts[2:4]]
        accounts.append(Account(parts[0], parts[1], ids[0], ids[1], parts[5], parts[6]))
    return accounts, problems


def parse_group(text: str) -> tuple[list[Group], list[tuple[int, str]]]:
    """Groups in the order of the file, and the lines that are none, with their number."""
    groups: list[Group] = []
    problems: list[tuple[int, str]] = []
    for number, line in _lines(text):
        parts = line.split(":")
        if line[0] in "+-":
            continue
        if len(parts) != _GROUP or not _is_number(parts[2], line):
            problems.append((number, "expected four fields, the third a number"))
            continue
        members = tuple(member for member in parts[3].split(",") if member)
        groups.append(Group(parts[0], int(parts[2]), members))
    return groups, problems


def parse_shadow(text: str) -> tuple[dict[str, Password], list[tuple[int, str]]]:
    """Facts of the password by account, and the lines that are none, with their number."""
    passwords: dict[str, Password] = {}
    problems: list[tuple[int, str]] = []
    for number, line in _lines(text):
        parts = line.split(":")
        days = [parts[index] if len(parts) == _SHADOW else "?" for index in (2, 4, 7)]
        if line[0] in "+-":
            continue
        if not all(re.fullmatch(r"-?\d{0,6}", day) for day in days):
            problems.append((number, "expected nine fields, the third, fifth and eighth numbers"))
            continue
        state, algorithm = password_state(parts[1])
        passwords[parts[0]] = Password(
            state,
            algorithm,
            changed_on=_day(days[0]),
            max_days=int(days[1]) if days[1] and not days[1].startswith("-") else None,
            expires_on=_day(days[2]),
        )
    return passwords, problems


def password_state(field: str) -> tuple[str, str | None]:
    """`empty`, `set`, `locked` (a hash behind !) or `disabled` (no hash), and the algorithm."""
    if not field:
        return "empty", None
    hashed = field.lstrip("!*")
    if not hashed:
        return "disabled", None
    if field[0] in "!*":
        # passwd -l of an account without password leaves a bare !, handled above.
        return "locked", algorithm_of(hashed)
    algorithm = algorithm_of(hashed)
    if algorithm == "unknown" and not _maybe_hash(hashed):
        return "disabled", None
    return "set", algorithm


def algorithm_of(hashed: str) -> str:
    """Name of a crypt(5) hash's algorithm; `unknown` for text that no crypt gives."""
    match = re.match(r"\$([A-Za-z0-9-]+)[$,]", hashed)
    if match:
        return _ALGORITHMS.get(match[1], "unknown")
    if re.fullmatch(r"[A-Za-z0-9./]{13}", hashed):
        return "des"
    return "bsdi-des" if re.fullmatch(r"_[A-Za-z0-9./]{19}", hashed) else "unknown"


def _maybe_hash(text: str) -> bool:
    """Some crypt may take it: a $ in front, or as long as the oldest hashes are."""
    return text.startswith("$") or re.fullmatch(r"[A-Za-z0-9./]{13,}", text) is not None


def groups_of(account: Account, groups: Sequence[Group]) -> list[str]:
    """Names of the account's groups, sorted, the primary one with them."""
    mine = {g.name for g in groups if g.gid == account.gid or account.name in g.members}
    return sorted(mine)


def parse_nsswitch(text: str) -> dict[str, list[str]]:
    """Database to its sources, actions like [NOTFOUND=return] left out."""
    result: dict[str, list[str]] = {}
    for _, line in _lines(text):
        database, _, sources = line.partition(":")
        words = re.sub(r"\[[^]]*\]", " ", sources).split("#")[0].split()
        result[database.strip()] = words
    return result


def foreign_sources(nsswitch: Mapping[str, Sequence[str]], database: str) -> list[str]:
    """Sources whose entries /etc/passwd and the like do not show.

    `altfiles`, `extrausers` and `db` are local files too, and others than those that are read.
    """
    local = {"files", "compat", "systemd"}
    return [source for source in nsswitch.get(database, ()) if source not in local]


def _day(text: str) -> str | None:
    """Shadow counts days since 1970; 0 for `changed` means "at the next login"."""
    if not text or text.startswith("-"):
        return None
    return format_instant(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(text)))


def _is_number(text: str, line: str) -> bool:
    return bool(re.fullmatch(r"\d{1,10}", text)) or (line[0] in "+-" and not text)


def _lines(text: str) -> list[tuple[int, str]]:
    return [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
