"""The Kubernetes collector, as the rest of the program sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import TypeVar

from pydantic import BaseModel

from auditor.collectors.asked import refuse_unknown, settings_of
from auditor.collectors.interface import (
    CollectionContext,
    Expander,
    PlannedCall,
    Preflight,
    TargetKind,
)
from auditor.collectors.kubernetes import declared
from auditor.collectors.kubernetes.grants import documents
from auditor.collectors.kubernetes.loader import load_catalogue
from auditor.collectors.kubernetes.planned import planned_calls
from auditor.collectors.kubernetes.settings import ClusterSettings, ManifestSettings
from auditor.core.model.observation import Observation
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.target import Target
from auditor.errors import DependencyError

CLUSTER = "kubernetes-cluster"
MANIFESTS = "kubernetes-manifests"
SettingsT = TypeVar("SettingsT", bound=BaseModel)


class KubernetesCollector:
    """Reads clusters through the API server, and manifests from files."""

    name = "kubernetes"
    query_language = ""
    target_kinds: Mapping[str, TargetKind] = MappingProxyType(
        {
            CLUSTER: TargetKind(ClusterSettings),
            MANIFESTS: TargetKind(ManifestSettings, declared=True),
        }
    )

    @property
    def expanders(self) -> Sequence[Expander]:
        """None: each context of a kubeconfig is a target of its own."""
        return ()

    def resource_types(self) -> Mapping[str, ResourceType]:
        """All types it can read, by name. Needs no SDK and no network."""
        types = load_catalogue().items()
        return MappingProxyType({name: collected.resource_type for name, collected in types})

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        """A cluster role with its binding and service account, as YAML and for Terraform."""
        known = self.resource_types()
        return documents(right for name in resource_types for right in known[name].permissions)

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        """Which requests will be made: none for manifests."""
        if target.kind == MANIFESTS:
            return ()
        types = [load_catalogue()[name] for name in resource_types]
        return planned_calls(types, settings_of(target, ClusterSettings))

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        """Ask who we are there.

        Raises:
            ConfigError: The target's settings are wrong.
            DependencyError: The official client is not installed.
        """
        if target.kind == MANIFESTS:
            return declared.preflight(settings_of(target, ManifestSettings))
        result: Preflight = _run().preflight(settings_of(target, ClusterSettings), context)
        return result

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        """Read the types, one observation for each, as they are ready.

        Raises:
            UsageError: A name is no type of this collector.
            ConfigError: The target's settings are wrong.
            DependencyError: The official client is not installed.
        """
        catalogue = load_catalogue()
        refuse_unknown(self.name, target, resource_types, catalogue)
        types = [catalogue[name] for name in resource_types]
        if target.kind == MANIFESTS:
            return declared.collect(target, settings_of(target, ManifestSettings), types, context)
        observations: Iterator[Observation] = _run().collect(
            target, settings_of(target, ClusterSettings), types, context
        )
        return observations


def _run() -> ModuleType:
    """The part that needs the official client, loaded when it is used: 0.4 s, and an extra."""
    try:
        from auditor.collectors.kubernetes import run
    except ModuleNotFoundError as error:
        raise DependencyError(
            f"reading a cluster needs the official client: no module {error.name!r}",
            hint="pip install 'auditor[kubernetes]'",
        ) from error
    return run
