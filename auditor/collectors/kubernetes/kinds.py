"""Kinds of the API: where they are listed, and which right that needs. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.collectors.kubernetes.model import KindSpec, Origin
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

CONFIGZ = "get nodes/proxy"
"""Reading a kubelet's configuration. The right reaches all of the kubelet's API, exec included."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of the catalogue.

    Args:
        name: Its name in `_kinds.yaml`.
        kind: Its name in objects.
        versions: Accepted versions, best first.
    """

    name: str
    kind: str
    group: str
    versions: tuple[str, ...]
    plural: str
    namespaced: bool
    selector: str | None = None
    since: str | None = None
    until: str | None = None
    origin: Origin = "list"

    @classmethod
    def of(cls, name: str, spec: KindSpec) -> Kind:
        """The kind of an entry of `_kinds.yaml`."""
        return cls(
            name=name,
            kind=spec.kind or name,
            group=spec.group,
            versions=spec.versions,
            plural=spec.plural,
            namespaced=spec.namespaced,
            selector=spec.selector,
            since=spec.since,
            until=spec.until,
            origin=spec.origin,
        )

    @property
    def resource(self) -> str:
        """`deployments.apps`, as in the messages of the API server."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, version: str, namespace: str | None = None) -> str:
        """Path of its list, in one namespace or in all."""
        root = f"/apis/{self.group}/{version}" if self.group else f"/api/{version}"
        place = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{root}{place}/{self.plural}"


def permission(kind: Kind) -> str | None:
    """The right that reading a kind needs: `list deployments.apps`; None where it needs none."""
    if kind.origin == "list":
        return f"list {kind.resource}"
    return CONFIGZ if kind.origin == "configz" else None


def parse_permission(text: str) -> tuple[str, str, str]:
    """Verb, API group and resource (with its subresource) of a permission."""
    verb, _, resource = text.partition(" ")
    plural, _, group = resource.partition(".")
    return verb, group, plural


def not_served(kind: Kind, server_version: str | None) -> Gap:
    """That the server does not have a kind, with what is known about why."""
    where = f" ({server_version})" if server_version else ""
    detail = f"the server{where} does not serve {kind.resource}"
    if kind.since:
        detail += f", which came with Kubernetes {kind.since}"
    if kind.until:
        detail += f", which was removed in Kubernetes {kind.until}"
    builtin = kind.since or not kind.group or "." not in kind.group or kind.group.endswith("k8s.io")
    hint = (
        "the version of the server does not have it"
        if builtin
        else (f"if {kind.group} is installed there, look at its custom resource definitions")
    )
    return Gap(Cause.NOT_SUPPORTED, detail, hint=hint)
