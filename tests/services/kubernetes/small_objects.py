"""A few objects for tests of the engine."""

from __future__ import annotations

from typing import Any

from tests.services.kubernetes.apiserver.store import uid_of

Object = dict[str, Any]


def namespace(name: str) -> Object:
    """A namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def pod(name: str, namespace: str = "shop", **metadata: object) -> Object:
    """A pod with one container."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": {"containers": [{"name": "main", "image": "registry.example/app:1"}]},
    }


def pods(count: int, namespace: str = "shop") -> list[Object]:
    """Pods `p000`, `p001`, ..."""
    return [pod(f"p{number:03}", namespace) for number in range(count)]


def deployment(name: str, namespace: str = "shop") -> Object:
    """A deployment with one container, as its controller has seen it."""
    labels = {"app": name}
    revision = {"deployment.kubernetes.io/revision": "1"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "annotations": revision},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": "registry.example/app:1"}]},
            },
        },
    }


def owner(group: str, plural: str, kind: str, name: str, namespace: str = "shop") -> list[Object]:
    """The owner reference of what a controller has made."""
    version = f"{group}/v1" if group else "v1"
    uid = uid_of(group, plural, namespace, name)
    return [{"apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": True}]


def replica_set(name: str, of: str, namespace: str = "shop") -> Object:
    """A replica set that a deployment has made."""
    made = deployment(name, namespace)
    made["kind"] = "ReplicaSet"
    made["metadata"]["ownerReferences"] = owner("apps", "deployments", "Deployment", of, namespace)
    return made
