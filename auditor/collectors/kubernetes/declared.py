"""One collection from manifests. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor import __version__
from auditor.collectors.interface import CollectionContext, Preflight
from auditor.collectors.kubernetes.extract import extract
from auditor.collectors.kubernetes.loader import CollectedType
from auditor.collectors.kubernetes.manifests import read_manifests
from auditor.collectors.kubernetes.settings import ManifestSettings
from auditor.core.model.observation import Call, Observation
from auditor.core.model.target import Target

_COLLECTOR = f"kubernetes {__version__}"


def preflight(settings: ManifestSettings) -> Preflight:
    """Whether the files are there is seen when they are read: standard input can be read once."""
    return Preflight(_identity(settings))


def collect(
    target: Target,
    settings: ManifestSettings,
    types: Sequence[CollectedType],
    context: CollectionContext,
) -> Iterator[Observation]:
    """One observation for each type."""
    started = context.clock()
    manifests = read_manifests(settings.paths)
    ended = context.clock()
    for name, objects in manifests.files:
        if not objects:
            context.progress(f"{target.name}: no object of the API in {name}")
    for collected in types:
        listings = {
            kind.name: manifests.listing(kind, settings.namespace) for kind in collected.all_kinds
        }
        extracted = extract(collected, listings, declared=True)
        yield Observation(
            target=target.name,
            environment=target.environment,
            resource_type=collected.name,
            identity=_identity(settings),
            started_at=started,
            read_at=ended,
            as_of=started,
            resources=extracted.resources,
            facts={
                **extracted.facts,
                "caller": _identity(settings),
                "cluster": "",
                "server_version": None,
                "declared": True,
                "namespaces": [],
            },
            gaps=extracted.gaps,
            calls=tuple(
                Call(name, "local", started, items=objects) for name, objects in manifests.files
            ),
            collector=_COLLECTOR,
        )


def _identity(settings: ManifestSettings) -> str:
    return f"files: {', '.join(settings.paths)}"
