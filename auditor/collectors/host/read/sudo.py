"""`host.sudo`, `host.sudo_rule`, `host.sudo_holder`, all by way of sudo's own converter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.collectors.host.errors import Unread, unparsable
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.parse.accounts import Account, Group, foreign_sources
from auditor.collectors.host.parse.sudo import (
    Defaults,
    Rule,
    defaults_fields,
    parse_sudoers_json,
)
from auditor.collectors.host.read.common import (
    accounts_abroad,
    read_accounts,
    read_groups,
    read_nsswitch,
)
from auditor.collectors.host.rows import Reading, Row, unique
from auditor.collectors.host.settings import HostSettings
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_ABROAD = "rules or members also come from {}, which is not read here"
_DEFAULTS = (
    "syslog",
    "log_file",
    "log_output",
    "use_pty",
    "authenticate",
    "root_pw",
    "visible_password",
    "timestamp_timeout_minutes",
    "secure_path",
    "scoped_defaults",
)


@dataclass(frozen=True, slots=True)
class People:
    """Accounts and groups, and where else the machine looks for them."""

    accounts: Sequence[Account]
    groups: Sequence[Group]
    abroad: Sequence[str]

    def members(self, rule: Rule) -> list[str]:
        """Names of the accounts that a principal means, sorted.

        Raises:
            Unread: They are not, or not only, in local files.
        """
        if rule.kind in ("group", "gid"):
            return self._of_group(rule)
        if rule.kind == "user":
            return [rule.principal]
        if rule.kind == "uid":
            return sorted(a.name for a in self.accounts if f"#{a.uid}" == rule.principal)
        if rule.kind == "all" and not self.abroad:
            return sorted(account.name for account in self.accounts)
        detail = f"the members of {rule.principal} cannot be read from local files"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, subject=rule.principal))

    def _of_group(self, rule: Rule) -> list[str]:
        if self.abroad:
            detail = f"{rule.principal}: {_ABROAD.format(', '.join(self.abroad))}"
            raise Unread(Gap(Cause.NOT_SUPPORTED, detail, subject=rule.principal))
        name = rule.principal.lstrip("%#")
        wanted = [g for g in self.groups if name in (g.name, str(g.gid))]
        gids = {group.gid for group in wanted}
        members = {member for group in wanted for member in group.members}
        return sorted(members | {a.name for a in self.accounts if a.gid in gids})


def read_sudo(machine: Machine, settings: HostSettings) -> Reading:
    """One row with the defaults; without sudo everything but `installed` is null."""
    reading = Reading(facts={"parser": None})
    row = Row({"host": machine.name, "installed": _is_installed(machine, settings)})
    reading.rows.append(row)
    if not row.data["installed"]:
        row.data |= dict.fromkeys(("version", *_DEFAULTS))
        return reading
    row.attempt(("version",), lambda: {"version": _version(machine, "sudo")})
    row.attempt(_DEFAULTS, lambda: defaults_fields(_sudoers(machine, settings)[1]))
    reading.attempt(lambda: reading.facts.update(parser=_version(machine, "cvtsudoers")))
    return reading


def read_sudo_rules(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each principal of each rule."""
    reading = Reading(facts={"installed": _is_installed(machine, settings), "rules": 0})
    if not reading.facts["installed"]:
        return reading
    rules, people = _rules(machine, settings, reading)
    names = unique([_name(rule) for rule in rules])
    for rule, name in sorted(zip(rules, names, strict=True), key=lambda pair: pair[1]):
        row = Row({"host": machine.name, "id": name, **_rule_data(rule)})
        row.attempt(
            ("members", "listed"),
            lambda rule=rule: _listed(people.members(rule), settings),  # type: ignore[misc]
        )
        reading.rows.append(row)
    reading.facts["rules"] = len(rules)
    return reading


def read_sudo_holders(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each account that some rule grants something."""
    reading = Reading(facts={"installed": _is_installed(machine, settings), "holders": 0})
    if not reading.facts["installed"]:
        return reading
    rules, people = _rules(machine, settings, reading)
    held: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.negated:  # it takes away from `ALL, !bob`; bob stays visible, on the safe side
            continue
        try:
            members = people.members(rule)
        except Unread as problem:
            reading.gaps.append(problem.gap)
            continue
        for member in members:
            held.setdefault(member, []).append(rule)
    known = {account.name for account in people.accounts}
    for user in sorted(held):
        of_user = held[user]
        data: dict[str, object] = {
            "host": machine.name,
            "user": user,
            "via": sorted({rule.principal for rule in of_user}),
            "all_commands": any(rule.all_commands for rule in of_user),
            "nopasswd_all": any(rule.all_commands and rule.nopasswd for rule in of_user),
            "listed": user in settings.sudo_holders,
            "account_exists": user in known,
        }
        reading.rows.append(Row(data))
    reading.facts["holders"] = len(held)
    return reading


def _rules(machine: Machine, settings: HostSettings, reading: Reading) -> tuple[list[Rule], People]:
    nsswitch = read_nsswitch(machine)
    abroad = foreign_sources(nsswitch, "sudoers")
    if abroad:
        detail = _ABROAD.format(", ".join(abroad))
        reading.gaps.append(Gap(Cause.NOT_SUPPORTED, detail, subject="nsswitch.conf"))
    people = People(
        read_accounts(machine)[0],
        read_groups(machine)[0],
        accounts_abroad(machine, ("passwd", "group")),
    )
    return _sudoers(machine, settings)[0], people


def _sudoers(machine: Machine, settings: HostSettings) -> tuple[list[Rule], Defaults]:
    output = machine.run("cvtsudoers", "-e", "-f", "json", settings.sudoers)
    if output.stderr.strip():  # it goes on after a damaged included file, with status 0
        said = " ".join(output.stderr.split())[:300]
        denied = "permission denied" in said.lower()
        cause = Cause.DENIED if denied else Cause.UNPARSABLE
        raise Unread(Gap(cause, said, settings.sudoers, hint="run as root" if denied else ""))
    try:
        return parse_sudoers_json(output.stdout or "{}")
    except ValueError as error:
        raise Unread(unparsable(settings.sudoers, str(error))) from error


def _is_installed(machine: Machine, settings: HostSettings) -> bool:
    return machine.which("sudo") is not None or machine.exists(settings.sudoers)


def _version(machine: Machine, program: str) -> str | None:
    first = machine.run(program, "-V").stdout.split("\n", 1)[0]
    found = re.search(r"version (\S+)", first)
    return f"{program} {found[1]}" if found else None


def _name(rule: Rule) -> str:
    run_as = ",".join(rule.run_as_users) + ":" + ",".join(rule.run_as_groups)
    sign = "!" if rule.negated else ""
    return f"{sign}{rule.principal} {','.join(rule.hosts)}=({run_as}) {', '.join(rule.commands)}"


def _rule_data(rule: Rule) -> dict[str, object]:
    return {
        "principal": rule.principal,
        "principal_kind": rule.kind,
        "negated": rule.negated,
        "hosts": list(rule.hosts),
        "run_as_users": list(rule.run_as_users),
        "run_as_groups": list(rule.run_as_groups),
        "commands": list(rule.commands),
        "all_commands": rule.all_commands,
        "nopasswd": rule.nopasswd,
        "nopasswd_all": rule.nopasswd and rule.all_commands,
        "setenv": rule.setenv,
    }


def _listed(members: Sequence[str], settings: HostSettings) -> dict[str, object]:
    return {
        "members": list(members),
        "listed": all(member in settings.sudo_holders for member in members),
    }
