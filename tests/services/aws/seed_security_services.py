"""A good and a bad account of security services, in a stand-in for AWS. Everything is in `HOME`.

What the stand-in does not have is answered by the proxy: `answers_security_services`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from auditor.collectors.aws.facts.security_events import EVENTS
from tests.services.aws.seed import HOME, client
from tests.services.aws.server import ACCOUNT

KEY = f"arn:aws:kms:{HOME}:{ACCOUNT}:key/0f1d6c2a-5b1e-4c9e-9f59-2f6f3f1f7a10"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployment"
GROUP = "cloudtrail"
INSTANCE = "i-0a1b2c3d4e5f60718"
SECRET = "hunter2-very-long"
PHONE = "+44 20 7946 0001"
_EVERYBODY = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
_PUBLIC = json.dumps({"Version": "2012-10-17", "Statement": [_EVERYBODY]})
_DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def seed_good(url: str) -> str:
    """Everything as it should be; the id of the organization's root comes back."""
    client(url, "iam").create_user(UserName="alice")
    client(url, "guardduty").create_detector(Enable=True)
    client(url, "inspector2").enable(accountIds=[ACCOUNT], resourceTypes=["EC2", "ECR", "LAMBDA"])
    client(url, "securityhub").enable_security_hub()
    client(url, "macie2").enable_macie()
    _recorder(url, {"allSupported": True, "includeGlobalResourceTypes": True}, running=True)
    topic = _topic(url)
    _trail(url)
    logs, watch = client(url, "logs"), client(url, "cloudwatch")
    for event, pattern in EVENTS.items():
        _filter(logs, event, f"{{ {pattern} }}")
        _alarm(watch, event, AlarmActions=[topic], ActionsEnabled=True)
    _contacts(url, ("SECURITY", "OPERATIONS", "BILLING"))
    _good_messages(url)
    secrets = client(url, "secretsmanager")
    made = secrets.create_secret(Name="shop", SecretString=SECRET)
    secrets.rotate_secret(SecretId=made["ARN"], RotationRules={"AutomaticallyAfterDays": 30})
    return _organization(url, guarded=True)


def seed_bad(url: str) -> str:
    """Everything as it should not be."""
    client(url, "guardduty").create_detector(Enable=False)
    inspector = client(url, "inspector2")
    inspector.enable(accountIds=[ACCOUNT], resourceTypes=["EC2"])
    inspector.disable(accountIds=[ACCOUNT], resourceTypes=["EC2"])
    _recorder(url, {"allSupported": False, "resourceTypes": ["AWS::EC2::Instance"]}, running=False)
    _trail(url, events=False)
    logs, watch = client(url, "logs"), client(url, "cloudwatch")
    _filter(logs, "root-use", f"{{ {EVENTS['root-use']} }}")
    _filter(logs, "trail-changes", '{ $.eventName = "DeleteTrail" }')  # one of five
    topic = _topic(url, confirmed=False)
    _alarm(watch, "mute", AlarmActions=[topic], ActionsEnabled=False)
    _alarm(watch, "idle", AlarmActions=[], ActionsEnabled=True)
    _contacts(url, ("SECURITY",))
    _bad_messages(url)
    client(url, "secretsmanager").create_secret(Name="shop", SecretString=SECRET)
    return _organization(url, guarded=False)


def _recorder(url: str, group: Mapping[str, object], *, running: bool) -> None:
    config = client(url, "config")
    role = f"arn:aws:iam::{ACCOUNT}:role/config"
    config.put_configuration_recorder(
        ConfigurationRecorder={"name": "default", "roleARN": role, "recordingGroup": group}
    )
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "config"})
    if running:
        config.start_configuration_recorder(ConfigurationRecorderName="default")


def _topic(url: str, *, confirmed: bool = True) -> str:
    topics = client(url, "sns")
    attributes = {"KmsMasterKeyId": KEY} if confirmed else {}
    topic: str = topics.create_topic(Name="security", Attributes=attributes)["TopicArn"]
    if confirmed:
        topics.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+442079460001")
    else:
        topics.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=_PUBLIC)
    return topic


def _trail(url: str, *, events: bool = True) -> None:
    """A trail of every region into a log group; the group of orders receives events or none."""
    place = {"LocationConstraint": HOME}
    client(url, "s3").create_bucket(Bucket="trail", CreateBucketConfiguration=place)
    logs = client(url, "logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_group(logGroupName="orders")
    logs.create_log_stream(logGroupName="orders", logStreamName="1")
    client(url, "cloudtrail").create_trail(
        Name="account", S3BucketName="trail", IsMultiRegionTrail=True,
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:{HOME}:{ACCOUNT}:log-group:{GROUP}:*",
        CloudWatchLogsRoleArn=ROLE,
    )  # fmt: skip
    if events:
        now = int(datetime.now(UTC).timestamp() * 1000)
        logs.put_log_events(
            logGroupName="orders",
            logStreamName="1",
            logEvents=[{"timestamp": now - 60_000, "message": "paid"}],
        )


def _filter(logs: Any, name: str, pattern: str) -> None:
    logs.put_metric_filter(
        logGroupName=GROUP, filterName=name, filterPattern=pattern,
        metricTransformations=[
            {"metricName": name, "metricNamespace": "Security", "metricValue": "1"}
        ],
    )  # fmt: skip


def _alarm(watch: Any, name: str, **settings: object) -> None:
    watch.put_metric_alarm(
        AlarmName=name, MetricName=name, Namespace="Security", Statistic="Sum", Period=300,
        EvaluationPeriods=1, Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold", **settings,
    )  # fmt: skip
    watch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")


def _good_messages(url: str) -> None:
    queues = client(url, "sqs")
    queues.create_queue(QueueName="orders-dead")
    arn = f"arn:aws:sqs:{HOME}:{ACCOUNT}:orders-dead"
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
    attributes = {"RedrivePolicy": redrive, "KmsMasterKeyId": "alias/queues"}
    queues.create_queue(QueueName="orders", Attributes=attributes)


def _bad_messages(url: str) -> None:
    """A public queue in clear without a dead-letter queue, and dead letters that wait."""
    queues = client(url, "sqs")
    dead = queues.create_queue(QueueName="orders-dead")["QueueUrl"]
    arn = f"arn:aws:sqs:{HOME}:{ACCOUNT}:orders-dead"
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
    queues.create_queue(QueueName="orders", Attributes={"RedrivePolicy": redrive})
    open_to_all = {"SqsManagedSseEnabled": "false", "Policy": _PUBLIC}
    queues.create_queue(QueueName="open", Attributes=open_to_all)
    queues.send_message(QueueUrl=dead, MessageBody=SECRET)


def _contacts(url: str, kinds: Sequence[str]) -> None:
    account = client(url, "account")
    for kind in kinds:
        account.put_alternate_contact(
            AlternateContactType=kind, Name=f"{kind.title()} desk", Title="on call",
            EmailAddress=f"{kind.lower()}@example.org", PhoneNumber=PHONE,
        )  # fmt: skip


def _organization(url: str, *, guarded: bool) -> str:
    """An organization with another account; its root has a policy, or AWS's own only."""
    organizations = client(url, "organizations")
    organizations.create_organization(FeatureSet="ALL" if guarded else "CONSOLIDATED_BILLING")
    root: str = organizations.list_roots()["Roots"][0]["Id"]
    organizations.create_account(Email="shop@example.org", AccountName="shop")
    if guarded:
        content = json.dumps({"Version": "2012-10-17", "Statement": [_DENY]})
        made = organizations.create_policy(
            Name="deny-regions", Type="SERVICE_CONTROL_POLICY", Content=content, Description=""
        )["Policy"]["PolicySummary"]["Id"]
        organizations.attach_policy(PolicyId=made, TargetId=root)
    return root
