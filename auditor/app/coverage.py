"""Which requirement is supported by which controls and checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from auditor.app.registry import Collectors
from auditor.catalog.library import Library
from auditor.catalog.source import did_you_mean
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
