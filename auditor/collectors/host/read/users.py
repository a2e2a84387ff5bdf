"""`host.user`: local accounts and facts about their passwords."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.collectors.host.errors import Unread
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.parse.accounts import (
    PASSWORD_FIELDS,
    Account,
    Password,
    groups_of,
    parse_shadow,
    password_state,
)
from auditor.collectors.host.read.common import (
    accounts_abroad,
    gaps_of,
    read_accounts,
    read_groups,
)
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_SHADOW = "/etc/shadow"


def read_users(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each line of /etc/passwd."""
    reading = Reading()
    accounts, gaps = read_accounts(machine)
    groups, group_gaps = read_groups(machine)
    reading.gaps += [*gaps, *group_gaps]
    reading.attempt(lambda: _name_abroad(machine, reading))
    shadow, denied = _shadow(machine, reading)
    names = {account.name for account in accounts}
    reading.facts = {"passwd_entries": len(accounts)}
    if denied is None:
        reading.facts |= {
            "shadow_entries": len(shadow),
            "without_shadow": len([a for a in accounts if a.shadowed and a.name not in shadow]),
            "without_passwd": len(shadow.keys() - names),
        }
    for account in sorted(accounts, key=lambda each: each.name):
        row = Row(
            {
                "host": machine.name,
                "name": account.name,
                "uid": account.uid,
                "gid": account.gid,
                "home": account.home,
                "shell": account.shell,
                "interactive": account.interactive,
                "listed": account.name in settings.interactive_users,
                "groups": groups_of(account, groups),
                "uid_shared_with": sorted(
                    other.name
                    for other in accounts
                    if other.uid == account.uid and other.name != account.name
                ),
                "nis_entry": account.name.startswith(("+", "-")),
            }
        )
        row.attempt(PASSWORD_FIELDS, lambda a=account: _password(a, shadow, denied))  # type: ignore[misc]
        reading.rows.append(row)
    return reading


def _name_abroad(machine: Machine, reading: Reading) -> None:
    abroad = accounts_abroad(machine, ("passwd", "shadow"))
    if abroad:
        detail = f"accounts also come from {', '.join(abroad)}, which is not read here"
        reading.gaps.append(Gap(Cause.NOT_SUPPORTED, detail, subject="nsswitch.conf"))


def _shadow(machine: Machine, reading: Reading) -> tuple[Mapping[str, Password], Gap | None]:
    """The entries, or why there are none."""
    try:
        text = machine.text(_SHADOW)
    except Unread as problem:
        return {}, problem.gap
    passwords, problems = parse_shadow(text or "")
    reading.gaps += gaps_of(_SHADOW, problems)
    return passwords, None


def _password(
    account: Account, shadow: Mapping[str, Password], denied: Gap | None
) -> dict[str, object]:
    if not account.shadowed:
        state, algorithm = password_state(account.password)
        return Password(state, algorithm, None, None, None).to_json()
    if denied is not None:
        raise Unread(denied)
    found = shadow.get(account.name)
    if found is None:
        detail = f"{account.name} has no readable line in {_SHADOW}"
        raise Unread(Gap(Cause.INCOMPLETE, detail, subject=_SHADOW))
    return found.to_json()
