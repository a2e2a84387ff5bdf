"""Roles, partitions and ceilings: who is asked, where, and that nothing is sent uncounted."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from auditor.collectors.aws import AwsCollector
from auditor.collectors.aws.planned import ASSUME
from auditor.collectors.aws.session import Clients
from auditor.collectors.aws.settings import AwsSettings
from auditor.collectors.budget import CallBudget
from auditor.collectors.interface import CollectionContext, Expansion
from auditor.core.model.observation import Gap, Observation
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.services.aws.faults import FaultProxy, Rule
from tests.services.aws.reading import target_at
from tests.services.aws.server import CREDENTIALS

pytestmark = pytest.mark.service
ROLE = "arn:aws:iam::123456789012:role/AuditorReadOnly"
TYPE = "aws.s3.bucket"


def observe(url: str, budget: CallBudget | None = None, **settings: object) -> Observation:
    with ThreadPoolExecutor(4) as executor:
        context = CollectionContext(
            lambda: datetime.now(UTC), executor, budget=budget or CallBudget()
        )
        [found] = AwsCollector().collect(target_at(url, **settings), [TYPE], context)
    return found


def expanded(url: str, budget: CallBudget) -> Expansion:
    settings = {"role": "AuditorReadOnly", "endpoint_url": url, "max_attempts": 1}
    [expander] = AwsCollector().expanders
    with ThreadPoolExecutor(2) as executor:
        context = CollectionContext(lambda: datetime.now(UTC), executor, budget=budget)
        return expander.expand(Target("org", "aws-organization", "prod", {}, settings), context)


def asked(proxy: FaultProxy, operation: str) -> int:
    return len([one for one in proxy.seen if one.operation == operation])


def expiring(seconds: int) -> Rule:
    """The first credentials of the role end so soon."""
    end = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def edit(body: bytes) -> bytes:
        return re.sub(
            rb"<Expiration>[^<]*</Expiration>", f"<Expiration>{end}</Expiration>".encode(), body
        )

    return Rule(operation="AssumeRole", first=1, edit=edit)


def test_assuming_a_role_is_counted(aws: str) -> None:
    budget = CallBudget()
    with (proxy := FaultProxy(aws)) as url:
        assert observe(url, budget, role_arn=ROLE).complete
    assert asked(proxy, "AssumeRole") == 1
    assert budget.made == len(proxy.seen)


def test_a_ceiling_below_the_role_sends_nothing(aws: str) -> None:
    budget = CallBudget(1)
    with (proxy := FaultProxy(aws)) as url:
        [gap] = observe(url, budget, role_arn=ROLE).gaps
    assert [one.operation for one in proxy.seen] == ["AssumeRole"]
    assert gap.cause is Cause.LIMIT


def test_the_plan_names_the_role(aws: str) -> None:
    collector = AwsCollector()
    planned = collector.planned_calls(target_at(aws, role_arn=ROLE), [TYPE])
    assert ASSUME in {call.request for call in planned}
    assert ASSUME not in {c.request for c in collector.planned_calls(target_at(aws), [TYPE])}


def test_credentials_of_a_role_are_renewed_before_they_end(aws: str) -> None:
    with (proxy := FaultProxy(aws, [expiring(300)])) as url:
        observation = observe(url, role_arn=ROLE)
    assert observation.complete
    assert all(not resource.unread for resource in observation.resources)
    assert asked(proxy, "AssumeRole") == 2


def test_a_role_without_own_credentials_is_a_gap(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        if "KEY" in name:
            monkeypatch.delenv(name)
    [gap] = observe(aws, role_arn=ROLE).gaps
    assert gap.cause is Cause.DENIED
    assert "profile" in gap.hint


@pytest.fixture
def organization(empty_aws: str) -> str:
    client = boto3.client("organizations", endpoint_url=empty_aws, region_name="us-east-1")
    client.create_organization(FeatureSet="ALL")
    client.create_account(Email="a@example.org", AccountName="a")
    return empty_aws


def test_finding_the_accounts_is_counted_and_ends_at_the_ceiling(organization: str) -> None:
    budget = CallBudget()
    with (proxy := FaultProxy(organization)) as url:
        assert len(expanded(url, budget).targets) == 2
    assert budget.made == len(proxy.seen) == 2
    [target] = expanded(organization, CallBudget(1)).targets
    unresolved = target.settings["unresolved"]
    assert isinstance(unresolved, dict)
    assert Gap.from_json(unresolved).cause is Cause.LIMIT


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_roles_are_named_in_the_partition_of_the_caller(organization: str, partition: str) -> None:
    def moved(body: bytes) -> bytes:
        return body.replace(b"arn:aws:", f"arn:{partition}:".encode())

    rule = Rule(operation="GetCallerIdentity", edit=moved)
    with FaultProxy(organization, [rule]) as url:
        targets = expanded(url, CallBudget()).targets
    roles = [str(t.settings["role_arn"]) for t in targets if "role_arn" in t.settings]
    assert roles
    assert all(role.startswith(f"arn:{partition}:iam::") for role in roles)


@pytest.mark.parametrize(
    ("settings", "region", "service", "endpoint"),
    [
        ({"regions": ["cn-north-1"]}, "cn-north-1", "sts", "sts.cn-north-1.amazonaws.com.cn"),
        ({"regions": ["cn-northwest-1"]}, "cn-north-1", "iam", "iam.cn-north-1.amazonaws.com.cn"),
        ({"regions": ["us-gov-east-1"]}, "us-gov-west-1", "iam", "iam.us-gov.amazonaws.com"),
        (
            {"role_arn": "arn:aws-us-gov:iam::123456789012:role/R"},
            "us-gov-west-1",
            "ec2",
            "ec2.us-gov-west-1.amazonaws.com",
        ),
        (
            {"role_arn": "arn:aws-cn:iam::123456789012:role/R", "home_region": "cn-northwest-1"},
            "cn-northwest-1",
            "kms",
            "kms.cn-northwest-1.amazonaws.com.cn",
        ),
        ({"regions": ["eu-north-1"]}, "eu-west-1", "logs", "logs.eu-west-1.amazonaws.com"),
        ({}, "eu-west-1", "organizations", "organizations.us-east-1.amazonaws.com"),
        ({"role_arn": ROLE}, "eu-west-1", "s3", "s3.eu-west-1.amazonaws.com"),
    ],
)
def test_clients_speak_to_their_partition(
    settings: dict[str, object], region: str, service: str, endpoint: str
) -> None:
    """Nothing is sent: botocore's own endpoint rules say where it would go."""
    clients = Clients(AwsSettings.model_validate(settings), 5.0)
    try:
        assert clients.home == region
        assert clients.get(service, region).meta.endpoint_url == f"https://{endpoint}"
    finally:
        clients.close()


def test_a_region_that_botocore_does_not_know_leaves_the_home_as_configured() -> None:
    clients = Clients(AwsSettings.model_validate({"regions": ["xx-custom-1"]}), 5.0)
    assert clients.home == "eu-west-1"
    clients.close()


def test_accounts_share_the_models(aws: str) -> None:
    first, second = (Clients(AwsSettings(endpoint_url=aws), 5.0) for _ in range(2))
    components = [c.session.get_component("data_loader") for c in (first, second)]
    assert components[0] is components[1]
