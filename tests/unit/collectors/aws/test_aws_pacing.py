"""How fast and how often AWS is asked: token buckets, the ceiling, and the plan before it."""

from __future__ import annotations

import pytest

from auditor.collectors.aws import AwsCollector
from auditor.collectors.aws.pacing import pace_of
from auditor.collectors.aws.settings import AwsSettings
from auditor.collectors.budget import BudgetSpentError, CallBudget, Pace, TokenBucket
from auditor.core.model.target import Target


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_bucket_lets_a_burst_through_and_then_keeps_the_rate() -> None:
    clock = Clock()
    bucket = TokenBucket(Pace(rate=10, burst=5), clock, clock.sleep)
    for _ in range(5):
        bucket.wait()
    assert clock.now == 0
    for _ in range(20):
        bucket.wait()
    assert clock.now == pytest.approx(2.0)


def test_a_bucket_fills_up_to_its_burst_and_no_further() -> None:
    clock = Clock()
    bucket = TokenBucket(Pace(rate=10, burst=5), clock, clock.sleep)
    clock.now = 1000.0
    for _ in range(6):
        bucket.wait()
    assert clock.now == pytest.approx(1000.1)


def test_a_budget_counts_and_refuses_what_lies_past_it() -> None:
    budget = CallBudget(2)
    budget.take()
    budget.take()
    with pytest.raises(BudgetSpentError, match="ceiling of 2 requests"):
        budget.take()
    assert budget.made == 2
    free = CallBudget()
    for _ in range(100):
        free.take()
    assert free.made == 100


def test_aws_is_paced_as_published_and_a_stand_in_only_when_told() -> None:
    assert pace_of("logs", AwsSettings()) == Pace(8, 10)
    assert pace_of("some-other", AwsSettings()) == Pace(50, 100)
    assert pace_of("logs", AwsSettings(endpoint_url="http://127.0.0.1:1")) is None
    told = AwsSettings(endpoint_url="http://127.0.0.1:1", rates={"logs": 3.0, "default": 0.5})
    assert pace_of("logs", told) == Pace(3.0, 3)
    assert pace_of("ec2", told) == Pace(0.5, 1)


def test_the_plan_names_each_kind_of_request_once_with_what_is_known() -> None:
    collector = AwsCollector()
    settings = {"regions": ["eu-west-1", "us-east-1"]}
    target = Target("a", "aws-account", "prod", {}, settings)
    calls = {
        c.request: c for c in collector.planned_calls(target, ["aws.ec2.volume", "aws.kms.key"])
    }
    assert (calls["ec2:DescribeVolumes"].times, calls["ec2:DescribeVolumes"].per) == (2, "region")
    assert calls["kms:DescribeKey"].times is None
    assert "ec2:DescribeRegions" not in calls
    open_target = Target("a", "aws-account", "prod", {}, {})
    every = {c.request: c for c in collector.planned_calls(open_target, ["aws.ec2.volume"])}
    assert every["ec2:DescribeVolumes"].times is None
    assert every["ec2:DescribeRegions"].times == 1
