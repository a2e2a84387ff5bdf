"""A bucket made public in every way is found, and what only looks public is not reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from tests.services.aws.faults import FaultProxy, Rule, denied
from tests.services.aws.judging import judged
from tests.services.aws.reading import by, read
from tests.services.aws.seed import HOME
from tests.services.aws.seed_public import (
    POLICIES,
    PRIVATE_ACCESS_POINTS,
    TIED,
    block_account,
    seed_public,
)
from tests.services.aws.server import CREDENTIALS, moto_server

pytestmark = pytest.mark.service
BUCKET, POINT = "aws.s3.bucket", "aws.s3.access_point"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        with moto_server(tmp_path_factory.mktemp("moto") / "moto.log") as url:
            seed_public(url)
            yield url


@pytest.fixture(scope="module")
def unblocked(public: str) -> Mapping[str, Observation]:
    """Everything, read once while the account has no block."""
    block_account(public)
    return _read(public, BUCKET, POINT)


@pytest.fixture(autouse=True)
def _no_account_block(unblocked: Mapping[str, Observation], public: str) -> None:
    """After `unblocked` was read."""
    assert unblocked
    block_account(public)


def _read(url: str, *types_and_rules: str | Rule) -> Mapping[str, Observation]:
    types = [item for item in types_and_rules if isinstance(item, str)]
    rules = [item for item in types_and_rules if isinstance(item, Rule)]
    with FaultProxy(url, rules) as proxy:
        return read(proxy if rules else url, types, regions=[HOME])


def _verdicts(found: Mapping[str, Observation], check: str) -> dict[str, str]:
    findings = judged("storage-private", found)[check]
    return {key.rpartition(":")[2]: f.status.value for key, f in findings.items()}


def test_every_way_of_being_public_is_found_and_nothing_else(
    unblocked: Mapping[str, Observation],
) -> None:
    verdicts = _verdicts(unblocked, "buckets")
    assert {name for name, status in verdicts.items() if status == "fail"} == {
        "acl-all", "acl-users", *POLICIES,
    }  # fmt: skip
    assert {name for name, status in verdicts.items() if status == "pass"} == {
        "acl-ignored", "policy-restricted", *TIED,
    }  # fmt: skip


def test_an_access_point_opens_a_bucket_that_aws_counts_as_private(
    unblocked: Mapping[str, Observation],
) -> None:
    assert by("name", unblocked[BUCKET])["tied-access-points"].data["policy_open"] is False
    verdicts = _verdicts(unblocked, "access-points")
    assert verdicts.pop("accesspoint/open") == "fail"
    assert verdicts == {f"accesspoint/{name}": "pass" for name in PRIVATE_ACCESS_POINTS}


def test_the_block_of_the_account_holds_policies_back(public: str) -> None:
    block_account(public, RestrictPublicBuckets=True)
    found = _read(public, BUCKET, POINT)
    verdicts = _verdicts(found, "buckets")
    assert {name for name, status in verdicts.items() if status == "fail"} == {
        "acl-all", "acl-users",
    }  # fmt: skip
    assert set(_verdicts(found, "access-points").values()) == {"pass"}


def test_the_block_of_the_account_holds_lists_back(public: str) -> None:
    block_account(public, IgnorePublicAcls=True)
    verdicts = _verdicts(_read(public, BUCKET), "buckets")
    assert {name for name, status in verdicts.items() if status == "fail"} == set(POLICIES)


def test_switches_that_only_refuse_new_ones_hold_nothing_back(public: str) -> None:
    block_account(public, BlockPublicAcls=True, BlockPublicPolicy=True)
    verdicts = _verdicts(_read(public, BUCKET), "buckets")
    assert verdicts["acl-all"] == verdicts["policy-star"] == "fail"


def test_our_own_reading_agrees_with_what_the_stand_in_says_of_plain_policies(
    unblocked: Mapping[str, Observation],
) -> None:
    buckets = by("name", unblocked[BUCKET])
    for name in ("policy-star", "policy-aws-star"):
        assert buckets[name].data["policy_public"] is buckets[name].data["policy_open"] is True


def test_an_unread_block_of_the_account_is_an_error_only_where_it_decides(public: str) -> None:
    rule = Rule(denied, operation="GetPublicAccessBlock", containing="configuration/")
    found = _read(public, BUCKET, rule)
    gap = by("name", found[BUCKET])["acl-all"].unread["account_public_access_block"]
    assert (gap.cause, gap.action) == (Cause.DENIED, "s3:GetAccountPublicAccessBlock")
    verdicts = _verdicts(found, "buckets")
    assert "pass" not in {verdicts[name] for name in ("acl-all", "acl-users", *POLICIES)}
    assert verdicts["acl-all"] == verdicts["policy-star"] == "error"


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("GetAccessPoint", {"public_access_block"}),
        ("GetAccessPointPolicy", {"has_policy", "policy", "policy_open"}),
        ("GetAccessPointPolicyStatus", {"policy_public"}),
    ],
)
def test_what_is_denied_of_an_access_point_is_unread(
    public: str, operation: str, fields: set[str]
) -> None:
    path = {"GetAccessPoint": "/open", "GetAccessPointPolicy": "/open/policy",
            "GetAccessPointPolicyStatus": "/open/policyStatus"}[operation]  # fmt: skip
    rule = Rule(denied, operation=f"GET /v20180820/accesspoint{path}")
    points = by("name", _read(public, POINT, rule)[POINT])
    assert points["open"].unread.keys() == fields
    assert points["blocked"].unread == {}


def test_access_points_that_may_not_be_listed_are_a_gap(public: str) -> None:
    rule = Rule(denied, operation="GET /v20180820/accesspoint")
    observation = _read(public, POINT, rule)[POINT]
    assert observation.resources == ()
    [gap] = observation.gaps
    assert (gap.cause, gap.action) == (Cause.DENIED, "s3:ListAccessPoints")
