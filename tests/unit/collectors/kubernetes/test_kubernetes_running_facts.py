"""What runs of a workload, and what its service account and services add."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.collectors.kubernetes.facts.running import (
    desired_pods,
    live_pods,
    pod_nodes,
    pod_zones,
    ready_pods,
)
from auditor.collectors.kubernetes.facts.workloads import (
    behind_service,
    host_namespaces,
    host_paths,
    mounts_token,
    service_account,
)
from auditor.collectors.kubernetes.world import UnreadError
from auditor.core.model.status import Cause
from tests.services.kubernetes.apiserver.store import uid_of
from tests.services.kubernetes.small_objects import deployment, owner, pod, replica_set
from tests.unit.collectors.kubernetes.worlds import DENIED, Object, item_of, world_of

ZONE = "topology.kubernetes.io/zone"


def _web(**status: object) -> dict[str, Any]:
    one = deployment("web")
    one["metadata"]["uid"] = uid_of("apps", "deployments", "shop", "web")
    return {**one, "status": status}


def _set() -> dict[str, Any]:
    one = replica_set("web-1", "web")
    one["metadata"]["uid"] = uid_of("apps", "replicasets", "shop", "web-1")
    return one


def _running(name: str, node: str = "n1", **status: object) -> dict[str, Any]:
    one = pod(name, ownerReferences=owner("apps", "replicasets", "ReplicaSet", "web-1"))
    one["spec"]["nodeName"] = node
    return {**one, "status": {"phase": "Running", **status}}


def _node(name: str, zone: str | None) -> Object:
    labels = {ZONE: zone} if zone else {}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


def _kind(kind: str, status: dict[str, object], **spec: object) -> Object:
    meta = {"name": "x", "namespace": "shop"}
    return {"kind": kind, "metadata": meta, "spec": spec, "status": status}


READY = [{"type": "Ready", "status": "True"}]


@pytest.mark.parametrize(
    ("one", "desired", "ready"),
    [
        (_kind("Deployment", {"readyReplicas": 2}, replicas=3), 3, 2),
        (_kind("Deployment", {}), 1, 0),
        (_kind("StatefulSet", {}, replicas=0), 0, 0),
        (_kind("DaemonSet", {"desiredNumberScheduled": 4, "numberReady": 3}), 4, 3),
        (_kind("Job", {}), None, None),
        (_kind("CronJob", {}), None, None),
        (_kind("Pod", {"phase": "Running", "conditions": READY}), 1, 1),
        (_kind("Pod", {"phase": "Running", "conditions": []}), 1, 0),
        (_kind("Pod", {"phase": "Succeeded"}), None, None),
    ],
)
def test_how_many_should_run_and_are_ready(
    one: Object, desired: int | None, ready: int | None
) -> None:
    item, world = item_of(one), world_of()
    assert (desired_pods(None, item, world), ready_pods(None, item, world)) == (desired, ready)


def test_pods_say_why_they_wait_and_when_they_last_ended() -> None:
    ended = {"terminated": {"exitCode": 1, "finishedAt": "2026-11-21T10:00:00Z"}}
    statuses = [
        {
            "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": ended,
        },
        {"restartCount": 1, "state": {"running": {}}},
    ]
    world = world_of(_web(), _set(), _running("b"), _running("a", containerStatuses=statuses))
    assert live_pods(None, item_of(_web()), world) == [
        {
            "name": "a",
            "waiting": ["CrashLoopBackOff"],
            "restarts": 4,
            "last_restart_at": "2026-11-21T10:00:00Z",
        },
        {"name": "b", "waiting": [], "restarts": 0, "last_restart_at": None},
    ]


def test_nodes_and_zones_are_told_once_and_ended_pods_do_not_count() -> None:
    ended = _running("d", "n3", phase="Succeeded")
    pods = [_running("a"), _running("b"), _running("c", "n2"), ended]
    nodes = [_node("n1", "z1"), _node("n2", "z1")]
    world = world_of(_web(), _set(), *pods, *nodes)
    assert pod_nodes(None, item_of(_web()), world) == ["n1", "n2"]
    assert pod_zones(None, item_of(_web()), world) == ["z1"]


@pytest.mark.parametrize("nodes", [[], [_node("n1", None)]])
def test_a_node_without_a_zone_is_not_taken_for_one_zone(nodes: list[Object]) -> None:
    with pytest.raises(UnreadError) as caught:
        pod_zones(None, item_of(_web()), world_of(_web(), _set(), _running("a"), *nodes))
    assert caught.value.gap.cause is Cause.MISSING_FIELD


def test_of_manifests_nothing_runs_that_could_be_told() -> None:
    with pytest.raises(UnreadError) as caught:
        live_pods(None, item_of(_web()), world_of(_web(), declared=True))
    assert caught.value.gap.cause is Cause.NOT_DECLARED


def test_pods_that_could_not_be_read_are_not_taken_for_none() -> None:
    with pytest.raises(UnreadError):
        pod_nodes(None, item_of(_web()), world_of(_web(), gaps={"Pod": DENIED}))


def _account(automount: bool | None) -> Object:  # noqa: FBT001 - a test's own
    own = {} if automount is None else {"automountServiceAccountToken": automount}
    return {"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"}, **own}


@pytest.mark.parametrize(
    ("of_pod", "account", "mounted"),
    [
        (None, _account(None), True),
        (None, _account(False), False),  # noqa: FBT003 - a test's own
        (True, _account(False), True),  # noqa: FBT003 - a test's own
        (False, _account(True), False),  # noqa: FBT003 - a test's own
        (None, None, True),
    ],
)
def test_the_pod_says_it_then_its_account_then_it_is_true(
    of_pod: bool | None,  # noqa: FBT001 - a test's own
    account: Object | None,
    *,
    mounted: bool,
) -> None:
    one = pod("p")
    if of_pod is not None:
        one["spec"]["automountServiceAccountToken"] = of_pod
    world = world_of(*([account] if account else []))
    assert mounts_token(None, item_of(one), world) is mounted


def test_an_account_that_is_not_among_the_manifests_is_unknown() -> None:
    with pytest.raises(UnreadError):
        mounts_token(None, item_of(pod("p")), world_of(declared=True))


@pytest.mark.parametrize(
    ("spec", "name"),
    [({}, "default"), ({"serviceAccount": "old"}, "old"), ({"serviceAccountName": "new"}, "new")],
)
def test_the_account_of_a_pod(spec: dict[str, object], name: str) -> None:
    one = pod("p")
    one["spec"] |= spec
    assert service_account(None, item_of(one), world_of()) == name


@pytest.mark.parametrize(
    ("selector", "place", "behind"),
    [
        ({"app": "web"}, "shop", True),
        ({"app": "api"}, "shop", False),
        ({}, "shop", False),
        ({"app": "web"}, "other", False),
    ],
)
def test_a_service_selects_by_labels_in_its_namespace(
    selector: dict[str, str], place: str, *, behind: bool
) -> None:
    service: Object = {
        "kind": "Service",
        "metadata": {"name": "s", "namespace": place},
        "spec": {"selector": selector},
    }
    assert behind_service(None, item_of(_web()), world_of(service)) is behind


def test_what_pods_share_with_their_node() -> None:
    one = pod("p")
    one["spec"] |= {
        "hostNetwork": True,
        "volumes": [
            {"name": "logs", "hostPath": {"path": "/var/log"}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
    item = item_of(one)
    assert host_namespaces(None, item, world_of()) == {"network": True, "pid": False, "ipc": False}
    assert host_paths(None, item, world_of()) == [{"volume": "logs", "path": "/var/log"}]


def test_the_template_of_a_cron_job_is_two_levels_down() -> None:
    spec = {"template": {"spec": {"hostPID": True, "containers": []}}}
    job = _kind("CronJob", {}, jobTemplate={"spec": spec})
    assert host_namespaces(None, item_of(job), world_of())["pid"] is True
