"""Accounts of an organization and the policies that limit them.

Source: Organizations User Guide, "How SCPs work": a policy of a root or unit holds for every
account below it.
"""

from __future__ import annotations

from auditor.collectors.aws.facts.unreadable import Unreadable, mapping, mappings, sequence, text

_EVERYTHING = "p-FullAWSAccess"


def all_features(feature_set: object) -> bool:
    """Whether the organization has all features, without which there are no such policies."""
    return text(feature_set, "FeatureSet") == "ALL"


def organization_accounts(accounts: object) -> list[dict[str, object]]:
    """Accounts, each with the root, the units above it and itself (`targets`)."""
    return [
        {
            "id": account.get("Id"),
            "arn": account.get("Arn"),
            "name": account.get("Name"),
            "state": account.get("State") or account.get("Status"),
            "joined_at": account.get("JoinedTimestamp"),
            "targets": _targets(account.get("Paths")),
        }
        for account in mappings(accounts, "Accounts")
    ]


def _targets(paths: object) -> object:
    """From `o-x/r-y/ou-z/111122223333/`; null where the answer has no path or another form."""
    if not isinstance(paths, list) or len(paths) != 1:
        return None
    parts = text(paths[0], "Paths").strip("/").split("/")
    if len(parts) < 3 or not parts[0].startswith("o-") or not parts[1].startswith("r-"):  # noqa: PLR2004 - organization, root, account
        return None
    return parts[1:]


def guard_rails(answers: object) -> list[str] | Unreadable:
    """Names of the policies attached anywhere above the account or to it."""
    return sorted(
        {
            text(policy.get("Name"), "Name")
            for target, answer in mapping(answers, "answers").items()
            for policy in mappings(
                sequence(mapping(answer, target).get("Policies"), "Policies"), "Policies"
            )
            if policy.get("Id") != _EVERYTHING
        }
    )
