"""Alarms, the metrics that they watch, and who hears of them.

Sources: the API references of CloudWatch (MetricAlarm), SNS (Subscription) and CloudTrail (Trail).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from auditor.collectors.aws.facts.unreadable import mapping, mappings, optional_mappings, text

_PENDING = ("PendingConfirmation", "Deleted")
_KINDS = {"MetricAlarms": "metric", "CompositeAlarms": "composite", "LogAlarms": "log"}
_GROUP_PARTS = 7  # arn:aws:logs:<region>:<account>:log-group:<name>


def alarms(answer: object) -> list[dict[str, object]]:
    """Alarms of all kinds, each with its `kind`.

    Raises:
        ValueError: The answer holds no list.
    """
    found = mapping(answer, "answer")
    if not _KINDS.keys() & found.keys():
        raise ValueError("the answer holds no alarms of any kind")
    return [
        {**alarm, "kind": kind}
        for name, kind in _KINDS.items()
        for alarm in optional_mappings(found.get(name), name)
    ]


def alarms_by_metric(metric_alarms: object) -> dict[str, list[str]]:
    """`<namespace>/<name>` of a metric to the ARNs of its alarms."""
    return _by_metric(metric_alarms, lambda alarm: [text(alarm.get("AlarmArn"), "AlarmArn")])


def topics_by_metric(metric_alarms: object) -> dict[str, list[str]]:
    """`<namespace>/<name>` of a metric to the topics of its alarms, where their actions are on."""
    return _by_metric(metric_alarms, _topics)


def _topics(alarm: Mapping[str, object]) -> list[str]:
    actions, enabled = alarm.get("AlarmActions"), alarm.get("ActionsEnabled")
    if not isinstance(actions, list) or not isinstance(enabled, bool):
        raise ValueError(f"{alarm.get('AlarmArn')} does not state its actions")
    return [
        text(a, "action") for a in actions if enabled and text(a, "action").split(":")[2] == "sns"
    ]


def _by_metric(
    metric_alarms: object, values: Callable[[Mapping[str, object]], list[str]]
) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for alarm in mappings(metric_alarms, "MetricAlarms"):
        for metric in _metrics(alarm):
            found.setdefault(metric, set()).update(values(alarm))
    return {metric: sorted(members) for metric, members in found.items()}


def _metrics(alarm: Mapping[str, object]) -> Iterator[str]:
    """Metrics that an alarm watches, by itself or in a formula."""
    if alarm.get("MetricName") is not None:
        yield f"{alarm.get('Namespace')}/{alarm['MetricName']}"
    for query in optional_mappings(alarm.get("Metrics"), "Metrics"):
        stat = query.get("MetricStat")
        if stat is not None:
            metric = mapping(mapping(stat, "MetricStat").get("Metric"), "Metric")
            yield f"{metric.get('Namespace')}/{metric.get('MetricName')}"


def confirmed_topics(subscriptions: object) -> dict[str, bool]:
    """ARN of a topic to whether a subscriber has confirmed."""
    found: dict[str, bool] = {}
    for one in mappings(subscriptions, "Subscriptions"):
        topic = text(one.get("TopicArn"), "TopicArn")
        confirmed = text(one.get("SubscriptionArn"), "SubscriptionArn") not in _PENDING
        found[topic] = found.get(topic, False) or confirmed
    return found


def trails_by_log_group(trails: object) -> dict[str, list[str]]:
    """`<region>:<name>` of a log group to the trails of every region that write to it."""
    found: dict[str, set[str]] = {}
    for trail in mappings(trails, "trailList"):
        group = trail.get("CloudWatchLogsLogGroupArn")
        if group is None or trail.get("IsMultiRegionTrail") is not True:
            continue
        parts = text(group, "CloudWatchLogsLogGroupArn").removesuffix(":*").split(":", 6)
        if len(parts) != _GROUP_PARTS:
            raise ValueError(f"got {group!r}, expected the ARN of a log group")
        arn = text(trail.get("TrailARN"), "TrailARN")
        found.setdefault(f"{parts[3]}:{parts[6]}", set()).add(arn)
    return {group: sorted(arns) for group, arns in found.items()}
