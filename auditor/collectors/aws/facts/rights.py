"""What a user or role may do, from all of its policies together. Pure.

Source: IAM User Guide, "Policy evaluation logic". A right is there when a policy allows it, the
boundary (where there is one) allows it too, and no Deny takes it away everywhere and always: a Deny
with a condition, or on some resources only, leaves the rest. A condition on an Allow does not make
it safe: it is named. Service control policies are not in the account's own answers and are not
subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.collectors.aws.facts.patterns import any_matches
from auditor.collectors.aws.facts.policy import Statement, policy_statements
from auditor.collectors.aws.facts.unreadable import mappings, optional_mappings, text


@dataclass(frozen=True, slots=True)
class Rights:
    """The statements that decide.

    Args:
        boundary: Statements of the permissions boundary; None where there is none.
    """

    statements: Sequence[Statement]
    boundary: Sequence[Statement] | None = None

    def allowing(self, action: str) -> list[Statement]:
        """The statements that allow an action (in lower case), empty where it is not allowed."""
        if any(_denies_always(statement, action) for statement in self.statements):
            return []
        if self.boundary is not None and not _within(self.boundary, action):
            return []
        return [s for s in self.statements if s["effect"] == "Allow" and covers(s, action)]


@dataclass(slots=True)
class Account:
    """The answer of iam:GetAccountAuthorizationDetails, with each document read once.

    Args:
        details: The answer, all pages together.
    """

    details: Mapping[str, object]
    _managed: dict[str, object] = field(default_factory=dict)
    _groups: dict[str, Mapping[str, object]] = field(default_factory=dict)
    _read: dict[str, list[Statement]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for policy in mappings(self.details.get("Policies"), "Policies"):
            versions = optional_mappings(policy.get("PolicyVersionList"), "PolicyVersionList")
            default = (v.get("Document") for v in versions if v.get("IsDefaultVersion") is True)
            self._managed[text(policy["Arn"], "Arn")] = next(default, None)
        for group in mappings(self.details.get("GroupDetailList"), "GroupDetailList"):
            self._groups[text(group["GroupName"], "GroupName")] = group

    def rights_of_user(self, user: Mapping[str, object]) -> Rights:
        """A user's own rights, and those of its groups.

        Raises:
            ValueError, KeyError: A policy cannot be read, so nothing can be said.
        """
        statements = list(self._of(user, "UserPolicyList"))
        names = user.get("GroupList") or []
        for name in names:  # type: ignore[attr-defined]
            statements += self._of(self._groups[name], "GroupPolicyList")
        return Rights(statements, self._boundary(user))

    def rights_of_role(self, role: Mapping[str, object]) -> Rights:
        """A role's rights; raises as `rights_of_user`."""
        return Rights(list(self._of(role, "RolePolicyList")), self._boundary(role))

    def _of(self, holder: Mapping[str, object], inline: str) -> Iterator[Statement]:
        for policy in optional_mappings(holder.get(inline), inline):
            yield from policy_statements(policy.get("PolicyDocument"))
        attached = optional_mappings(holder.get("AttachedManagedPolicies"), "attached policies")
        for policy in attached:
            yield from self._document(text(policy["PolicyArn"], "PolicyArn"))

    def _boundary(self, holder: Mapping[str, object]) -> list[Statement] | None:
        found = holder.get("PermissionsBoundary")
        if not isinstance(found, dict):
            return None
        return self._document(text(found.get("PermissionsBoundaryArn"), "PermissionsBoundaryArn"))

    def _document(self, arn: str) -> list[Statement]:
        if arn not in self._read:
            if self._managed.get(arn) is None:
                raise ValueError(f"the answer holds no document of {arn}")
            self._read[arn] = policy_statements(self._managed[arn])
        return self._read[arn]


def covers(statement: Statement, action: str) -> bool:
    """Whether the statement is about the action, by `Action` or by `NotAction`."""
    if statement["actions"]:
        return any_matches(statement["actions"], action)
    return bool(statement["not_actions"]) and not any_matches(statement["not_actions"], action)


def _denies_always(statement: Statement, action: str) -> bool:
    return (
        statement["effect"] == "Deny"
        and not statement["conditions"]
        and any(not resource.strip("*") for resource in statement["resources"])
        and covers(statement, action)
    )


def _within(boundary: Sequence[Statement], action: str) -> bool:
    """Whether the boundary leaves the action at all, on some resource or under some condition."""
    if any(_denies_always(statement, action) for statement in boundary):
        return False
    return any(s["effect"] == "Allow" and covers(s, action) for s in boundary)
