"""Few items are asked about side by side, many one by one: the same requests, the same answers."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import boto3
import pytest

from auditor.collectors.aws.fanout import FEW
from auditor.core.model.observation import Observation
from tests.services.aws.faults import FaultProxy, Rule, denied
from tests.services.aws.reading import read

pytestmark = pytest.mark.service
TYPE = "aws.s3.bucket"


def make(url: str, count: int) -> None:
    s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda n: s3.create_bucket(Bucket=f"bucket-{n:03}"), range(count)))


def observed(url: str, *rules: Rule) -> tuple[Observation, Counter[str]]:
    with (proxy := FaultProxy(url, rules)) as through:
        observation = read(through, [TYPE])[TYPE]
    return observation, Counter(one.operation for one in proxy.seen if one.service == "s3")


def without_name(observation: Observation) -> list[dict[str, object]]:
    names = {"name", "arn", "created_at"}
    return [
        {name: value for name, value in resource.data.items() if name not in names}
        for resource in observation.resources
    ]


def test_few_and_many_are_read_alike(empty_aws: str) -> None:
    make(empty_aws, FEW)
    few, asked_few = observed(empty_aws)
    make(empty_aws, FEW + 1)
    many, asked_many = observed(empty_aws)
    assert (len(few.resources), len(many.resources)) == (FEW, FEW + 1)
    assert few.complete
    assert without_name(few) == without_name(many)[:FEW]
    each = {name: n for name, n in asked_few.items() if name != "ListBuckets"}
    assert each.pop("GetPublicAccessBlock") == FEW + 1  # and that of the account
    assert asked_many.pop("GetPublicAccessBlock") == FEW + 2
    assert set(each.values()) == {FEW}  # each request once for each bucket
    assert asked_many == {name: n + 1 for name, n in each.items()} | {"ListBuckets": 1}


def test_every_request_is_in_the_provenance(empty_aws: str) -> None:
    make(empty_aws, 3)
    observation, asked = observed(empty_aws)
    calls = Counter(
        call.request.partition(" ")[0].partition(":")[2]
        for call in observation.calls
        if call.request.startswith(("s3:", "s3control:"))
    )
    assert calls == asked


def test_a_denied_detail_stays_with_its_bucket(empty_aws: str) -> None:
    make(empty_aws, 3)
    rule = Rule(denied, operation="GetBucketVersioning", containing="bucket-001")
    observation, asked = observed(empty_aws, rule)
    unread = {r.data["name"]: set(r.unread) for r in observation.resources}
    assert unread["bucket-000"] == unread["bucket-002"] == set()
    assert "versioning" in unread["bucket-001"]
    assert asked["GetBucketVersioning"] == 3


def test_a_bucket_that_cannot_be_located_is_asked_at_home(empty_aws: str) -> None:
    make(empty_aws, 2)
    rule = Rule(denied, operation="GetBucketLocation", containing="bucket-000")
    observation, asked = observed(empty_aws, rule)
    first, second = islice(observation.resources, 2)
    assert set(first.unread) == {"region"}
    assert second.unread == {}
    assert asked["GetBucketLocation"] == 2
    assert asked["GetBucketAcl"] == 2
