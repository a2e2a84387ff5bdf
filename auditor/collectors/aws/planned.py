"""Which requests reading types of an account will make, as far as the catalogue alone tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.collectors.aws.loader import CollectedType
from auditor.collectors.aws.model import ListSpec
from auditor.collectors.aws.permissions import REGIONS, WHOAMI
from auditor.collectors.aws.settings import AwsSettings
from auditor.collectors.interface import PlannedCall

ASSUME = "sts:AssumeRole"
"""Sent with the caller's own credentials; again about once an hour, when the role's run out."""


def planned_calls(types: Sequence[CollectedType], settings: AwsSettings) -> list[PlannedCall]:
    """The requests, each kind once, pages and retries not counted; sorted by what they are for."""
    regional = any(collected.spec.scope == "regional" for collected in types)
    found = {PlannedCall(":".join(WHOAMI), 1, "account")}
    if settings.role_arn is not None:
        found.add(PlannedCall(ASSUME, 1, "account"))
    if regional and settings.regions == "enabled":
        found.add(PlannedCall(":".join(REGIONS), 1, "account"))
    for collected in types:
        found |= set(_of_type(collected, _regions(settings)))
    return sorted(found, key=lambda call: (call.per, call.request))


def _regions(settings: AwsSettings) -> int | None:
    """How many regions will be read; None where only the account knows."""
    return None if settings.regions == "enabled" else len(set(settings.regions))


def _of_type(collected: CollectedType, regions: int | None) -> Iterator[PlannedCall]:
    spec = collected.spec
    source = spec.source
    listed = f"{collected.service}:{source.operation}"
    variants = len(source.variants) if isinstance(source, ListSpec) and source.variants else 1
    if spec.scope == "global" or (isinstance(source, ListSpec) and source.once):
        yield PlannedCall(listed, variants, "account")
    else:
        yield PlannedCall(listed, None if regions is None else regions * variants, "region")
    for fact in spec.facts.values():
        yield PlannedCall(f"{collected.service}:{fact.operation}", 1, "account")
    for operation in spec.deep.operations if spec.deep else ():
        yield PlannedCall(operation, None, spec.title)
    for call in spec.enrich:
        request = f"{call.service or collected.service}:{call.operation}"
        if call.shared and not call.from_:  # one answer serves everything in a region
            yield PlannedCall(request, regions, "region")
        else:
            yield PlannedCall(request, None, spec.title)
    if spec.locate is not None:
        yield PlannedCall(f"{collected.service}:{spec.locate.operation}", None, spec.title)
