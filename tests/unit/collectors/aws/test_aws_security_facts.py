"""Facts about detection, messages, alarms, organizations and events of CloudTrail."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from auditor.collectors.aws.caller import Reply
from auditor.collectors.aws.facts import Unreadable, account_guard, alarms, detection, messaging
from auditor.collectors.aws.facts.management_events import management_events
from auditor.core.model.observation import Call, Gap
from auditor.core.model.status import Cause

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:orders"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:security"
GROUP = "arn:aws:logs:eu-west-1:111122223333:log-group:cloudtrail:*"
PUBLIC = json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*"}})
OWN = json.dumps(
    {
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "*",
            "Condition": {"StringEquals": {"AWS:SourceOwner": "111122223333"}},
        }
    }
)


def _account(**states: str) -> list[dict[str, object]]:
    resources = {kind: {"status": status} for kind, status in states.items()}
    return [{"state": {"status": "ENABLED"}, "resourceState": resources}]


def test_kinds_that_are_being_turned_on_are_not_scanned_yet() -> None:
    assert detection.inspector_enabled(_account())
    assert detection.inspector_kinds(_account(ec2="ENABLED", ecr="ENABLING")) == ["ec2"]


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ({"recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"}}, True),
        ({"recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}}, False),
        ({"allSupported": True}, True),
        ({"allSupported": False}, False),
    ],
)
def test_a_recorder_of_all_types(group: dict[str, object], *, expected: bool) -> None:
    assert detection.records_all_types([{"recordingGroup": group}]) is expected


def test_deliveries_are_told_once_and_without_case() -> None:
    channels = [
        {"configHistoryDeliveryInfo": {"lastStatus": "SUCCESS"}},
        {"configStreamDeliveryInfo": {"lastStatus": "Success"}, "configSnapshotDeliveryInfo": {}},
    ]
    assert detection.deliveries(channels) == ["success"]
    assert detection.deliveries([]) == []


def test_recorders_that_run_and_fail() -> None:
    statuses = [{"recording": False}, {"recording": True, "lastStatus": "FAILURE"}]
    assert detection.recording(statuses)
    assert detection.recorder_failed(statuses)
    assert not detection.recorder_failed([{"recording": True}])
    assert not detection.recording([])


def test_the_day_of_a_known_exploited_flaw() -> None:
    assert detection.fix_due_at({"findingDetails": [{"cisaData": {"dateDue": NOW}}]}) == NOW
    assert detection.fix_due_at({"findingDetails": [{}]}) is None


def test_findings_of_all_batches() -> None:
    batches = [{"Findings": [{"Id": "b"}]}, {"Findings": [{"Id": "a"}]}]
    found = detection.threat_findings({"ids": ["a", "b"], "answers": batches})
    assert [one["id"] for one in found] == ["a", "b"]


def test_attributes_of_a_queue() -> None:
    plain = {"QueueArn": QUEUE, "ApproximateNumberOfMessages": "3"}
    redrive = {**plain, "RedrivePolicy": json.dumps({"deadLetterTargetArn": "d"})}
    assert messaging.dead_letter_queue(plain) is None
    assert messaging.dead_letter_queue(redrive) == "d"
    assert messaging.messages(plain) == 3
    assert not messaging.queue_encrypted(plain)
    assert not messaging.queue_encrypted({**plain, "SqsManagedSseEnabled": "false"})
    assert messaging.queue_encrypted({**plain, "SqsManagedSseEnabled": "true"})
    assert messaging.queue_encrypted({**plain, "KmsMasterKeyId": "k"})


def test_policies_of_queues_and_topics() -> None:
    assert not messaging.attributes_public({"QueueArn": QUEUE})
    assert messaging.attributes_public({"QueueArn": QUEUE, "Policy": PUBLIC})
    assert messaging.attributes_public({"TopicArn": TOPIC, "Policy": PUBLIC})
    assert not messaging.attributes_public({"TopicArn": TOPIC, "Policy": OWN})  # SNS's default


def test_attributes_of_a_topic() -> None:
    topic = {"TopicArn": TOPIC, "SubscriptionsConfirmed": "2"}
    assert messaging.confirmed_subscriptions(topic) == 2
    assert messaging.topic_key(topic) is None
    assert messaging.topic_key({**topic, "KmsMasterKeyId": "k"}) == "k"


def test_names_of_queues_come_from_their_urls() -> None:
    url = "https://sqs.eu-west-1.amazonaws.com/111122223333/orders.fifo"
    assert messaging.queues([url]) == [{"url": url, "name": "orders.fifo"}]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (None, None),
        ({}, None),
        ({"AutomaticallyAfterDays": 30}, timedelta(days=30)),
        ({"ScheduleExpression": "rate(10 days)"}, timedelta(days=10)),
    ],
)
def test_intervals_of_rotation(rules: object, expected: timedelta | None) -> None:
    assert messaging.rotation_interval(rules) == expected


def test_the_newest_event_of_a_log_group() -> None:
    streams = [{"lastEventTimestamp": 1000}, {}, {"lastEventTimestamp": 3000}]
    assert messaging.last_event_at(streams) == datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC)
    assert messaging.last_event_at([{}]) is None


def _alarm(**more: object) -> dict[str, object]:
    return {
        "AlarmArn": "a",
        "MetricName": "m",
        "Namespace": "n",
        "ActionsEnabled": True,
        "AlarmActions": [TOPIC, "arn:aws:automate:eu-west-1:ec2:stop"],
    } | more


def test_alarms_by_their_metric() -> None:
    metric = {"MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}}}
    formula = {"AlarmArn": "b", "ActionsEnabled": False, "AlarmActions": ["arn:aws:sns:x:1:y"],
               "Metrics": [metric, {"Expression": "m1 * 2"}]}  # fmt: skip
    both = [_alarm(), formula]
    assert alarms.alarms_by_metric(both) == {"n/m": ["a", "b"]}
    assert alarms.topics_by_metric(both) == {"n/m": [TOPIC]}


def test_alarms_of_both_kinds() -> None:
    answer = {"MetricAlarms": [{"AlarmName": "a"}], "CompositeAlarms": [{"AlarmName": "b"}]}
    assert [(one["AlarmName"], one["kind"]) for one in alarms.alarms(answer)] == [
        ("a", "metric"),
        ("b", "composite"),
    ]


def test_a_topic_is_heard_when_a_subscriber_has_confirmed() -> None:
    pending = {"TopicArn": TOPIC, "SubscriptionArn": "PendingConfirmation"}
    assert alarms.confirmed_topics([pending]) == {TOPIC: False}
    assert alarms.confirmed_topics([{**pending, "SubscriptionArn": "s"}, pending]) == {TOPIC: True}


def test_log_groups_of_trails_of_every_region() -> None:
    trail = {"TrailARN": "t", "IsMultiRegionTrail": True, "CloudWatchLogsLogGroupArn": GROUP}
    others = [{**trail, "IsMultiRegionTrail": False}, {"TrailARN": "u", "IsMultiRegionTrail": True}]
    assert alarms.trails_by_log_group([trail, *others]) == {"eu-west-1:cloudtrail": ["t"]}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["o-1/r-2/ou-3/111122223333/"], ["r-2", "ou-3", "111122223333"]),
        (["o-1/r-2/111122223333/"], ["r-2", "111122223333"]),
        (None, None),
        ([], None),
        (["o-1/r-2/1/", "o-1/r-3/1/"], None),
        (["r-2/ou-3/1"], None),
        (["o-1/ou-3/1"], None),
        (["o-1/r-2"], None),
    ],
)
def test_where_an_account_stands(paths: object, expected: object) -> None:
    [account] = account_guard.organization_accounts([{"Id": "1", "Paths": paths}])
    assert account["targets"] == expected


def test_guard_rails_are_all_policies_but_awss_own() -> None:
    own = {"Id": "p-FullAWSAccess", "Name": "FullAWSAccess"}
    first, second = {"Id": "p-1", "Name": "b"}, {"Id": "p-2", "Name": "a"}
    answers = {"r-1": {"Policies": [own, first]}, "1": {"Policies": [second, first]}}
    assert account_guard.guard_rails(answers) == ["a", "b"]
    assert account_guard.all_features("ALL")
    assert not account_guard.all_features("CONSOLIDATED_BILLING")


def _event(record: object) -> dict[str, object]:
    text = record if isinstance(record, str) else json.dumps(record)
    return management_events([{"EventId": "1", "CloudTrailEvent": text}])[0]


def test_the_role_of_a_session_is_kept_and_its_name_is_not() -> None:
    issuer = {"sessionIssuer": {"arn": "role"}}
    identity = {"arn": "assumed-role/me@example.org", "sessionContext": issuer}
    row = _event({"userIdentity": identity, "errorCode": "AccessDenied"})
    assert row["actor"] == "role"
    assert row["error"] == "AccessDenied"
    assert _event({"userIdentity": {"arn": "user"}})["actor"] == "user"
    assert _event({"userIdentity": {"invokedBy": "aws"}})["actor"] == "aws"


@pytest.mark.parametrize(
    "record", ["{", "[]", {}, {"userIdentity": {}}, {"userIdentity": {"arn": 1}}]
)
def test_a_record_that_names_nobody_is_one_unreadable_event(record: object) -> None:
    row = _event(record)
    assert row["id"] == "1"
    assert isinstance(row["actor"], Unreadable)
    assert isinstance(row["error"], Unreadable)


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (detection.is_on, None),
        (detection.is_active, None),
        (detection.is_named, None),
        (detection.inspector_enabled, []),
        (detection.inspector_kinds, None),
        (detection.records_all_types, [{"recordingGroup": {}}]),
        (detection.recording, [{}]),
        (detection.fix_due_at, {"findingDetails": []}),
        (detection.fix_due_at, {"findingDetails": [{"cisaData": {}}]}),
        (detection.threat_findings, {"ids": ["a"], "answers": []}),
        (detection.threat_findings, {"ids": [], "answers": [{"Findings": [{"Id": "a"}]}]}),
        (detection.standards, None),
        (detection.access_findings, {"a": {}}),
        (messaging.queue_encrypted, {}),
        (messaging.attributes_public, {}),
        (messaging.attributes_public, {"QueueArn": QUEUE, "Policy": "{"}),
        (messaging.dead_letter_queue, {"QueueArn": QUEUE, "RedrivePolicy": "{}"}),
        (messaging.messages, {"QueueArn": QUEUE}),
        (messaging.messages, {"QueueArn": QUEUE, "ApproximateNumberOfMessages": "-1"}),
        (messaging.topic_key, {}),
        (messaging.rotation_interval, {"AutomaticallyAfterDays": 0}),
        (messaging.rotation_interval, {"AutomaticallyAfterDays": True}),
        (alarms.alarms, {}),
        (alarms.topics_by_metric, [{"MetricName": "m", "AlarmActions": []}]),
        (alarms.confirmed_topics, [{}]),
        (
            alarms.trails_by_log_group,
            [{"IsMultiRegionTrail": True, "CloudWatchLogsLogGroupArn": "group"}],
        ),
        (account_guard.guard_rails, {"r-1": {}}),
        (account_guard.all_features, None),
    ],
)
def test_what_is_malformed_is_refused(function: Callable[[object], object], value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        function(value)


@pytest.mark.parametrize(
    ("code", "detail", "expected"),
    [
        ("NoSuchEntity", "NoSuchEntity: none", {"a": 1}),
        ("AccessDeniedException", "AccessDeniedException: Macie is not enabled.", {"b": 2}),
        ("AccessDeniedException", "AccessDeniedException: User: x is not authorized", None),
        ("", "AccessDeniedException: Macie is not enabled.", None),
    ],
)
def test_a_failure_means_not_configured_by_its_code_or_by_its_words(
    code: str, detail: str, expected: object
) -> None:
    absent = {"NoSuchEntity": {"a": 1}, "AccessDeniedException: Macie is not enabled*": {"b": 2}}
    call = Call(request="x", endpoint="", started_at=NOW)
    assert Reply({}, call, Gap(Cause.DENIED, detail), code).meaning(absent) == expected
