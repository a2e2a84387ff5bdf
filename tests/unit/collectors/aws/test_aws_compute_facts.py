"""Facts about zones, attachments, scaling, patches and policies for everybody."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from auditor.collectors.aws.facts import compute, patches
from auditor.collectors.aws.facts.public_policy import policy_public

_EARLY, _LATE = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC)
_CHANGE = "a user request changing the desired capacity from 2 to 6"


def test_interfaces_are_counted_by_group() -> None:
    interfaces = [
        {"Groups": [{"GroupId": "sg-1"}, {"GroupId": "sg-2"}]},
        {"Groups": [{"GroupId": "sg-1"}]},
        {"Groups": []},
    ]
    assert compute.interfaces_by_group(interfaces) == {"sg-1": 2, "sg-2": 1}
    with pytest.raises(ValueError, match="Groups"):
        compute.interfaces_by_group([{}])


def test_zones_by_network_are_named_once() -> None:
    subnets = [{"VpcId": "vpc-1", "AvailabilityZone": zone} for zone in ("b", "a", "a")]
    assert compute.zones_by_network(subnets) == {"vpc-1": ["a", "b"]}


def test_zones_by_instance() -> None:
    machine = {"InstanceId": "i-1", "Placement": {"AvailabilityZone": "a"}}
    assert compute.zones_by_instance([{"Instances": [machine]}]) == {"i-1": "a"}
    with pytest.raises(ValueError, match="Placement"):
        compute.zones_by_instance([{"Instances": [{"InstanceId": "i-1"}]}])


def test_only_healthy_machines_in_service_count() -> None:
    machines = [
        {"LifecycleState": "InService", "HealthStatus": "Healthy"},
        {"LifecycleState": "InService", "HealthStatus": "HEALTHY"},
        {"LifecycleState": "InService", "HealthStatus": "Unhealthy"},
        {"LifecycleState": "Pending", "HealthStatus": "Healthy"},
    ]
    assert compute.in_service(machines) == 2
    assert compute.in_service(None) == 0  # a group without machines leaves the list out


@pytest.mark.parametrize(
    ("sizes", "full"),
    [((1, 4, 4), True), ((1, 4, 3), False), ((4, 4, 4), False), ((1, 4, 5), True)],
)
def test_a_group_at_its_maximum(sizes: tuple[int, int, int], full: bool) -> None:  # noqa: FBT001 - a row of the table
    group = dict(zip(("MinSize", "MaxSize", "DesiredCapacity"), sizes, strict=True))
    assert compute.at_maximum(group) is full


@pytest.mark.parametrize("value", [None, True, "4"])
def test_a_size_that_is_no_number(value: object) -> None:
    with pytest.raises(ValueError, match="MaxSize"):
        compute.at_maximum({"MinSize": 1, "MaxSize": value, "DesiredCapacity": 1})


def test_the_last_change_of_the_capacity() -> None:
    activities = [
        {"Cause": _CHANGE, "StartTime": _EARLY},
        # A machine was exchanged: the size stayed.
        {"Cause": "an instance was taken out of service in response to an EC2 health check",
         "StartTime": _LATE},
    ]  # fmt: skip
    assert compute.last_capacity_change(activities) == _EARLY
    assert compute.last_capacity_change(activities[1:]) is None
    assert compute.last_capacity_change([]) is None
    with pytest.raises(ValueError, match="StartTime"):
        compute.last_capacity_change([{"Cause": _CHANGE}])
    with pytest.raises(ValueError, match="Activities"):
        compute.last_capacity_change(None)


def _policy(target: object, metric: str = "ASGAverageCPUUtilization", **more: object) -> object:
    tracking = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
        "TargetValue": target,
    }
    return {"AutoScalingGroupName": "web", "TargetTrackingConfiguration": tracking, **more}


def test_targets_of_policies_that_follow_the_cpu() -> None:
    policies = [_policy(59.5), _policy(70), _policy(1000.0, "ALBRequestCountPerTarget")]
    assert compute.cpu_targets_by_group(policies) == {"web": 70}
    assert compute.cpu_targets_by_group([_policy(59.5)]) == {"web": 60}
    assert compute.cpu_targets_by_group([_policy(59.5, Enabled=False)]) == {}
    assert compute.cpu_targets_by_group([{"AutoScalingGroupName": "web"}]) == {}
    with pytest.raises(ValueError, match="TargetValue"):
        compute.cpu_targets_by_group([_policy(None)])


def test_tags_of_a_group_may_have_no_value() -> None:
    assert compute.group_tags([{"Key": "a"}, {"Key": "b", "Value": "c"}]) == {"a": "", "b": "c"}
    assert compute.group_tags(None) == {}


def test_the_service_of_an_arn() -> None:
    assert compute.arn_service("arn:aws:s3:::bucket") == "s3"
    for wrong in ("s3:::bucket", "arn:aws:s3", "x:aws:s3:::bucket"):
        with pytest.raises(ValueError, match="not an ARN"):
            compute.arn_service(wrong)


def test_agents_and_patches() -> None:
    assert patches.agents_by_instance([{"InstanceId": "i-1", "PingStatus": "Online"}]) == {
        "i-1": "Online"
    }
    state = {
        "OperationEndTime": _EARLY, "MissingCount": 1, "FailedCount": 2,
        "CriticalNonCompliantCount": 3, "SecurityNonCompliantCount": 4,
        "InstalledPendingRebootCount": 5,
    }  # fmt: skip
    assert patches.patch_state([state]) == {
        "scanned_at": _EARLY, "missing": 1, "failed": 2, "critical": 3, "security": 4,
        "waits_for_reboot": 5,
    }  # fmt: skip
    assert patches.patch_state([]) is None
    with pytest.raises(ValueError, match="several"):
        patches.patch_state([state, state])


def _document(**changed: object) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "x:Get"} | changed
    kept = {name: value for name, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


@pytest.mark.parametrize(
    "document",
    [
        _document(),
        _document(Principal={"AWS": "*"}),
        _document(Principal={"AWS": ["arn:aws:iam::111122223333:root", "*"]}),
        _document(Principal=None, NotPrincipal={"AWS": "arn:aws:iam::111122223333:root"}),
        _document(Condition={"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
        _document(Condition={"Bool": {"aws:SecureTransport": "true"}}),
        _document(Condition={"StringLike": {"aws:SourceArn": "*"}}),
        _document(Condition={"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}),
        _document(Condition={"StringNotEquals": {"aws:SourceAccount": "111122223333"}}),
        _document(Condition={"StringEquals": {"aws:SourceAccount": []}}),
    ],
)
def test_policies_that_let_everybody_in(document: str) -> None:
    assert policy_public(document) is True


@pytest.mark.parametrize(
    "document",
    [
        _document(Effect="Deny"),
        _document(Principal={"AWS": "arn:aws:iam::111122223333:root"}),
        _document(Principal={"Service": "s3.amazonaws.com"}),
        _document(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        _document(Condition={"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::mine-*"}}),
        _document(
            Condition={
                "StringEquals": {"aws:SourceAccount": "111122223333"},
                "Bool": {"aws:SecureTransport": "true"},
            }
        ),
    ],
)
def test_policies_that_only_look_public(document: str) -> None:
    assert policy_public(document) is False


@pytest.mark.parametrize("read", [policy_public, compute.arn_service, compute.zones_by_network])
def test_nothing_is_not_an_answer(read: Callable[[object], object]) -> None:
    with pytest.raises(ValueError, match="got NoneType"):
        read(None)
