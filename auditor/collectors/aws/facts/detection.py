"""Detecting services: findings nobody has judged, what is scanned, what is recorded.

Sources: the API references of GuardDuty, Inspector, IAM Access Analyzer, Security Hub and Config.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from auditor.collectors.aws.facts.unreadable import (
    mapping,
    mappings,
    optional_mappings,
    sequence,
    text,
)

_ON = "ENABLED"
_DELIVERIES = (
    "configHistoryDeliveryInfo",
    "configSnapshotDeliveryInfo",
    "configStreamDeliveryInfo",
)


def is_on(state: object) -> bool:
    """Whether a state is `ENABLED`; one that is being changed is not."""
    return text(state, "status") == _ON


def is_active(state: object) -> bool:
    """Whether a state is `ACTIVE`."""
    return text(state, "status") == "ACTIVE"


def is_named(name: object) -> bool:
    """Whether there is a name."""
    return text(name, "name") != ""


def access_findings(answers: object) -> list[dict[str, object]]:
    """Active findings of every analyser asked."""
    return [
        {
            "id": finding.get("id"),
            "resource_type": finding.get("resourceType"),
            "created_at": finding.get("createdAt"),
        }
        for arn, answer in sorted(mapping(answers, "answers").items())
        for finding in mappings(mapping(answer, arn).get("findings"), "findings")
    ]


def threat_findings(document: object) -> list[dict[str, object]]:
    """The findings behind all ids that were asked for.

    Raises:
        ValueError: One of them is not in the answers.
    """
    asked = {text(one, "id") for one in sequence(mapping(document, "document").get("ids"), "ids")}
    found = {
        text(finding.get("Id"), "Id"): finding
        for answer in mappings(mapping(document, "document").get("answers"), "answers")
        for finding in mappings(answer.get("Findings"), "Findings")
    }
    if found.keys() != asked:
        missing = ", ".join(sorted(asked ^ found.keys())[:3])
        raise ValueError(f"asked for {len(asked)} findings, got {len(found)}: {missing}")
    return [
        {"id": key, "type": found[key].get("Type"), "created_at": found[key].get("CreatedAt")}
        for key in sorted(found)
    ]


def inspector_enabled(accounts: object) -> bool:
    """Whether the account's scanning is on."""
    return is_on(mapping(_own(accounts).get("state"), "state").get("status"))


def inspector_kinds(accounts: object) -> list[str]:
    """What is scanned: ec2, ecr, lambda, ..."""
    states = mapping(_own(accounts).get("resourceState"), "resourceState")
    return sorted(
        kind for kind, state in states.items() if is_on(mapping(state, kind).get("status"))
    )


def _own(accounts: object) -> Mapping[str, object]:
    found = mappings(accounts, "accounts")
    if len(found) != 1:
        raise ValueError(f"got {len(found)} accounts, expected the caller's own")
    return found[0]


def fix_due_at(answer: object) -> datetime | None:
    """When CISA says that the flaw must be fixed; null: it is on no such list.

    Raises:
        ValueError: The details of the one finding asked for are not there.
    """
    details = mappings(mapping(answer, "answer").get("findingDetails"), "findingDetails")
    if len(details) != 1:
        raise ValueError(f"got details of {len(details)} findings, asked for one")
    cisa = details[0].get("cisaData")
    if cisa is None:
        return None
    due = mapping(cisa, "cisaData").get("dateDue")
    if not isinstance(due, datetime):
        raise ValueError(f"dateDue: got {due!r}, expected a time")
    return due


def standards(subscriptions: object) -> list[dict[str, object]]:
    """Standards that are subscribed to, with their state."""
    return [
        {"arn": one.get("StandardsArn"), "status": one.get("StandardsStatus")}
        for one in mappings(subscriptions, "StandardsSubscriptions")
    ]


def records_all_types(recorders: object) -> bool:
    """Whether some recorder records every type of resource that Config knows."""
    return any(_all_types(recorder) for recorder in mappings(recorders, "ConfigurationRecorders"))


def _all_types(recorder: Mapping[str, object]) -> bool:
    group = mapping(recorder.get("recordingGroup"), "recordingGroup")
    strategy = group.get("recordingStrategy")
    if strategy is not None:
        return mapping(strategy, "strategy").get("useOnly") == "ALL_SUPPORTED_RESOURCE_TYPES"
    if not isinstance(group.get("allSupported"), bool):
        raise ValueError("the recorder states neither a strategy nor allSupported")
    return group["allSupported"] is True


def recording(statuses: object) -> bool:
    """Whether some recorder is running."""
    found = [status.get("recording") for status in mappings(statuses, "statuses")]
    if not all(isinstance(one, bool) for one in found):
        raise ValueError("a recorder does not state whether it is recording")
    return any(found)


def recorder_failed(statuses: object) -> bool:
    """Whether the last recording of some recorder failed; one that never ran has no status."""
    return any(
        str(status.get("lastStatus", "")).lower() == "failure"
        for status in mappings(statuses, "statuses")
    )


def deliveries(channels: object) -> list[str]:
    """How the last delivery of each kind went, in lower case, each once."""
    return sorted(set(_deliveries(channels)))


def _deliveries(channels: object) -> Iterator[str]:
    for channel in optional_mappings(channels, "DeliveryChannelsStatus"):
        for name in _DELIVERIES:
            status = mapping(channel.get(name, {}), name).get("lastStatus")
            if status is not None:  # nothing of that kind was delivered yet
                yield text(status, name).lower()
