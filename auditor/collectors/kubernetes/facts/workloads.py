"""Workloads as a whole: their pods' common settings."""

from __future__ import annotations

from auditor.collectors.kubernetes.facts.podspec import pod_spec, template
from auditor.collectors.kubernetes.world import Item, World, by_name, mapping, mappings, text

_ONE_BY_DEFAULT = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})


def replicas(value: object, item: Item, _world: World) -> object:
    """Desired replicas; the server sets 1 where none are written; null for kinds without."""
    return 1 if value is None and item.kind in _ONE_BY_DEFAULT else value


def host_namespaces(_value: object, item: Item, _world: World) -> dict[str, object]:
    """Which namespaces of the node its pods are in; left out means false."""
    spec = pod_spec(item)
    return {
        "network": spec.get("hostNetwork", False),
        "pid": spec.get("hostPID", False),
        "ipc": spec.get("hostIPC", False),
    }


def host_paths(_value: object, item: Item, _world: World) -> list[dict[str, object]]:
    """Volumes that are folders or files of the node."""
    return [
        {"volume": text(volume.get("name")), "path": text(mapping(volume["hostPath"]).get("path"))}
        for volume in mappings(pod_spec(item).get("volumes"))
        if volume.get("hostPath") is not None
    ]


def service_account(_value: object, item: Item, _world: World) -> str:
    """The service account of its pods; the server sets `default` where none is written."""
    return _account(item)


def _account(item: Item) -> str:
    spec = pod_spec(item)
    # `serviceAccount` is the old name, which the server keeps equal.
    return text(spec.get("serviceAccountName")) or text(spec.get("serviceAccount")) or "default"


def mounts_token(_value: object, item: Item, world: World) -> object:
    """Whether its pods get the token of their service account.

    The pod says it, else its service account, else it is true (core/v1 PodSpec).

    Raises:
        UnreadError: The service accounts could not be read, or it is not among the manifests.
    """
    own = pod_spec(item).get("automountServiceAccountToken")
    if own is not None:
        return own
    name = _account(item)
    accounts = world.find("ServiceAccount", by_name, name, item.namespace)
    if not accounts:
        world.need_live(f"the service account {name!r}, which is not among the manifests")
        return True  # pods of an account that is not there are refused; true is the stricter answer
    value = accounts[0].object.get("automountServiceAccountToken")
    return True if value is None else value


def behind_service(_value: object, item: Item, world: World) -> bool:
    """Whether a service selects its pods; a service without selector selects none."""
    labels = mapping(mapping(template(item).get("metadata")).get("labels"))
    for service in world.all("Service", item.namespace):
        wanted = mapping(service.spec.get("selector"))
        if wanted and all(labels.get(name) == value for name, value in wanted.items()):
            return True
    return False
