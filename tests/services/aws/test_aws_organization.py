"""An organization becomes its accounts: all of them, the named ones, those of a unit, or a gap."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from auditor.collectors.aws import AwsCollector
from auditor.collectors.interface import CollectionContext, Expansion
from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.services.aws.faults import FaultProxy, Rule, denied
from tests.services.aws.server import moto_server

pytestmark = pytest.mark.service


@dataclass(frozen=True, slots=True)
class Organization:
    """Two accounts at the root, one in a unit inside a unit, one that is closed."""

    url: str
    root: str
    unit: str
    accounts: dict[str, str]


@pytest.fixture(scope="module")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organization]:
    with moto_server(tmp_path_factory.mktemp("moto") / "moto.log") as url:
        client = boto3.client("organizations", endpoint_url=url, region_name="us-east-1", **KEYS)
        client.create_organization(FeatureSet="ALL")
        root = client.list_roots()["Roots"][0]["Id"]
        ids = {name: created(client, name) for name in ("shop", "data", "old")}
        outer = client.create_organizational_unit(ParentId=root, Name="outer")
        outer_id = outer["OrganizationalUnit"]["Id"]
        inner = client.create_organizational_unit(ParentId=outer_id, Name="inner")
        inner_id = inner["OrganizationalUnit"]["Id"]
        client.move_account(
            AccountId=ids["data"], SourceParentId=root, DestinationParentId=inner_id
        )
        client.close_account(AccountId=ids["old"])
        yield Organization(url, root, outer_id, ids)


KEYS: dict[str, Any] = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


def created(client: Any, name: str) -> str:
    answer = client.create_account(Email=f"{name}@example.org", AccountName=name)
    account: str = answer["CreateAccountStatus"]["AccountId"]
    return account


def expand(url: str, **settings: object) -> Expansion:
    target = Target(
        "org",
        "aws-organization",
        "prod",
        {"team": "platform"},
        {"role": "AuditorReadOnly", "endpoint_url": url, "max_attempts": 1} | settings,
    )
    [expander] = AwsCollector().expanders
    with ThreadPoolExecutor(2) as executor:
        return expander.expand(target, CollectionContext(lambda: datetime.now(UTC), executor))


def collected(target: Target, name: str) -> Observation:
    with ThreadPoolExecutor(4) as executor:
        context = CollectionContext(lambda: datetime.now(UTC), executor)
        [observation] = AwsCollector().collect(target, [name], context)
    return observation


def names(expansion: Expansion) -> set[str]:
    return {target.labels.get("account_name", "?") for target in expansion.targets}


def test_every_active_account_is_a_target_and_closed_ones_are_named(
    organization: Organization,
) -> None:
    found = expand(organization.url)
    assert {"shop", "data"} < names(found)
    assert "old" not in names(found)
    [(_name, others)] = found.inventory.items()
    assert [text for text in others if organization.accounts["old"] in text]
    shop = next(t for t in found.targets if t.labels["account_name"] == "shop")
    account = organization.accounts["shop"]
    assert shop.name == f"org.{account}"
    assert shop.kind == "aws-account"
    assert shop.labels["team"] == "platform"
    assert shop.settings["role_arn"] == f"arn:aws:iam::{account}:role/AuditorReadOnly"
    assert shop.settings["account"] == account


def test_each_account_is_read_as_itself(organization: Organization) -> None:
    found = expand(organization.url, external_id="x-1", session_tags={"purpose": "audit"})
    callers = set()
    for target in found.targets:
        observation = collected(target, "aws.iam.account_summary")
        assert observation.complete
        assert observation.facts["account"] == target.settings["account"]
        callers.add(observation.facts["account"])
    assert len(callers) == len(found.targets) > 2


def test_units_are_followed_downwards(organization: Organization) -> None:
    assert names(expand(organization.url, units=[organization.unit])) == {"data"}


def test_accounts_can_be_chosen_and_left_out(organization: Organization) -> None:
    shop, data = organization.accounts["shop"], organization.accounts["data"]
    assert names(expand(organization.url, accounts=[shop, data], exclude=[data])) == {"shop"}


@pytest.mark.parametrize("operation", ["ListAccounts", "GetCallerIdentity"])
def test_an_organization_that_cannot_be_listed_stays_as_a_target_in_error(
    organization: Organization, operation: str
) -> None:
    with FaultProxy(organization.url, [Rule(denied, operation=operation)]) as url:
        [target] = expand(url).targets
    assert target.name == "org"
    observation = collected(target, "aws.s3.bucket")
    [gap] = observation.gaps
    assert gap.cause is Cause.DENIED
    assert gap.action.endswith(operation)


def test_an_account_that_is_not_in_the_organization_is_an_error(organization: Organization) -> None:
    [target] = expand(organization.url, accounts=["999999999999"]).targets
    [gap] = collected(target, "aws.s3.bucket").gaps
    assert "999999999999 is not in the organization" in gap.detail


def test_a_second_page_that_fails_is_no_smaller_organization(organization: Organization) -> None:
    rule = Rule(denied, operation="ListOrganizationalUnitsForParent", after=1)
    with FaultProxy(organization.url, [rule]) as url:
        [target] = expand(url, units=[organization.root]).targets
    assert "unresolved" in target.settings
