"""Users, groups and policies: who is an administrator, and which policies there are.

Reads the answer of iam:GetAccountAuthorizationDetails, all pages together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.collectors.aws.facts.administration import policy_grants_everything
from auditor.collectors.aws.facts.common import tags
from auditor.collectors.aws.facts.unreadable import (
    Unreadable,
    mapping,
    mappings,
    optional_mappings,
    text,
)

_ROOT_DEVICE = ":mfa/root-account-mfa-device"
_HOLDERS = (
    ("UserDetailList", "UserPolicyList", "UserId"),
    ("GroupDetailList", "GroupPolicyList", "GroupId"),
    ("RoleDetailList", "RolePolicyList", "RoleId"),
)


def is_root_device(device: object) -> bool:
    """Whether a virtual second factor belongs to the root user."""
    item = mapping(device, "virtual device")
    owner = mapping(item.get("User") or {}, "User").get("Arn")
    serial = text(item.get("SerialNumber"), "SerialNumber")
    return serial.endswith(_ROOT_DEVICE) or (isinstance(owner, str) and owner.endswith(":root"))


def root_virtual_devices(devices: object) -> list[str]:
    """Serial numbers of the virtual second factors of the root user."""
    return sorted(
        text(device["SerialNumber"], "SerialNumber")
        for device in mappings(devices, "virtual devices")
        if is_root_device(device)
    )


def _complete(details: object) -> dict[str, object]:
    """The answer; each of its lists must be there, empty or not."""
    answer = mapping(details, "authorization details")
    for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
        mappings(answer.get(name), name)
    return answer


def tags_by_user(details: object) -> dict[str, dict[str, str]]:
    """User ARN to its tags."""
    users = mappings(_complete(details).get("UserDetailList"), "UserDetailList")
    return {text(user["Arn"], "Arn"): tags(user.get("Tags")) for user in users}


def administrators(details: object) -> dict[str, object]:
    """User ARN to whether a policy of the user or of its groups allows everything."""
    return {
        arn: reasons if isinstance(reasons, Unreadable) else bool(reasons)
        for arn, reasons in administrator_reasons(details).items()
    }


def administrator_reasons(details: object) -> dict[str, list[str] | Unreadable]:
    """User ARN to the policies that make it an administrator, in words."""
    answer = _complete(details)
    documents = _documents(answer)
    groups = {
        text(group["GroupName"], "GroupName"): _origins(group, "GroupPolicyList", documents)
        for group in mappings(answer.get("GroupDetailList"), "GroupDetailList")
    }
    return {
        text(user["Arn"], "Arn"): _reasons(user, groups, documents)
        for user in mappings(answer.get("UserDetailList"), "UserDetailList")
    }


_Origins = list[tuple[str, object]]  # where a document hangs, and the document


def _origins(
    holder: Mapping[str, object], inline: str, documents: Mapping[str, object]
) -> _Origins:
    found: _Origins = [
        (f"inline policy {policy['PolicyName']}", policy.get("PolicyDocument"))
        for policy in optional_mappings(holder.get(inline), inline)
    ]
    for arn in _attached(holder):
        found.append((f"policy {arn}", documents.get(arn)))
    return found


def _reasons(
    user: Mapping[str, object], groups: Mapping[str, _Origins], documents: Mapping[str, object]
) -> list[str] | Unreadable:
    try:
        origins = _origins(user, "UserPolicyList", documents)
        for name in user.get("GroupList") or []:  # type: ignore[attr-defined]
            origins += [(f"group {name}: {origin}", doc) for origin, doc in groups[name]]
        # Every document must be read before "no reason" can be said.
        return [origin for origin, document in origins if policy_grants_everything(document)]
    except (ValueError, KeyError, TypeError) as error:
        return Unreadable(f"policies of {user.get('Arn')}: {error}")


def _documents(answer: Mapping[str, object]) -> dict[str, object]:
    return {
        text(policy["Arn"], "Arn"): _default_document(policy)
        for policy in mappings(answer.get("Policies"), "Policies")
    }


def _default_document(policy: Mapping[str, object]) -> object:
    versions = optional_mappings(policy.get("PolicyVersionList"), "PolicyVersionList")
    return next((v.get("Document") for v in versions if v.get("IsDefaultVersion") is True), None)


def _attached(holder: Mapping[str, object]) -> list[str]:
    attached = optional_mappings(holder.get("AttachedManagedPolicies"), "AttachedManagedPolicies")
    return [text(policy["PolicyArn"], "PolicyArn") for policy in attached]


def identity_policies(details: object) -> list[dict[str, object]]:
    """Every policy of the account: managed by it, inline, or AWS's own and attached.

    A policy that is attached and whose document the answer does not hold is listed all the same.
    """
    answer = _complete(details)
    attached_to = _attachments(answer)
    rows = [
        _managed(policy, attached_to.pop(text(policy["Arn"], "Arn"), []))
        for policy in mappings(answer.get("Policies"), "Policies")
    ]
    kept = [row for row in rows if row["kind"] != "aws_managed" or row["attached"]]
    unseen = [_managed({"Arn": arn}, holders) for arn, holders in attached_to.items()]
    return [*kept, *unseen, *_inline(answer)]


def _attachments(answer: Mapping[str, object]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for holders, _inline_list, _id in _HOLDERS:
        for holder in mappings(answer.get(holders), holders):
            for arn in _attached(holder):
                found.setdefault(arn, []).append(text(holder["Arn"], "Arn"))
    return found


def _managed(policy: Mapping[str, object], holders: list[str]) -> dict[str, object]:
    arn = text(policy["Arn"], "Arn")
    attachments = policy.get("AttachmentCount", len(holders))
    count = attachments if isinstance(attachments, int) else len(holders)
    boundaries = policy.get("PermissionsBoundaryUsageCount", 0)
    total = count + (boundaries if isinstance(boundaries, int) else 0)
    return {
        "key": arn,
        "uid": policy.get("PolicyId", arn),
        "name": policy.get("PolicyName", arn.rpartition("/")[2]),
        "kind": "aws_managed" if ":iam::aws:" in arn else "customer_managed",
        "holder": None,
        "attachments": total,
        "attached": total > 0 or bool(holders),
        "attached_to": sorted(holders),
        "document": _default_document(policy),
    }


def _inline(answer: Mapping[str, object]) -> Iterator[dict[str, object]]:
    for holders, inline, identifier in _HOLDERS:
        for holder in mappings(answer.get(holders), holders):
            arn = text(holder["Arn"], "Arn")
            for policy in optional_mappings(holder.get(inline), inline):
                yield {
                    "key": f"{arn}/inline/{policy['PolicyName']}",
                    "uid": f"{holder.get(identifier)}/{policy['PolicyName']}",
                    "name": policy["PolicyName"],
                    "kind": "inline",
                    "holder": arn,
                    "attachments": 1,
                    "attached": True,
                    "attached_to": [arn],
                    "document": policy.get("PolicyDocument"),
                }
