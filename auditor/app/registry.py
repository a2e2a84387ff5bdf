"""Which collectors there are. An explicit table; third parties join by entry points.

A collector's module is imported when it is asked for, never before: `auditor --version` and
`auditor verify` must not pay for, or need, a cloud SDK.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from auditor.catalog.source import did_you_mean
from auditor.collectors.interface import Collector, Expander, TargetKind
from auditor.core.model.query import COLLECTOR
from auditor.core.model.resource_type import ResourceType
from auditor.errors import ConfigError, UsageError

BUILT_IN: Mapping[str, str] = {
    "aws": "auditor.collectors.aws:AwsCollector",
    "compose": "auditor.collectors.compose:ComposeCollector",
    "host": "auditor.collectors.host:HostCollector",
    "mysql": "auditor.collectors.mysql:MysqlCollector",
    "postgres": "auditor.collectors.postgres:PostgresCollector",
    "records": "auditor.collectors.records:RecordsCollector",
    "kubernetes": "auditor.collectors.kubernetes:KubernetesCollector",
    "tls": "auditor.collectors.tls:TlsCollector",
}
KINDS: Mapping[str, Sequence[str]] = {
    "aws": ("aws-account", "terraform-plan", "cloudformation-template", "aws-organization"),
    "compose": ("compose-file",),
    "host": ("host",),
    "mysql": ("mysql-server",),
    "postgres": ("postgres-server",),
    "records": ("organisation",),
    "kubernetes": ("kubernetes-cluster", "kubernetes-manifests"),
    "tls": ("tls-endpoint",),
}
"""Which kinds of targets the built-in ones know: told without importing them."""
QUERY_LANGUAGES: Mapping[str, str] = {"mysql": "sql", "postgres": "sql"}
"""Built-in ones that answer queries of controls, with the language: also told without import."""
ENTRY_POINT_GROUP = "auditor.collectors"


class Collectors:
    """The collectors of this installation, made on first use and kept for one use case."""

    def __init__(self, places: Mapping[str, str] | None = None) -> None:
        self._places = dict(BUILT_IN if places is None else places)
        if places is None:
            for entry in entry_points(group=ENTRY_POINT_GROUP):
                if entry.name in self._places:
                    raise ConfigError(
                        f"the package of {entry.value} offers a collector {entry.name!r}, "
                        "and there is one of that name already"
                    )
                self._places[entry.name] = entry.value
        self._made: dict[str, Collector] = {}

    @property
    def names(self) -> list[str]:
        """Names of all collectors, sorted."""
        return sorted(self._places)

    @property
    def own_only(self) -> bool:
        """Whether all of them are this program's own."""
        return self._places == BUILT_IN

    def get(self, name: str) -> Collector:
        """The collector of that name.

        Raises:
            UsageError: There is none.
        """
        if name not in self._places:
            raise UsageError(f"no collector `{name}`{did_you_mean(name, self._places)}")
        if name not in self._made:
            module, _, attribute = self._places[name].partition(":")
            self._made[name] = cast("Collector", getattr(import_module(module), attribute)())
        return self._made[name]

    def all(self) -> list[Collector]:
        """Every collector, in order of name."""
        return [self.get(name) for name in self.names]

    def kinds(self, names: Iterable[str] | None = None) -> dict[str, tuple[str, ...]]:
        """Collector name to the kinds of targets it reads: of all, or of those named that exist.

        A query language stands beside the collectors: the kinds of targets that answer it.
        """
        wanted = set(self.names if names is None else names)
        found = {n: tuple(self.get(n).target_kinds) for n in self.names if n in wanted}
        answering = self._answering(COLLECTOR) if names is None or COLLECTOR in wanted else ()
        return found | ({COLLECTOR: answering} if answering or COLLECTOR in wanted else {})

    def _answering(self, language: str) -> tuple[str, ...]:
        names = [name for name in self.names if self._language(name) == language]
        return tuple(kind for name in names for kind in self.get(name).target_kinds)

    def _language(self, name: str) -> str:
        if self._places[name] == BUILT_IN.get(name):
            return QUERY_LANGUAGES.get(name, "")
        return self.get(name).query_language

    def by_kind(self, kind: str) -> Collector:
        """The collector that reads a kind of target.

        Raises:
            UsageError: There is none.
        """
        for collector in self._knowing([kind]):
            if kind in collector.target_kinds:
                return collector
        raise UsageError(f"no collector reads targets of kind {kind!r}")

    def expanders(self, kinds: Collection[str] | None = None) -> dict[str, Expander]:
        """Kind of target to what finds out which targets it stands for.

        Args:
            kinds: Those that are asked for; others may be left out.
        """
        return {e.target_kind: e for c in self._knowing(kinds) for e in c.expanders}

    def target_kinds(self, kinds: Collection[str] | None = None) -> dict[str, TargetKind]:
        """Every kind of target that `auditor.yaml` may name.

        Args:
            kinds: Those that are asked for; others may be left out, unless one is not known.
        """
        found = self._target_kinds(kinds)
        return found if set(kinds or ()) <= set(found) else self._target_kinds(None)

    def _target_kinds(self, kinds: Collection[str] | None) -> dict[str, TargetKind]:
        own = {kind: one for c in self._knowing(kinds) for kind, one in c.target_kinds.items()}
        standing = self.expanders(kinds).items()
        return own | {kind: TargetKind(expander.settings) for kind, expander in standing}

    def _knowing(self, kinds: Collection[str] | None) -> list[Collector]:
        """The collectors that may know one of these kinds of targets; all of them for None."""
        if kinds is None:
            return self.all()
        return [self.get(name) for name in self.names if self._may_know(name, kinds)]

    def _may_know(self, name: str, kinds: Collection[str]) -> bool:
        if self._places[name] != BUILT_IN.get(name):
            return True  # somebody else's: only the collector itself can tell
        return not set(kinds).isdisjoint(KINDS[name])

    def resource_types(self, names: Iterable[str] | None = None) -> dict[str, ResourceType]:
        """Every resource type, or those named, by name."""
        wanted = None if names is None else set(names)
        firsts = None if wanted is None else {name.partition(".")[0] for name in wanted}
        return {
            name: kind
            for collector in self.names
            if firsts is None or collector in firsts
            for name, kind in self.get(collector).resource_types().items()
            if wanted is None or name in wanted
        }
