"""Lists of the API: pages, moments that expire, throttling, answers that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.core.model.status import Cause
from tests.services.kubernetes.apiserver.server import Cluster, Fault
from tests.services.kubernetes.reading_kubernetes import read, settings_for
from tests.services.kubernetes.small_objects import pods

pytestmark = pytest.mark.service
PODS = "/api/v1/pods"
TYPE = "kubernetes.container"


def _lists(cluster: Cluster) -> int:
    return cluster.paths().count(PODS)


def test_every_page_is_read_and_the_servers_own_count_agrees(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.store.add(pods(25))
    seen = read(settings_for(cluster, tmp_path, page_size=10), [TYPE])[TYPE]
    assert len(seen.resources) == 25
    assert seen.gaps == ()
    assert (seen.facts["items"], seen.facts["counted"]) == (25, 25)
    call = next(call for call in seen.calls if call.request == f"GET {PODS}")
    assert (call.pages, call.items, call.ok, call.more) == (3, 25, True, False)
    assert call.server_time is not None


def test_a_moment_that_expires_is_read_once_more_from_the_beginning(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.store.add(pods(25))
    cluster.faults.append(Fault(PODS, 410, times=1, after_pages=True))
    seen = read(settings_for(cluster, tmp_path, page_size=10), [TYPE])[TYPE]
    assert seen.gaps == ()
    assert len({one.data["key"] for one in seen.resources}) == len(seen.resources) == 25
    assert _lists(cluster) == 2 + 3


def test_a_moment_that_expires_again_is_a_gap(cluster: Cluster, tmp_path: Path) -> None:
    cluster.store.add(pods(25))
    cluster.faults.append(Fault(PODS, 410, after_pages=True))
    seen = read(settings_for(cluster, tmp_path, page_size=10), [TYPE])[TYPE]
    assert [(gap.cause, gap.subject) for gap in seen.gaps] == [(Cause.TRUNCATED, "Pod")]
    call = next(call for call in seen.calls if call.request == f"GET {PODS}")
    assert (call.ok, call.more) == (False, True)
    assert seen.facts["counted"] is None


def test_throttling_is_waited_for_as_the_server_asks(cluster: Cluster, tmp_path: Path) -> None:
    cluster.store.add(pods(3))
    cluster.faults.append(Fault(PODS, 429, times=1, headers={"Retry-After": "1"}))
    seen = read(settings_for(cluster, tmp_path), [TYPE])[TYPE]
    assert seen.gaps == ()
    assert _lists(cluster) == 2


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (429, Cause.THROTTLED),
        (500, Cause.UNREACHABLE),
        (503, Cause.UNREACHABLE),
        (504, Cause.TIMEOUT),
        (0, Cause.UNREACHABLE),
    ],
)
def test_what_does_not_get_better_is_a_gap_after_the_last_attempt(
    cluster: Cluster, tmp_path: Path, status: int, cause: Cause
) -> None:
    cluster.store.add(pods(3))
    cluster.faults.append(Fault(PODS, status))
    seen = read(settings_for(cluster, tmp_path, max_attempts=2), [TYPE])[TYPE]
    assert [gap.cause for gap in seen.gaps] == [cause]
    assert _lists(cluster) == 2


def test_a_wait_longer_than_half_a_minute_is_not_waited_for(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.faults.append(Fault(PODS, 429, headers={"Retry-After": "3600"}))
    seen = read(settings_for(cluster, tmp_path, max_attempts=4), [TYPE])[TYPE]
    assert [gap.cause for gap in seen.gaps] == [Cause.THROTTLED]
    assert _lists(cluster) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>sign in</html>",
        b"[]",
        b'{"kind":"PodList","metadata":{}}',
        b'{"kind":"PodList","items":{"a":1}}',
        b'{"kind":"PodList","items":[{"spec":{}}]}',
        b'{"kind":"PodList","items":["pod"]}',
    ],
)
def test_an_answer_that_is_no_list_is_a_gap(cluster: Cluster, tmp_path: Path, body: bytes) -> None:
    cluster.faults.append(Fault(PODS, 200, body=body))
    seen = read(settings_for(cluster, tmp_path), [TYPE])[TYPE]
    assert [gap.cause for gap in seen.gaps] == [Cause.UNPARSABLE]


def test_pages_that_do_not_end_are_a_gap(cluster: Cluster, tmp_path: Path) -> None:
    page = b'{"kind":"PodList","metadata":{"continue":"again"},"items":[]}'
    cluster.faults.append(Fault(PODS, 200, body=page))
    seen = read(settings_for(cluster, tmp_path), [TYPE])[TYPE]
    assert [gap.cause for gap in seen.gaps] == [Cause.UNPARSABLE]
    assert "do not end" in seen.gaps[0].detail


def test_a_list_of_null_is_an_empty_list(cluster: Cluster, tmp_path: Path) -> None:
    cluster.faults.append(Fault(PODS, 200, body=b'{"kind":"PodList","metadata":{},"items":null}'))
    seen = read(settings_for(cluster, tmp_path), [TYPE])[TYPE]
    assert (seen.gaps, seen.resources, seen.facts["counted"]) == ((), (), 0)


def test_a_server_that_does_not_answer_in_time_is_a_gap(cluster: Cluster, tmp_path: Path) -> None:
    cluster.faults.append(Fault(PODS, 200, delay_s=1.5))
    settings = settings_for(cluster, tmp_path, max_attempts=1)
    seen = read(settings, [TYPE], timeout_s=0.5)[TYPE]
    assert [gap.cause for gap in seen.gaps] == [Cause.TIMEOUT]


def test_the_ceiling_of_requests_is_a_gap_and_holds(cluster: Cluster, tmp_path: Path) -> None:
    cluster.store.add(pods(25))
    seen = read(settings_for(cluster, tmp_path, page_size=1), [TYPE], max_calls=20)[TYPE]
    assert Cause.LIMIT in {gap.cause for gap in seen.gaps}
    assert len(cluster.requests) == 20


def test_two_reads_of_an_unchanged_cluster_give_the_same_resources(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.store.add(pods(25))
    first = read(settings_for(cluster, tmp_path, page_size=7), [TYPE])[TYPE]
    second = read(settings_for(cluster, tmp_path), [TYPE])[TYPE]
    assert first.resources == second.resources


def test_each_kind_is_listed_once_for_all_types(cluster: Cluster, tmp_path: Path) -> None:
    cluster.store.add(pods(3))
    read(settings_for(cluster, tmp_path))
    asked = [path for path in cluster.paths() if path != "/version"]
    assert len(asked) == len(set(asked)) + 1  # the one without credentials asks for namespaces, too
