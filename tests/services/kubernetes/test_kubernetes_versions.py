"""Kinds that a server does not have, has in another version, or cannot reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.core.model.status import Cause
from tests.services.kubernetes.apiserver.server import Cluster, Fault
from tests.services.kubernetes.apiserver.store import Place
from tests.services.kubernetes.reading_kubernetes import read, resource, settings_for
from tests.services.kubernetes.small_objects import deployment, namespace

pytestmark = pytest.mark.service
AUTOSCALING = "autoscaling"
HPA = "kubernetes.autoscaler"
CERTIFICATES = "kubernetes.certificate"


def test_a_kind_that_the_server_does_not_have_is_named_with_its_version(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.store.withdraw(AUTOSCALING, "horizontalpodautoscalers")
    seen = read(settings_for(cluster, tmp_path), [HPA])[HPA]
    gap = seen.gaps[0]
    assert gap.cause is Cause.NOT_SUPPORTED
    assert "v1.36.2" in gap.detail
    assert "1.23" in gap.detail
    assert seen.facts["served"] is False


def test_a_kind_that_is_only_there_in_another_version_is_not_taken_for_absent(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.store.withdraw(AUTOSCALING, "horizontalpodautoscalers")
    cluster.store.serve(
        Place(AUTOSCALING, "v2beta2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", True)  # noqa: FBT003 - namespaced
    )
    gap = read(settings_for(cluster, tmp_path), [HPA])[HPA].gaps[0]
    assert (gap.cause, "v2beta2" in gap.detail) == (Cause.NOT_SUPPORTED, True)


def test_a_custom_resource_that_is_not_installed_is_an_empty_list_that_says_so(
    cluster: Cluster, tmp_path: Path
) -> None:
    seen = read(settings_for(cluster, tmp_path), [CERTIFICATES])[CERTIFICATES]
    assert (seen.gaps, seen.resources, seen.facts["served"]) == ((), (), False)
    cluster.store.install("cert-manager.io")
    assert (
        read(settings_for(cluster, tmp_path), [CERTIFICATES])[CERTIFICATES].facts["served"] is True
    )


@pytest.mark.parametrize("path", ["/apis/cert-manager.io", "/apis/cert-manager.io/v1"])
def test_an_api_that_is_down_harms_its_own_types_only(
    cluster: Cluster, tmp_path: Path, path: str
) -> None:
    cluster.store.install("cert-manager.io")
    cluster.store.add([namespace("shop"), deployment("web")])
    cluster.faults.append(Fault(path, 503))
    seen = read(settings_for(cluster, tmp_path), [CERTIFICATES, "kubernetes.workload"])
    assert [gap.cause for gap in seen[CERTIFICATES].gaps] == [Cause.UNREACHABLE]
    assert seen["kubernetes.workload"].gaps == ()
    assert len(seen["kubernetes.workload"].resources) == 1


def test_a_discovery_answer_of_another_form_is_a_gap(cluster: Cluster, tmp_path: Path) -> None:
    cluster.faults.append(Fault("/apis/autoscaling", 200, body=b'{"versions":["v2"]}'))
    assert read(settings_for(cluster, tmp_path), [HPA])[HPA].gaps[0].cause is Cause.UNPARSABLE


def test_what_joins_a_kind_that_the_server_does_not_have_sees_none(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.store.add([namespace("shop"), deployment("web")])
    cluster.store.withdraw("policy", "poddisruptionbudgets")
    seen = read(settings_for(cluster, tmp_path), ["kubernetes.workload"])["kubernetes.workload"]
    assert resource(seen, "Deployment/shop/web").data["budgets"] == []


def test_a_version_that_is_not_told_leaves_unread_what_needs_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.faults.append(Fault("/version", 403))
    cluster.store.add([_node("a")])
    seen = read(settings_for(cluster, tmp_path), ["kubernetes.node"])["kubernetes.node"]
    assert seen.facts["server_version"] is None
    assert set(resource(seen, "Node/a").unread) == {"minors_behind"}


def _node(name: str) -> dict[str, object]:
    info = dict.fromkeys(
        ("architecture", "bootID", "kubeProxyVersion", "machineID", "operatingSystem", "osImage",
         "systemUUID"), "x",
    )  # fmt: skip
    info |= {
        "containerRuntimeVersion": "containerd://2.1.4",
        "kernelVersion": "6.12.48",
        "kubeletVersion": "v1.36.2",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"nodeInfo": info},
    }
