"""The PostgreSQL collector, as the rest of the program sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType

from auditor.collectors.asked import refuse_unknown, settings_of
from auditor.collectors.interface import (
    CollectionContext,
    Expander,
    PlannedCall,
    Preflight,
    TargetKind,
)
from auditor.collectors.postgres.settings import PostgresSettings
from auditor.collectors.sql.catalogue import Catalogue, load_catalogue
from auditor.collectors.sql.grants import ACCOUNT, needed_grants, statements
from auditor.core.model.observation import Observation
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.target import Target
from auditor.errors import DependencyError

KIND = "postgres-server"
_CATALOGUE = Path(__file__).resolve().parent / "catalogue"
_HEAD = """-- Account of the auditor: it reads catalogues, statistics, and the data named below.
-- Run as a superuser, in the database that the target names (by default postgres).
CREATE ROLE auditor LOGIN;  -- then: \\password auditor
"""


class PostgresCollector:
    """Reads PostgreSQL servers."""

    name = "postgres"
    target_kinds: Mapping[str, TargetKind] = MappingProxyType({KIND: TargetKind(PostgresSettings)})

    @property
    def query_language(self) -> str:
        """It also answers the queries of controls."""
        return "sql"

    @property
    def expanders(self) -> Sequence[Expander]:
        """None."""
        return ()

    def resource_types(self) -> Mapping[str, ResourceType]:
        """All types it can read, by name. Needs no driver and no network."""
        types = catalogue().types.items()
        return MappingProxyType({name: collected.resource_type for name, collected in types})

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        """The SQL that creates the account: to be run once in the target's database."""
        parts = [_HEAD]
        for grant in needed_grants(catalogue(), resource_types).values():
            lines = [f"{line};" for line in statements(grant, ACCOUNT)]
            if grant.per == "table":
                where = "for each table that the target's settings name, in its database"
                lines = [f"-- {where}:", *(f"-- {line}" for line in lines)]
            parts.append(f"-- {grant.title}\n" + "".join(f"{line}\n" for line in lines))
        return {"sql": "\n".join(parts)}

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        """The types' queries; how many databases there are, only the server knows."""
        settings_of(target, PostgresSettings)
        found = [PlannedCall("connect", 1, "server"), PlannedCall("who we are", 1, "server")]
        for name in resource_types:
            if name not in catalogue().types:  # a control's own query
                found.append(PlannedCall(name, 2, "server"))
                continue
            spec = catalogue().types[name].spec
            asked = max(1, bool(spec.queries) + len(spec.parts) + len(spec.facts))
            if spec.reader is not None:
                found.append(PlannedCall(name, None, "listed table"))
            elif spec.scope == "server":
                found.append(PlannedCall(name, asked, "server"))
            else:
                found.append(PlannedCall(name, None, "database"))
        return sorted(found, key=lambda call: (call.per, call.request))

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        """Sign in and say as whom.

        Raises:
            ConfigError: The target's settings are wrong.
            DependencyError: psycopg is not installed.
        """
        result: Preflight = (
            _run()
            .ServerReader(target, settings_of(target, PostgresSettings), catalogue(), context)
            .preflight()
        )
        return result

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        """Read the types, one observation for each.

        Raises:
            UsageError: A name is no type of this collector.
            ConfigError: The target's settings are wrong.
            DependencyError: psycopg is not installed.
        """
        known = catalogue().types
        refuse_unknown(self.name, target, resource_types, {*known, *context.queries})
        reader = _run().ServerReader(
            target, settings_of(target, PostgresSettings), catalogue(), context
        )
        observations: Iterator[Observation] = reader.observations(
            [known[name] for name in resource_types if name in known],
            [name for name in resource_types if name in context.queries],
        )
        return observations


@cache  # read once per process: the files are part of the program
def catalogue() -> Catalogue:
    """The types and grants of PostgreSQL."""
    return load_catalogue(_CATALOGUE)


def _run() -> ModuleType:
    """The part that needs the driver, loaded when it is used: it is an extra."""
    try:
        from auditor.collectors.postgres import run
    except ModuleNotFoundError as error:
        raise DependencyError(
            f"reading PostgreSQL needs the driver: no module {error.name!r}",
            hint="pip install 'auditor[postgres]'",
        ) from error
    return run
