"""Workloads that hide: behind a forged owner, behind a good template, behind another's name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.kubernetes.apiserver.store import uid_of
from tests.services.kubernetes.small_objects import deployment, owner, pod, replica_set
from tests.unit.collectors.kubernetes.worlds import Object, extracted

WORKLOAD, CONTAINER = "kubernetes.workload", "kubernetes.container"
PRIVILEGED = {"privileged": True}


def _with_uid(one: dict[str, Any], plural: str) -> dict[str, Any]:
    meta = one["metadata"]
    return {**one, "metadata": {**meta, "uid": uid_of("apps", plural, "shop", meta["name"])}}


def _chain() -> list[dict[str, Any]]:
    made_by = owner("apps", "replicasets", "ReplicaSet", "web-1")
    return [
        _with_uid(deployment("web"), "deployments"),
        _with_uid(replica_set("web-1", "web"), "replicasets"),
        pod("web-1-a", ownerReferences=made_by),
    ]


def _rows(name: str, objects: list[dict[str, Any]]) -> dict[str, Any]:
    found: list[Object] = list(objects)
    return {str(one.data["key"]): one.data for one in extracted(name, found).resources}


def test_a_deployment_that_names_a_replica_set_as_its_owner_is_judged() -> None:
    sly = deployment("sly")
    sly["metadata"]["ownerReferences"] = owner("apps", "replicasets", "ReplicaSet", "web-1")
    assert "Deployment/shop/sly" in _rows(WORKLOAD, [*_chain(), sly])


def test_a_pod_that_names_a_deployment_as_its_owner_is_judged() -> None:
    forged = owner("apps", "deployments", "Deployment", "web")
    sly = pod("sly", ownerReferences=forged)
    assert "Pod/shop/sly" in _rows(WORKLOAD, [*_chain(), sly])


def test_a_pod_behind_a_good_replica_set_shows_what_it_shares_with_the_node() -> None:
    sly = pod("sly", ownerReferences=owner("apps", "replicasets", "ReplicaSet", "web-1"))
    sly["spec"] |= {"hostPID": True, "volumes": [{"name": "r", "hostPath": {"path": "/"}}]}
    rows = _rows(WORKLOAD, [*_chain(), sly])
    assert list(rows) == ["Deployment/shop/web"]
    web = rows["Deployment/shop/web"]
    assert web["host_namespaces"] == {"network": False, "pid": True, "ipc": False}
    assert web["host_paths"] == [{"volume": "r", "path": "/"}]


@pytest.mark.parametrize(
    "changed",
    [
        {"image": "evil.example/app:1"},
        {"securityContext": {"privileged": True}},
        {"securityContext": {"capabilities": {"add": ["SYS_MODULE"]}}},
        {"securityContext": {"procMount": "Unmasked"}},
        {"securityContext": {"runAsUser": 0}},
        {"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]},
    ],
)
def test_a_container_that_is_worse_in_a_pod_than_in_its_template_is_a_row(
    changed: dict[str, object],
) -> None:
    chain = _chain()
    chain[2]["spec"]["containers"][0] |= changed
    rows = _rows(CONTAINER, chain)
    assert sorted(rows) == ["Deployment/shop/web/main", "Deployment/shop/web/main@web-1-a"]
    assert rows["Deployment/shop/web/main@web-1-a"]["injected"] is True


@pytest.mark.parametrize(
    "weakened",
    [
        {"readOnlyRootFilesystem": False},
        {"runAsNonRoot": False},
        {"capabilities": {"drop": []}},
        {"seccompProfile": {"type": "Unconfined"}},
    ],
)
def test_a_protection_that_a_pod_has_lost_is_a_row(weakened: dict[str, object]) -> None:
    safe = {
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    chain = _chain()
    chain[0]["spec"]["template"]["spec"]["containers"][0]["securityContext"] = safe
    chain[2]["spec"]["containers"][0]["securityContext"] = safe | weakened
    assert "Deployment/shop/web/main@web-1-a" in _rows(CONTAINER, chain)


def test_a_container_that_a_webhook_made_safer_is_not_told_twice() -> None:
    chain = _chain()
    chain[2]["spec"]["containers"][0]["securityContext"] = {"runAsUser": 1000, "runAsNonRoot": True}
    assert list(_rows(CONTAINER, chain)) == ["Deployment/shop/web/main"]


def test_two_debugging_containers_of_one_name_are_two_rows() -> None:
    made_by = owner("apps", "replicasets", "ReplicaSet", "web-1")
    first, second = pod("web-1-a", ownerReferences=made_by), pod("web-1-b", ownerReferences=made_by)
    first["spec"]["ephemeralContainers"] = [{"name": "debug", "image": "busybox:1"}]
    second["spec"]["ephemeralContainers"] = [
        {"name": "debug", "image": "busybox:1", "securityContext": PRIVILEGED}
    ]
    rows = _rows(CONTAINER, [*_chain()[:2], first, second])
    assert rows["Deployment/shop/web/debug"]["security"]["privileged"] is False
    assert rows["Deployment/shop/web/debug@web-1-b"]["security"]["privileged"] is True


def test_a_pod_that_has_ended_is_history() -> None:
    chain = _chain()
    chain[2]["spec"]["containers"][0]["image"] = "old:1"
    chain[2]["status"] = {"phase": "Succeeded"}
    assert list(_rows(CONTAINER, chain)) == ["Deployment/shop/web/main"]
