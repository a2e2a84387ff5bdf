"""Which requests reading types of a cluster will make, as far as the catalogue alone tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.collectors.interface import PlannedCall
from auditor.collectors.kubernetes.kinds import Kind
from auditor.collectors.kubernetes.loader import CollectedType
from auditor.collectors.kubernetes.settings import ClusterSettings

REVIEW_PATH = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = f"POST {REVIEW_PATH} (stores nothing)"


def planned_calls(types: Sequence[CollectedType], settings: ClusterSettings) -> list[PlannedCall]:
    """The requests, each kind once, further pages and retries not counted."""
    found = {PlannedCall(REVIEW, 1, "cluster"), PlannedCall("GET /version", 1, "cluster")}
    for collected in types:
        for kind in collected.all_kinds:
            found |= set(_of_kind(kind, settings))
    return sorted(found, key=lambda call: (call.per, call.request))


def _of_kind(kind: Kind, settings: ClusterSettings) -> Iterator[PlannedCall]:
    if kind.origin == "list":
        if kind.group:
            yield PlannedCall(f"GET /apis/{kind.group}", 1, "cluster")
        yield PlannedCall(f"GET {kind.path(kind.versions[0]).rpartition('/')[0]}", 1, "cluster")
        for namespace in (settings.namespaces if kind.namespaced else ()) or ("",):
            yield PlannedCall(f"GET {kind.path(kind.versions[0], namespace)}", 1, "cluster")
    elif kind.origin == "configz" and settings.kubelet_configz:
        yield PlannedCall("GET /api/v1/nodes/NAME/proxy/configz", None, "node")
    elif kind.origin == "anonymous":
        yield PlannedCall("GET /api/v1/namespaces without credentials", 1, "cluster")
