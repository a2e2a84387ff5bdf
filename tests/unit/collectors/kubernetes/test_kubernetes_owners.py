"""Who is judged: controllers once, pods by themselves only where nothing stands for them."""

from __future__ import annotations

from tests.services.kubernetes.apiserver.store import uid_of
from tests.services.kubernetes.small_objects import deployment, owner, pod, replica_set
from tests.unit.collectors.kubernetes.worlds import DENIED, Object, extracted

WORKLOAD, CONTAINER = "kubernetes.workload", "kubernetes.container"


def _with_uid(one: Object, group: str, plural: str) -> Object:
    meta = one["metadata"]
    return {**one, "metadata": {**meta, "uid": uid_of(group, plural, "shop", meta["name"])}}


def _chain() -> list[Object]:
    made_by = owner("apps", "replicasets", "ReplicaSet", "web-1")
    return [
        _with_uid(deployment("web"), "apps", "deployments"),
        _with_uid(replica_set("web-1", "web"), "apps", "replicasets"),
        pod("web-1-a", ownerReferences=made_by),
    ]


def _keys(name: str, objects: list[Object], **own: object) -> list[str]:
    return [str(one.data["key"]) for one in extracted(name, objects, **own).resources]  # type: ignore[arg-type]  # gaps or declared


def test_a_controller_stands_for_what_it_made() -> None:
    assert _keys(WORKLOAD, [*_chain(), pod("alone")]) == ["Deployment/shop/web", "Pod/shop/alone"]


def test_an_owner_that_is_not_there_does_not_hide_a_pod() -> None:
    forged = owner("apps", "deployments", "Deployment", "nothing")
    assert _keys(WORKLOAD, [pod("sly", ownerReferences=forged)]) == ["Pod/shop/sly"]


def test_an_owner_reference_without_uid_hides_nothing_also_in_manifests() -> None:
    forged = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": True}]
    sly = pod("sly", ownerReferences=forged)
    assert "Pod/shop/sly" in _keys(WORKLOAD, [deployment("web"), sly], declared=True)
    assert "Pod/shop/sly" in _keys(WORKLOAD, [*_chain(), sly])


def test_an_owner_that_could_not_be_read_does_not_hide_a_pod() -> None:
    found = extracted(WORKLOAD, _chain(), gaps={"ReplicaSet": DENIED})
    assert [one.data["key"] for one in found.resources] == [
        "Deployment/shop/web",
        "Pod/shop/web-1-a",
    ]
    assert [(gap.cause, gap.subject) for gap in found.gaps] == [(DENIED.cause, "ReplicaSet")]


def test_an_owner_of_another_kind_leaves_the_pod_to_itself() -> None:
    node = [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "1", "controller": True}]
    assert _keys(WORKLOAD, [pod("mirror", ownerReferences=node)]) == ["Pod/shop/mirror"]


def test_containers_that_only_running_pods_have_are_rows_of_their_controller() -> None:
    chain = _chain()
    chain[2]["spec"]["containers"].append(
        {"name": "proxy", "image": "mesh:1", "securityContext": {"privileged": True}}
    )
    chain[2]["spec"]["ephemeralContainers"] = [{"name": "debug", "image": "busybox"}]
    rows = {str(one.data["container"]): one.data for one in extracted(CONTAINER, chain).resources}
    assert {name: row["injected"] for name, row in rows.items()} == {
        "main": False,
        "proxy": True,
        "debug": True,
    }
    assert rows["proxy"]["key"] == "Deployment/shop/web/proxy"
    assert rows["proxy"]["security"]["privileged"] is True  # type: ignore[index]  # a record
    assert rows["debug"]["role"] == "ephemeral"


def test_rows_have_uids_of_their_own() -> None:
    uid = uid_of("apps", "deployments", "shop", "web")
    assert [one.uid for one in extracted(CONTAINER, _chain()).resources] == [f"{uid}/main"]
