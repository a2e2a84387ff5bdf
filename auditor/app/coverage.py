"""Which requirement is supported by which controls and checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from auditor.app.registry import Collectors
from auditor.catalog.library import Library
from auditor.catalog.source import did_you_mean
from auditor.core.model.target import Target
from auditor.errors import UsageError


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One requirement, and what tests it."""

    framework: str
    requirement: str
    title: str
    controls: tuple[str, ...]
    checks: int

    def to_json(self) -> dict[str, object]:
        """All fields."""
        return asdict(self)


def coverage_rows(
    library: Library, frameworks: Sequence[str], collector: str | None, collectors: Collectors
) -> list[CoverageRow]:
    """Every requirement of the frameworks, also those without a control.

    Raises:
        UsageError: An unknown framework or collector.
    """
    for framework in frameworks:
        if framework not in library.frameworks:
            raise UsageError(
                f"no framework `{framework}`{did_you_mean(framework, library.frameworks)}"
            )
    if collector is not None and collector not in collectors.names:
        raise UsageError(f"no collector `{collector}`{did_you_mean(collector, collectors.names)}")
    rows = []
    for framework_id in frameworks or sorted(library.frameworks):
        for requirement in library.frameworks[framework_id].requirements:
            mapped = {
                control.id: sum(collector in (None, check.collector) for check in control.checks)
                for control in library.sorted_controls()
                if any(m.id == requirement.id for m in control.maps.get(framework_id, ()))
            }
            with_checks = {control: number for control, number in mapped.items() if number}
            rows.append(
                CoverageRow(
                    framework_id,
                    requirement.id,
                    requirement.title,
                    tuple(with_checks),
                    sum(with_checks.values()),
                )
            )
    return rows


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One resource type of a collector: what reads it, what judges it, what it needs."""

    type: str
    title: str
    requests: tuple[str, ...]
    checks: tuple[str, ...]
    permissions: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """All fields."""
        return asdict(self)


def type_rows(library: Library, name: str, collectors: Collectors) -> list[TypeRow]:
    """Every resource type of a collector, also those that no check judges.

    Raises:
        UsageError: An unknown collector.
    """
    collector = collectors.get(name)
    anywhere = Target("any", next(iter(collector.target_kinds)), "any", {}, {})
    checks: dict[str, list[str]] = {}
    for control in library.sorted_controls():
        for check in control.checks:
            checks.setdefault(check.resource, []).append(f"{control.id}/{check.id}")
    return [
        TypeRow(
            type=kind.name,
            title=kind.title,
            requests=tuple(
                sorted({c.request for c in collector.planned_calls(anywhere, [kind.name])})
            ),
            checks=tuple(checks.get(kind.name, ())),
            permissions=kind.permissions,
        )
        for kind in sorted(collector.resource_types().values(), key=lambda one: one.name)
    ]
