"""Selectors of trails, as Terraform writes them, for the functions that read AWS's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from auditor.collectors.aws.facts import trail
from auditor.collectors.aws.facts.unreadable import mapping, mappings

_OF_SELECTORS: tuple[Callable[[object], object], ...] = (
    trail.management_excluded_sources,
    trail.management_read,
    trail.management_write,
    trail.s3_data_events,
    trail.s3_data_read_all,
    trail.s3_data_write_all,
)
_OPERATORS = {
    "equals": "Equals",
    "starts_with": "StartsWith",
    "ends_with": "EndsWith",
    "not_equals": "NotEquals",
    "not_starts_with": "NotStartsWith",
    "not_ends_with": "NotEndsWith",
}


def _planned(function: Callable[[object], object]) -> Callable[[object], object]:
    def of_blocks(found: object) -> object:
        blocks = mapping(found, "selectors")
        basic = mappings(blocks.get("event_selector") or [], "event_selector")
        advanced = mappings(blocks.get("advanced_event_selector") or [], "advanced_event_selector")
        return function(
            {
                "EventSelectors": [_basic(selector) for selector in basic],
                "AdvancedEventSelectors": [_advanced(selector) for selector in advanced],
            }
        )

    return of_blocks


def _basic(selector: Mapping[str, object]) -> dict[str, object]:
    resources = mappings(selector.get("data_resource") or [], "data_resource")
    include = selector.get("include_management_events")
    return {
        "ReadWriteType": selector.get("read_write_type") or "All",
        "IncludeManagementEvents": True if include is None else include,
        "ExcludeManagementEventSources": selector.get("exclude_management_event_sources") or [],
        "DataResources": [{"Type": r.get("type"), "Values": r.get("values")} for r in resources],
    }


def _advanced(selector: Mapping[str, object]) -> dict[str, object]:
    fields = mappings(selector.get("field_selector") or [], "field_selector")
    return {
        "FieldSelectors": [
            {"Field": field.get("field")}
            | {name: field[key] for key, name in _OPERATORS.items() if field.get(key)}
            for field in fields
        ]
    }


PLANNED: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {f"planned_{function.__name__}": _planned(function) for function in _OF_SELECTORS}
)
"""By name: `planned_management_read` and the like."""
