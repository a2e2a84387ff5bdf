"""The collector of Compose files, as the rest of the program sees it. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

from auditor import __version__
from auditor.collectors.asked import refuse_unknown, settings_of
from auditor.collectors.compose.services import parse_services
from auditor.collectors.compose.settings import ComposeSettings
from auditor.collectors.interface import (
    CollectionContext,
    Expander,
    PlannedCall,
    Preflight,
    TargetKind,
    listed_permissions,
)
from auditor.collectors.text_files import UnreadableFileError, read_text
from auditor.collectors.types_yaml import load_resource_types
from auditor.core.model.observation import Call, Gap, Observation, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.model.target import Target

KIND = "compose-file"
_TYPES = Path(__file__).resolve().parent / "types.yaml"


@cache  # the file is part of the program
def _types() -> Mapping[str, ResourceType]:
    return MappingProxyType(load_resource_types(_TYPES))


class ComposeCollector:
    """Reads what Docker Compose would start, from its file."""

    name = "compose"
    query_language = ""
    target_kinds: Mapping[str, TargetKind] = MappingProxyType(
        {KIND: TargetKind(ComposeSettings, declared=True)}
    )

    @property
    def expanders(self) -> Sequence[Expander]:
        """None."""
        return ()

    def resource_types(self) -> Mapping[str, ResourceType]:
        """The service."""
        return _types()

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        """Nothing is needed but the file."""
        return listed_permissions(_types()[name] for name in resource_types)

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        """None: a file is read."""
        del target, resource_types
        return ()

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        """Whether the file is there is seen when it is read: standard input can be read once.

        Raises:
            ConfigError: The target's settings are wrong.
        """
        del context
        return Preflight(f"file: {settings_of(target, ComposeSettings).path}")

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        """One observation for each type.

        Raises:
            UsageError: A name is no type of this collector.
            ConfigError: The target's settings are wrong.
        """
        refuse_unknown(self.name, target, resource_types, _types())
        settings = settings_of(target, ComposeSettings)
        started = context.clock()
        resources, gaps = _read(settings)
        identity = f"file: {settings.path}"
        for name in resource_types:
            yield Observation(
                target=target.name,
                environment=target.environment,
                resource_type=name,
                identity=identity,
                started_at=started,
                read_at=context.clock(),
                as_of=started,
                resources=resources,
                facts={"items": len(resources), "caller": identity},
                gaps=gaps,
                calls=(Call(settings.path, "local", started, items=len(resources)),),
                collector=f"compose {__version__}",
            )


def _read(settings: ComposeSettings) -> tuple[tuple[Resource, ...], tuple[Gap, ...]]:
    try:
        return parse_services(read_text(settings.path), settings.variables)
    except UnreadableFileError as error:
        return (), (error.gap,)
    except (ValueError, RecursionError) as error:
        told = str(error) or "it is nested too deep"
        return (), (Gap(Cause.UNPARSABLE, f"{settings.path}: {told}"),)
