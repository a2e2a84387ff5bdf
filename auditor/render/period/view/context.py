"""Everything that the pages of a period show, chosen and sorted; nothing is left out unsaid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from auditor.core.model.period_report import (
    Change,
    ControlPeriod,
    FindingHistory,
    Item,
    PeriodReport,
    RequirementPeriod,
    UnreadPeriod,
)
from auditor.core.model.status import Severity
from auditor.render import glossary
from auditor.render.period import charts, words
from auditor.render.period.json_v1 import document_digest
from auditor.render.period.view import words as phrases
from auditor.render.view.words import STATUS_ORDER

NAMES = 8
FIX_ROWS = 24
_STATES = list(words.STATE_LABEL)
_EFFECTS = list(words.EFFECT_LABEL)
_SEVERITIES = list(Severity)


@dataclass(frozen=True, slots=True)
class ControlPage:
    """A control with those of its findings that its page shows."""

    control: ControlPeriod
    shown: tuple[FindingHistory, ...]
    total: int

    @property
    def left_out(self) -> int:
        """Findings that stand in the annex alone."""
        return self.total - len(self.shown)


@dataclass(frozen=True, slots=True)
class FrameworkPart:
    """The requirements of a framework: those with a control, and those without."""

    id: str
    title: str
    version: str
    tested: tuple[RequirementPeriod, ...]
    bare: tuple[RequirementPeriod, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a long list."""

    items: tuple[Item, ...]
    left_out: int


def worst_first(findings: Sequence[FindingHistory]) -> list[FindingHistory]:
    """Late before in time, severe before slight, then by what lasted longest."""
    return sorted(
        findings,
        key=lambda one: (
            not one.late,
            _SEVERITIES.index(one.severity),
            -one.duration,
            one.control,
            one.fingerprint,
            one.first_seen,
        ),
    )


def control_pages(report: PeriodReport, most: int) -> list[ControlPage]:
    """All controls, the worst state first, with the worst `most` findings of the whole report."""
    chosen = {id(one) for one in worst_first(report.findings)[:most]}
    own: dict[str, list[FindingHistory]] = defaultdict(list)
    for finding in report.findings:
        own[finding.control].append(finding)
    ordered = sorted(report.controls, key=lambda one: (_STATES.index(one.state), one.id))
    return [
        ControlPage(
            control,
            tuple(one for one in worst_first(own[control.id]) if id(one) in chosen),
            len(own[control.id]),
        )
        for control in ordered
    ]


def changes(report: PeriodReport) -> list[Change]:
    """What loosens comes first, then what cannot be told; each by time."""
    return sorted(report.changes, key=lambda one: (_EFFECTS.index(one.effect), one.at))


def frameworks(report: PeriodReport) -> list[FrameworkPart]:
    """Each framework with its requirements."""
    parts = []
    for line in report.frameworks:
        own = [one for one in report.requirements if one.framework == line.id]
        parts.append(
            FrameworkPart(
                line.id,
                line.title,
                line.version,
                tuple(one for one in own if one.controls),
                tuple(one for one in own if not one.controls),
            )
        )
    return parts


def first_names(items: Sequence[Item]) -> Shown:
    """The first names of a list."""
    return Shown(tuple(items[:NAMES]), max(len(items) - NAMES, 0))


def _unread_groups(report: PeriodReport) -> list[tuple[str, list[UnreadPeriod]]]:
    groups: dict[str, list[UnreadPeriod]] = defaultdict(list)
    for gap in report.coverage:
        groups[f"{gap.target} {gap.resource_type}"].append(gap)
    return sorted(groups.items())


def context(report: PeriodReport, most: int, *, annexed: bool) -> dict[str, object]:
    """What the templates may use.

    Args:
        most: Most findings shown on control pages, and most rows of the other long lists.
        annexed: The full lists stand in an annex of this document.
    """
    fixes = worst_first(report.findings)[:FIX_ROWS]
    return {
        "r": report,
        "most": most,
        "json_digest": document_digest(report),
        "changes": changes(report),
        "pages": control_pages(report, most),
        "left_out": max(len(report.findings) - most, 0),
        "parts": frameworks(report),
        "states": phrases.state_counts(report),
        # Not in the order of the mapping: made from the JSON document it has another.
        "remediation": [(s, report.remediation[s]) for s in Severity if s in report.remediation],
        "statuses": STATUS_ORDER,
        "axis": charts.axis_of(report.period),
        "charts": charts,
        "fixes": fixes,
        "longest": max(
            (t for one in fixes for t in (one.duration, one.target_time) if t is not None),
            default=timedelta(0),
        ),
        "unread": _unread_groups(report),
        "not_counted": [run for run in report.runs if run.reason],
        "population_changes": population_changes(report),
        "annexed": annexed,
        "first_names": first_names,
        "words": words,
        "phrases": phrases,
        "glossary": glossary,
        "titles": {control.id: control.title for control in report.controls},
    }


def population_changes(report: PeriodReport) -> int:
    """How many resources came, went or were re-created, over all checks."""
    return sum(
        len(check.population.added)
        + len(check.population.vanished)
        + len(check.population.recreated)
        for control in report.controls
        for check in control.checks
    )
