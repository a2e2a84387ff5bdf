"""From an organization to its accounts: one target of kind `aws-account` for each that is active.

Asked with the credentials of the management account or of a delegated administrator; each account
is then read through a role of the same name in it. Needs botocore.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError

from auditor.collectors.aws.caller import Caller, Request
from auditor.collectors.aws.failures import classify
from auditor.collectors.aws.identity import who_am_i
from auditor.collectors.aws.permissions import WHOAMI
from auditor.collectors.aws.session import Account, Clients
from auditor.collectors.aws.settings import AwsSettings, OrganizationSettings
from auditor.collectors.interface import CollectionContext, Expansion
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from auditor.core.model.target import Target

_SERVICE = "organizations"
_ACTIVE = "ACTIVE"
SUSPENDED = "aws_accounts_not_active"


class _UnlistedError(Exception):
    """The organization could not be listed; carries the gap."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.detail)
        self.gap = gap


@dataclass(frozen=True, slots=True)
class _Member:
    """An account of the organization."""

    id: str
    name: str
    state: str


def expand(target: Target, settings: OrganizationSettings, context: CollectionContext) -> Expansion:
    """The accounts of the organization, or one target that says why they are not known."""
    own = AwsSettings.model_validate(settings.common())
    try:
        clients = Clients(own, context.timeout_s, context.budget)
    except BotoCoreError as error:
        return _unknown(target, classify(error, *WHOAMI).gap)
    try:
        caller = Caller(clients, context.clock)
        opened = who_am_i(own, clients.home, caller)
        if opened.account is None:
            return _unknown(target, opened.gap or Gap(Cause.INTERNAL, "no caller and no reason"))
        members = sorted(_members(settings, clients.home, caller), key=lambda one: one.id)
    except _UnlistedError as error:
        return _unknown(target, error.gap)
    finally:
        clients.close()
    return _expansion(target, settings, members, opened.account)


def _expansion(
    target: Target, settings: OrganizationSettings, members: list[_Member], caller: Account
) -> Expansion:
    unknown = sorted(set(settings.accounts) - {member.id for member in members})
    if unknown:
        detail = f"account {', '.join(unknown)} is not in the organization"
        return _unknown(target, Gap(Cause.VANISHED, detail, hint="mend `accounts` of the target"))
    wanted = [
        member
        for member in members
        if member.id not in settings.exclude
        and (not settings.accounts or member.id in settings.accounts)
    ]
    active = [member for member in wanted if member.state == _ACTIVE]
    others = [f"{m.id} {m.name} ({m.state.lower()})" for m in wanted if m.state != _ACTIVE]
    if not active:
        gap = Gap(Cause.VANISHED, "no active account is left of the organization")
        return _unknown(target, gap)
    return Expansion(
        tuple(_account(target, settings, member, caller) for member in active),
        {SUSPENDED: others} if others else {},
    )


def _account(
    target: Target, settings: OrganizationSettings, member: _Member, caller: Account
) -> Target:
    own = dict(settings.common()) | {"account": member.id, "regions": settings.regions}
    if member.id != caller.id:  # its own account is read by whoever asks
        own["role_arn"] = f"arn:{caller.partition}:iam::{member.id}:role/{settings.role}"
        own["external_id"] = settings.external_id
    checked = AwsSettings.model_validate(own).model_dump(
        mode="json", exclude_none=True, exclude_defaults=True
    )
    return Target(
        name=f"{target.name}.{member.id}",
        kind="aws-account",
        environment=target.environment,
        labels={**target.labels, "organization": target.name, "account_name": member.name},
        settings=checked,
    )


def _unknown(target: Target, gap: Gap) -> Expansion:
    """The organization as one target on which nothing can be read: every check is in error."""
    settings = {"unresolved": gap.to_json()}
    unresolved = Target(target.name, "aws-account", target.environment, target.labels, settings)
    return Expansion((unresolved,), {})


def _members(settings: OrganizationSettings, home: str, caller: Caller) -> Iterator[_Member]:
    """Every account of the organization, or of the units that are named, each once."""
    if not settings.units:
        yield from _accounts("ListAccounts", {}, home, caller)
        return
    seen: set[str] = set()
    waiting = list(settings.units)
    while waiting:
        parent = {"ParentId": waiting.pop()}
        for member in _accounts("ListAccountsForParent", parent, home, caller):
            if member.id not in seen:
                seen.add(member.id)
                yield member
        units = _ask("ListOrganizationalUnitsForParent", parent, home, caller)
        waiting += [str(unit["Id"]) for unit in _rows(units, "OrganizationalUnits")]


def _accounts(
    operation: str, params: Mapping[str, str], home: str, caller: Caller
) -> Iterator[_Member]:
    for row in _rows(_ask(operation, params, home, caller), "Accounts"):
        # `State` has replaced `Status`; both say ACTIVE.
        state = row.get("State") or row.get("Status")
        if not isinstance(row.get("Id"), str) or not isinstance(state, str):
            gap = Gap(Cause.UNPARSABLE, f"{operation}: an account without id or state")
            raise _UnlistedError(gap)
        yield _Member(str(row["Id"]), str(row.get("Name", "")), state)


def _ask(
    operation: str, params: Mapping[str, str], home: str, caller: Caller
) -> Mapping[str, object]:
    reply = caller.send(Request(_SERVICE, home, operation, dict(params)))
    if reply.gap is not None:
        raise _UnlistedError(reply.gap)
    return reply.body


def _rows(body: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    rows = body.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise _UnlistedError(Gap(Cause.UNPARSABLE, f"the answer has no list of {name}"))
    return rows
