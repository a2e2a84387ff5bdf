"""Queues, topics, secrets' rules and the streams of a log group.

Sources: the API references of SQS (GetQueueAttributes), SNS (GetTopicAttributes), Secrets Manager
(RotationRulesType) and CloudWatch Logs (LogStream).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from auditor.collectors.aws.facts.common import epoch_ms
from auditor.collectors.aws.facts.public_policy import policy_public
from auditor.collectors.aws.facts.schedule import longest_interval
from auditor.collectors.aws.facts.unreadable import mapping, mappings, sequence, text


def queues(urls: object) -> list[dict[str, object]]:
    """URLs with the name that each ends with."""
    found = [text(url, "QueueUrl") for url in sequence(urls, "QueueUrls")]
    return [{"url": url, "name": url.rpartition("/")[2]} for url in found]


def queue_encrypted(attributes: object) -> bool:
    """Whether messages are encrypted, with a KMS key or with the key of SQS."""
    found = _of_queue(attributes)
    return bool(found.get("KmsMasterKeyId")) or found.get("SqsManagedSseEnabled") == "true"


def attributes_public(attributes: object) -> bool:
    """Whether the policy of a queue or topic lets everybody in; without one only the owner may."""
    found = mapping(attributes, "Attributes")
    if not {"QueueArn", "TopicArn"} & found.keys():
        raise ValueError("the attributes name no queue and no topic")
    policy = found.get("Policy")
    return bool(policy) and policy_public(policy)


def dead_letter_queue(attributes: object) -> str | None:
    """ARN of the queue that takes what cannot be worked off; null: there is none."""
    policy = _of_queue(attributes).get("RedrivePolicy")
    if not policy:
        return None
    document = mapping(json.loads(text(policy, "RedrivePolicy")), "RedrivePolicy")
    return text(document.get("deadLetterTargetArn"), "deadLetterTargetArn")


def messages(attributes: object) -> int:
    """Messages that wait, as SQS estimates them."""
    return _number(_of_queue(attributes).get("ApproximateNumberOfMessages"), "messages")


def topic_key(attributes: object) -> str | None:
    """The KMS key of a topic; null: it is not encrypted."""
    key = _of_topic(attributes).get("KmsMasterKeyId")
    return text(key, "KmsMasterKeyId") if key else None


def confirmed_subscriptions(attributes: object) -> int:
    """Subscriptions that were confirmed."""
    return _number(_of_topic(attributes).get("SubscriptionsConfirmed"), "SubscriptionsConfirmed")


def _of_queue(attributes: object) -> Mapping[str, object]:
    found = mapping(attributes, "Attributes")
    text(found.get("QueueArn"), "QueueArn")
    return found


def _of_topic(attributes: object) -> Mapping[str, object]:
    found = mapping(attributes, "Attributes")
    text(found.get("TopicArn"), "TopicArn")
    return found


def _number(value: object, what: str) -> int:
    written = text(value, what)
    if not written.isdecimal():
        raise ValueError(f"{what}: got {written!r}, expected a whole number")
    return int(written)


def rotation_interval(rules: object) -> timedelta | None:
    """The longest time between two rotations by the rule; null: there is no rule."""
    if rules is None:
        return None
    found = mapping(rules, "RotationRules")
    if found.get("ScheduleExpression"):
        return longest_interval(found["ScheduleExpression"])
    days = found.get("AutomaticallyAfterDays")
    if days is None:
        return None
    if isinstance(days, bool) or not isinstance(days, int) or days < 1:
        raise ValueError(f"AutomaticallyAfterDays: got {days!r}, expected a number of days")
    return timedelta(days=days)


def last_event_at(streams: object) -> datetime | None:
    """The newest event of all streams; null: none holds one."""
    found = [
        epoch_ms(stream["lastEventTimestamp"])
        for stream in mappings(streams, "logStreams")
        if stream.get("lastEventTimestamp") is not None
    ]
    return max(found, default=None)
