"""Images that are mounted as volumes are rows, like those of containers."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.core.model.status import Cause
from tests.services.kubernetes.apiserver.store import uid_of
from tests.services.kubernetes.small_objects import deployment, owner, pod
from tests.unit.collectors.kubernetes.worlds import extracted

TYPE = "kubernetes.image_volume"


def _volumes(*references: str, name: str = "model") -> dict[str, Any]:
    several = [{"name": name, "image": {"reference": one}} for one in references]
    return {"volumes": [{"name": "tmp", "emptyDir": {}}, *several]}


def _web(*references: str) -> dict[str, Any]:
    web = deployment("web")
    web["metadata"]["uid"] = uid_of("apps", "deployments", "shop", "web")
    web["spec"]["template"]["spec"] |= _volumes(*references)
    return web


def _running(name: str, *references: str, volume: str = "model") -> list[dict[str, Any]]:
    """A replica set of the deployment, and a pod of it."""
    made = deployment("web-1")
    made["kind"] = "ReplicaSet"
    made["metadata"] |= {
        "uid": uid_of("apps", "replicasets", "shop", "web-1"),
        "ownerReferences": owner("apps", "deployments", "Deployment", "web"),
    }
    one = pod(name, ownerReferences=owner("apps", "replicasets", "ReplicaSet", "web-1"))
    one["spec"] |= _volumes(*references, name=volume)
    return [made, one]


def _rows(*objects: dict[str, Any], declared: bool = False) -> dict[str, Any]:
    found = extracted(TYPE, objects, declared=declared).resources
    return {str(one.data["key"]): one.data for one in found}


@pytest.mark.parametrize("declared", [True, False])
def test_a_volume_that_is_an_image_is_a_row_and_others_are_not(*, declared: bool) -> None:
    rows = _rows(_web("evil.example/model:2"), declared=declared)
    assert list(rows) == ["Deployment/shop/web/model"]
    row = rows["Deployment/shop/web/model"]
    assert (row["volume"], row["injected"]) == ("model", False)
    assert row["image"] == {
        "reference": "evil.example/model:2",
        "registry": "evil.example",
        "repository": "model",
        "tag": "2",
        "digest": None,
    }


def test_a_volume_that_only_a_running_pod_has_is_a_row() -> None:
    rows = _rows(_web("a.example/m:1"), *_running("web-1-a", "evil.example/x", volume="more"))
    assert sorted(rows) == ["Deployment/shop/web/model", "Deployment/shop/web/more"]
    assert rows["Deployment/shop/web/more"]["injected"] is True
    other = _rows(_web("a.example/m:1"), *_running("web-1-a", "evil.example/x"))
    assert sorted(other) == ["Deployment/shop/web/model", "Deployment/shop/web/model@web-1-a"]


def test_a_pod_with_the_templates_own_image_adds_nothing() -> None:
    rows = _rows(_web("a.example/m:1"), *_running("web-1-a", "a.example/m:1"))
    assert list(rows) == ["Deployment/shop/web/model"]


@pytest.mark.parametrize("image", [{}, {"reference": ""}, {"reference": "a b"}, {"reference": 7}])
def test_a_reference_that_is_none_is_a_gap(image: dict[str, object]) -> None:
    web = _web()
    web["spec"]["template"]["spec"]["volumes"] = [{"name": "m", "image": image}]
    found = extracted(TYPE, [web])
    assert (found.resources, [gap.cause for gap in found.gaps]) == ((), [Cause.UNPARSABLE])
    assert found.gaps[0].subject == "Deployment/shop/web"
