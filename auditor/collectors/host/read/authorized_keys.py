"""`host.authorized_key`: every key that may log in as a local account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.collectors.host.errors import Unread
from auditor.collectors.host.machine import Machine, instant
from auditor.collectors.host.parse.accounts import Account
from auditor.collectors.host.parse.authorized_keys import AuthorizedKey, parse_authorized_keys
from auditor.collectors.host.parse.secrets import redact
from auditor.collectors.host.parse.sshd import parse_effective
from auditor.collectors.host.read.common import (
    Owners,
    accounts_abroad,
    gaps_of,
    read_accounts,
    read_owners,
)
from auditor.collectors.host.read.sshd import read_overrides
from auditor.collectors.host.rows import Reading, Row, unique
from auditor.collectors.host.settings import HostSettings, ListedKey
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from auditor.core.times import format_instant

_KEYWORDS = ("authorizedkeysfile", "authorizedkeyscommand", "trustedusercakeys")
_DEFAULT = (".ssh/authorized_keys", ".ssh/authorized_keys2")  # sshd_config(5)


def read_authorized_keys(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each key of each account."""
    reading = Reading()
    accounts, gaps = read_accounts(machine)
    reading.gaps += gaps
    owners = read_owners(machine)
    patterns = _patterns(machine, settings, reading)
    abroad = accounts_abroad(machine)
    if abroad:
        detail = f"accounts also come from {', '.join(abroad)}: their keys are not read"
        reading.gaps.append(Gap(Cause.NOT_SUPPORTED, detail, subject="nsswitch.conf"))
    files = 0
    for account in sorted(accounts, key=lambda each: each.name):
        for path in _paths(account, patterns):
            try:
                rows = _file(machine, settings, owners, account, path, reading)
            except Unread as problem:
                reading.gaps.append(problem.gap)
                continue
            files += rows is not None
            reading.rows += rows or []
    for row, name in zip(
        reading.rows,
        unique([f"{row.data['user']} {row.data['fingerprint']}" for row in reading.rows]),
        strict=True,
    ):
        row.data["id"] = name
    reading.facts = {"accounts": len(accounts), "files": files}
    return reading


def _patterns(machine: Machine, settings: HostSettings, reading: Reading) -> Sequence[str]:
    """Where sshd looks for keys: by its effective configuration, or by its default.

    What a Match block says counts for every account: whom it matches is not known, and a file too
    many shows a key too many, never one too few.
    """
    if machine.which("sshd") is None:
        return _DEFAULT
    try:
        output = machine.run("sshd", "-T", "-f", settings.sshd_config)
    except Unread as problem:
        reading.gaps.append(problem.gap)
        return _DEFAULT
    stated = {
        keyword: list(values)
        for keyword, values in parse_effective(output.stdout).items()
        if keyword in _KEYWORDS
    }
    try:
        overrides = read_overrides(machine, settings.sshd_config)
    except Unread as problem:
        reading.gaps.append(problem.gap)
        overrides = []
    for override in overrides:
        if override.keyword in _KEYWORDS:
            stated.setdefault(override.keyword, []).append(override.value)
    reading.gaps += _elsewhere(stated)
    files = stated.get("authorizedkeysfile", [" ".join(_DEFAULT)])
    return list(dict.fromkeys(path for value in files for path in value.split()))


def _elsewhere(stated: Mapping[str, Sequence[str]]) -> list[Gap]:
    """Gaps for the keys that stand in no file of an account."""
    gaps = []
    for keyword in ("authorizedkeyscommand", "trustedusercakeys"):
        for value in stated.get(keyword, ()):
            if value.lower() != "none":
                detail = f"{keyword} {value}: keys that it accepts are in no authorized_keys file"
                gaps.append(Gap(Cause.NOT_SUPPORTED, detail, subject=keyword))
    return gaps


def _paths(account: Account, patterns: Sequence[str]) -> list[str]:
    home = account.home if account.home.startswith("/") else "/"
    paths = []
    for pattern in patterns:
        if pattern.lower() == "none":
            continue
        path = pattern.replace("%%", "\0").replace("%h", home)
        path = path.replace("%u", account.name).replace("%U", str(account.uid)).replace("\0", "%")
        paths.append(path if path.startswith("/") else f"{home.rstrip('/')}/{path}")
    return paths


def _file(
    machine: Machine,
    settings: HostSettings,
    owners: Owners,
    account: Account,
    path: str,
    reading: Reading,
) -> list[Row] | None:
    found = machine.stat(path)
    text = machine.text(path) if found else None
    if found is None or text is None:
        return None
    keys, problems = parse_authorized_keys(text)
    reading.gaps += gaps_of(path, problems)
    inode = owners.fields(found)
    shared: dict[str, object] = {
        "host": machine.name,
        "user": account.name,
        "source": path,
        "file_modified_at": instant(found.st_mtime),
        "file_mode": inode["mode"],
        "file_owner": inode["owner"],
        "file_group_write": inode["group_write"],
        "file_others_write": inode["others_write"],
    }
    by_fingerprint = {listed.fingerprint: listed for listed in settings.authorized_keys}
    return [Row(shared | _key(key, by_fingerprint.get(key.fingerprint))) for key in keys]


def _key(key: AuthorizedKey, listed: ListedKey | None) -> dict[str, object]:
    ends = [end for end in (key.expires, listed.expires_on if listed else None) if end]
    added = listed.added_on if listed else None
    return {
        "line": key.line,
        "fingerprint": key.fingerprint,
        "algorithm": key.algorithm,
        "bits": key.bits,
        "comment": redact(key.comment)[0],
        "options": list(key.options),
        "restricted": key.restricted,
        "certificate_authority": "cert-authority" in key.options,
        "listed": listed is not None,
        "owner": listed.owner if listed else None,
        "added_on": format_instant(added) if added else None,
        "expires_on": format_instant(min(ends)) if ends else None,
    }
