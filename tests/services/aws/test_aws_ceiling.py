"""A ceiling of requests: nothing past it is sent, and what is missing is named."""

from __future__ import annotations

import pytest

from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from tests.services.aws.faults import FaultProxy
from tests.services.aws.reading import read

pytestmark = pytest.mark.service
TYPE = "aws.s3.bucket"


def test_requests_past_the_ceiling_are_not_sent_and_are_unread(aws: str) -> None:
    free = FaultProxy(aws)
    with free as url:
        whole = read(url, [TYPE])[TYPE]
    assert whole.complete
    held = FaultProxy(aws)
    with held as url:
        part = read(url, [TYPE], max_calls=len(free.seen) // 2)[TYPE]
    assert len(held.seen) == len(free.seen) // 2
    gaps = [gap for resource in part.resources for gap in resource.unread.values()]
    assert gaps
    assert {gap.cause for gap in gaps} == {Cause.LIMIT}
    assert {gap.hint for gap in gaps} == {"raise --max-calls, or select fewer controls or targets"}


def test_a_ceiling_of_one_request_reads_nothing_and_says_so(aws: str) -> None:
    observation = read(aws, [TYPE], max_calls=1)[TYPE]
    assert observation.resources == ()
    [gap] = observation.gaps
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.action) == (Cause.LIMIT, "s3:ListAllMyBuckets")
    assert "ceiling of 1 requests" in gap.detail


def test_a_ceiling_that_is_not_reached_changes_nothing(aws: str) -> None:
    free, held = (read(aws, [TYPE], max_calls=limit)[TYPE] for limit in (None, 10_000))
    assert held.resources == free.resources
    assert held.complete
