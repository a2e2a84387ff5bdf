"""Who can take further rights than were given: known combinations, found in effective rights. Pure.

The combinations are data (`escalations.yaml`, with their sources). What a condition demands is
named with the finding and never taken as a protection, but for iam:PassedToService, which says for
which service a role may be passed. Chains over several holders are not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from auditor.catalog.source import parse_yaml, validate
from auditor.collectors.aws.facts.administration import grants_everything
from auditor.collectors.aws.facts.patterns import any_matches
from auditor.collectors.aws.facts.policy import Statement
from auditor.collectors.aws.facts.rights import Account, Rights
from auditor.collectors.aws.facts.unreadable import Unreadable, mapping, mappings, text

_LIST = Path(__file__).resolve().parent / "escalations.yaml"
_PASSING = "iam:passrole"
_PASSED_TO = "iam:passedtoservice"
_EQUAL = frozenset({"stringequals", "stringequalsignorecase", "stringlike"})
# Credentials of a user: harmless where everybody may only make their own.
_CREDENTIALS = frozenset(
    {"iam:createaccesskey", "iam:createloginprofile", "iam:updateloginprofile"}
)
_SELF = ("${aws:username}", "${aws:userid}")
# Names that no role has: a pattern that covers both covers every role.
_PROBES = ("role/zq7-probe", "role/zq7/path/probe")
# Services whose name in a policy differs from that in an action.
_SERVICES: Mapping[str, tuple[str, ...]] = {
    "apprunner": ("tasks.apprunner.amazonaws.com", "build.apprunner.amazonaws.com"),
    "datapipeline": ("datapipeline.amazonaws.com", "elasticmapreduce.amazonaws.com"),
}
_MALFORMED = (ValueError, KeyError, TypeError)
_SERVICE_LINKED = "/aws-service-role/"


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Escalation(_Spec):
    """A combination of rights; `rhino` and `pathfinding` name it in the published lists."""

    id: str
    actions: tuple[str, ...]
    rhino: int | None = None
    pathfinding: str | None = None


class _List(_Spec):
    escalations: tuple[Escalation, ...]


@dataclass(frozen=True, slots=True)
class _Context:
    """What the verdict on a right depends on beside the policies of its holder."""

    privileged_roles: Sequence[str]


@cache  # read once per process: the file is part of the program
def known_escalations() -> tuple[Escalation, ...]:
    """The combinations that are looked for."""
    return validate(parse_yaml(_LIST.read_text("utf-8"), _LIST.name), _List).escalations


def principals(details: object) -> list[dict[str, object]]:
    """Users and roles with their rights to take more.

    Args:
        details: Answer of iam:GetAccountAuthorizationDetails, all pages together.

    Raises:
        ValueError: It is none.
    """
    account = Account(mapping(details, "authorization details"))
    users = mappings(account.details.get("UserDetailList"), "UserDetailList")
    roles = mappings(account.details.get("RoleDetailList"), "RoleDetailList")
    holders = [
        *((user, "user", _rights(account.rights_of_user, user)) for user in users),
        *((role, "role", _rights(account.rights_of_role, role)) for role in roles),
    ]
    # A role that cannot be read may hold everything.
    privileged = [
        text(role["Arn"], "Arn")
        for role, kind, rights in holders
        if kind == "role" and (isinstance(rights, Unreadable) or has_everything(rights))
    ]
    context = _Context(privileged)
    return [_row(holder, kind, rights, context) for holder, kind, rights in holders]


def has_everything(rights: Rights) -> bool:
    """Whether a statement allows everything; Deny and boundaries are not subtracted."""
    return any(grants_everything(statement) for statement in rights.statements)


def escalations_of(rights: Rights, privileged_roles: Sequence[str]) -> list[dict[str, object]]:
    """The known combinations that are allowed, with the keys of the conditions they stand under.

    Args:
        privileged_roles: ARNs of the account's roles that hold everything.
    """
    context = _Context(privileged_roles)
    allowing = cache(rights.allowing)  # the same actions stand in many combinations
    found = ((e, list(_conditions(e, allowing, context))) for e in known_escalations())
    return [
        {
            "id": escalation.id,
            "actions": list(escalation.actions),
            "conditions": sorted(set().union(*keys)),
        }
        for escalation, keys in found
        if len(keys) == len(escalation.actions)
    ]


def _rights(
    read: Callable[[Mapping[str, object]], Rights], holder: Mapping[str, object]
) -> Rights | Unreadable:
    try:
        return read(holder)
    except _MALFORMED as error:
        return Unreadable(f"policies of {holder.get('Arn')}: {error}")


def _row(
    holder: Mapping[str, object], kind: str, rights: Rights | Unreadable, context: _Context
) -> dict[str, object]:
    full: object = rights
    escalations: object = rights
    if isinstance(rights, Rights):
        full = has_everything(rights)
        escalations = escalations_of(rights, context.privileged_roles)
    return {
        "arn": holder["Arn"],
        "uid": holder["UserId" if kind == "user" else "RoleId"],
        "name": holder["UserName" if kind == "user" else "RoleName"],
        "kind": kind,
        "service_linked": str(holder["Path"]).startswith(_SERVICE_LINKED),
        "full_access": full,
        "escalations": escalations,
    }


def _conditions(
    escalation: Escalation, allowing: Callable[[str], list[Statement]], context: _Context
) -> Iterator[set[str]]:
    """For each of its actions that is allowed: the condition keys; none where it is without."""
    services = _services(escalation)
    for action in escalation.actions:
        name = action.lower()
        useful = [
            statement for statement in allowing(name) if _useful(name, statement, services, context)
        ]
        if useful:
            yield set() if any(not s["conditions"] for s in useful) else _keys(useful)


def _keys(statements: Sequence[Statement]) -> set[str]:
    return {key for s in statements for keys in s["conditions"].values() for key in keys}


def _services(escalation: Escalation) -> tuple[str, ...]:
    names = (action.partition(":")[0] for action in escalation.actions)
    own = [name for name in names if name != "iam"]
    return tuple(s for name in own for s in _SERVICES.get(name, (f"{name}.amazonaws.com",)))


def _useful(action: str, statement: Statement, services: Sequence[str], context: _Context) -> bool:
    """Whether what the statement allows reaches something with more rights."""
    if action == _PASSING:
        return _passable(statement, services) and _reaches(statement, context.privileged_roles)
    if action in _CREDENTIALS and statement["resources"]:
        return not all(r.endswith(_SELF) for r in statement["resources"])
    return True


def _passable(statement: Statement, services: Sequence[str]) -> bool:
    """Whether a role may be passed to one of the services, as far as a condition names any."""
    for operator, keys in statement["conditions"].items():
        # The key is always there when a role is passed, so IfExists makes no difference.
        compared = operator.lower().removesuffix("ifexists").removeprefix("foranyvalue:")
        wanted = keys.get(_PASSED_TO)
        if wanted is None or compared not in _EQUAL:
            continue
        if not any(any_matches(wanted, service) for service in services):
            return False
    return True


def _reaches(statement: Statement, roles: Sequence[str]) -> bool:
    """Whether every role, or one that holds everything, is covered."""
    if not statement["resources"]:
        return not roles or any(not any_matches(statement["not_resources"], role) for role in roles)
    return any(any_matches([p], role) for p in statement["resources"] for role in roles) or any(
        _covers_all_roles(pattern) for pattern in statement["resources"]
    )


def _covers_all_roles(pattern: str) -> bool:
    """Whether it covers roles of any name, in the account that it names or in every one."""
    parts = dict(enumerate(pattern.split(":")))  # arn, partition, service, region, account
    partition, account = parts.get(1, "*"), parts.get(4, "*")
    partition = "aws" if set("*?") & set(partition) else partition
    account = account if account.isdigit() else "111122223333"
    return all(any_matches([pattern], f"arn:{partition}:iam::{account}:{p}") for p in _PROBES)
