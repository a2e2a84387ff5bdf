"""Workloads as a whole: their pods' common settings."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.collectors.kubernetes.facts.owners import running_pods
from auditor.collectors.kubernetes.facts.podspec import pod_spec, template
from auditor.collectors.kubernetes.world import Item, World, by_name, mapping, mappings, text

_ONE_BY_DEFAULT = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})

HostAccess = tuple[dict[str, object], list[dict[str, object]]]


def replicas(value: object, item: Item, _world: World) -> object:
    """Desired replicas; the server sets 1 where none are written; null for kinds without."""
    return 1 if value is None and item.kind in _ONE_BY_DEFAULT else value


def host_namespaces(_value: object, item: Item, world: World) -> dict[str, object]:
    """Which namespaces of the node its pods are in; left out means false.

    Counted are the template and its running pods: anybody may make one that names it as its owner.
    """
    return _host_access(item, world)[0]


def host_paths(_value: object, item: Item, world: World) -> list[dict[str, object]]:
    """Volumes that are folders or files of the node, of the template and of its running pods."""
    return _host_access(item, world)[1]


def _host_access(item: Item, world: World) -> HostAccess:
    """What is shared with the node; told once for both fields, since pods are parsed for it."""
    key = ("host access", item.key, item.uid)
    return world.once(key, lambda: _look_at_hosts(item, world))


def _look_at_hosts(item: Item, world: World) -> HostAccess:
    specs = [pod_spec(item), *(pod.spec for pod in running_pods(item, world))]
    namespaces: dict[str, object] = {
        name: _worst([spec.get(field, False) for spec in specs])
        for name, field in (("network", "hostNetwork"), ("pid", "hostPID"), ("ipc", "hostIPC"))
    }
    paths = {
        (text(volume.get("name")), text(mapping(volume["hostPath"]).get("path")))
        for spec in specs
        for volume in mappings(spec.get("volumes"))
        if volume.get("hostPath") is not None
    }
    return namespaces, [{"volume": volume, "path": path} for volume, path in sorted(paths)]


def _worst(values: Sequence[object]) -> object:
    """The first that is not plainly false: true, or what is no truth value and stays visible."""
    return next((value for value in values if value is not False), False)


def service_account(_value: object, item: Item, _world: World) -> str:
    """The service account of its pods; the server sets `default` where none is written."""
    return _account(item)


def _account(item: Item) -> str:
    spec = pod_spec(item)
    # `serviceAccount` is the old name, which the server keeps equal.
    return text(spec.get("serviceAccountName")) or text(spec.get("serviceAccount")) or "default"


def mounts_token(_value: object, item: Item, world: World) -> object:
    """Whether its pods get the token of their service account.

    The pod says it, else its service account, else it is true (core/v1 PodSpec). A projected volume
    brings one whatever they say.

    Raises:
        UnreadError: The service accounts could not be read, or it is not among the manifests.
    """
    if _projects_token(item):
        return True
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


def _projects_token(item: Item) -> bool:
    """Whether a volume holds a token for the API; one for another audience is none."""
    return any(
        source.get("serviceAccountToken") is not None
        and not mapping(source["serviceAccountToken"]).get("audience")
        for volume in mappings(pod_spec(item).get("volumes"))
        for source in mappings(mapping(volume.get("projected")).get("sources"))
    )


def behind_service(_value: object, item: Item, world: World) -> bool:
    """Whether a service selects its pods; a service without selector selects none."""
    labels = mapping(mapping(template(item).get("metadata")).get("labels"))
    for service in world.all("Service", item.namespace):
        wanted = mapping(service.spec.get("selector"))
        if wanted and all(labels.get(name) == value for name, value in wanted.items()):
            return True
    return False
