"""The MySQL collector: one session for each server, dispatch by type, every failure a gap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import ModuleType

from auditor.collectors.asked import refuse_unknown, settings_of
from auditor.collectors.interface import (
    CollectionContext,
    Expander,
    PlannedCall,
    Preflight,
    TargetKind,
)
from auditor.collectors.mysql.grants import grant_documents
from auditor.collectors.mysql.queries import load_types
from auditor.collectors.mysql.settings import MysqlSettings
from auditor.collectors.sql.catalogue import Catalogue
from auditor.core.model.observation import Observation
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.target import Target
from auditor.errors import DependencyError


class MysqlCollector:
    """Reads MySQL and MariaDB servers."""

    @property
    def name(self) -> str:
        """First part of the names of its resource types."""
        return "mysql"

    @property
    def query_language(self) -> str:
        """It also answers the queries of controls."""
        return "sql"

    @property
    def target_kinds(self) -> Mapping[str, TargetKind]:
        """The kinds of targets it reads."""
        return {"mysql-server": TargetKind(MysqlSettings)}

    @property
    def expanders(self) -> Sequence[Expander]:
        """None."""
        return ()

    def resource_types(self) -> Mapping[str, ResourceType]:
        """All types it can read, by name."""
        return {name: one.resource_type for name, one in _catalogue("mariadb").types.items()}

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        """The SQL of an account that is enough."""
        return grant_documents(resource_types)

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        """What is read, a line for each type: how many queries, the version and settings tell."""
        del target
        return [PlannedCall(name, None, "server") for name in sorted(resource_types)]

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        """Whether the server lets us in, and as whom.

        Raises:
            DependencyError: PyMySQL is not installed.
        """
        reader = _run().Reader(target, settings_of(target, MysqlSettings), context)
        gap = reader.greet()
        return Preflight(reader.identity, gap)

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        """One observation for each type, in the order asked for.

        Raises:
            UsageError: A type that it does not read.
            ConfigError: The target's settings are wrong.
            DependencyError: PyMySQL is not installed.
        """
        refuse_unknown(
            self.name, target, resource_types, {*self.resource_types(), *context.queries}
        )
        reader = _run().Reader(target, settings_of(target, MysqlSettings), context)
        try:
            for name in resource_types:
                yield reader.observe(name)
        finally:
            reader.close()


@cache
def _catalogue(flavour: str) -> Catalogue:
    return load_types(flavour)


def _run() -> ModuleType:
    """The part that needs the driver, which is an optional dependency."""
    try:
        from auditor.collectors.mysql import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pymysql":
            raise
        raise DependencyError(
            "reading MySQL needs PyMySQL, which is not installed",
            hint="pip install 'auditor[mysql]'",
        ) from error
    return run
