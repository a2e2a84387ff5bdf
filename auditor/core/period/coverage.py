"""What was not read and why, over the runs: one line for each stretch of runs that say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from auditor.core.model.observation import Gap
from auditor.core.model.period_report import EvidenceRef, RunLine, UnreadPeriod
from auditor.core.period.inputs import ReadingFacts

_Key = tuple[str, str, str, str, str]


@dataclass(slots=True)
class _Stretch:
    gap: Gap
    first: RunLine
    last: RunLine
    number: int
    runs: int = 1


@dataclass(slots=True)
class _Readings:
    """A resource type of a target over the runs."""

    first: tuple[str, ReadingFacts]
    last: tuple[str, ReadingFacts]
    readings: int = 0
    incomplete: int = 0


@dataclass(slots=True)
class CoverageBook:
    """Takes the readings of each run."""

    _stretches: dict[_Key, list[_Stretch]] = field(default_factory=dict)
    _readings: dict[tuple[str, str], _Readings] = field(default_factory=dict)

    def take(self, number: int, line: RunLine, readings: Sequence[ReadingFacts]) -> None:
        """Those of the next run.

        Args:
            number: Of the run, counted over the complete ones.
        """
        for reading in readings:
            place = (reading.target, reading.resource_type)
            known = self._readings.get(place)
            if known is None:
                known = self._readings[place] = _Readings((line.run, reading), (line.run, reading))
            known.last = (line.run, reading)
            known.readings += 1
            known.incomplete += not reading.complete
            for gap in reading.gaps:
                self._gap(number, line, place, gap)

    def _gap(self, number: int, line: RunLine, place: tuple[str, str], gap: Gap) -> None:
        key = (*place, gap.cause.value, gap.subject, gap.action)
        stretches = self._stretches.setdefault(key, [])
        if stretches and stretches[-1].number >= number - 1:
            stretch = stretches[-1]
            stretch.runs += stretch.number != number
            stretch.last, stretch.number = line, number
        else:
            stretches.append(_Stretch(gap, line, line, number))

    def unread(self) -> tuple[UnreadPeriod, ...]:
        """In order of target, type, subject and time."""
        return tuple(
            UnreadPeriod(
                target=key[0],
                resource_type=key[1],
                subject=stretch.gap.subject,
                cause=stretch.gap.cause,
                action=stretch.gap.action,
                detail=stretch.gap.detail,
                hint=stretch.gap.hint,
                first_at=stretch.first.now,
                last_at=stretch.last.now,
                runs=stretch.runs,
            )
            for key, stretches in sorted(self._stretches.items())
            for stretch in stretches
        )

    def evidence(self, places: set[tuple[str, str]]) -> tuple[EvidenceRef, ...]:
        """What was read of these targets and resource types."""
        return tuple(
            EvidenceRef(
                target=place[0],
                resource_type=place[1],
                readings=known.readings,
                incomplete=known.incomplete,
                first_run=known.first[0],
                first_digest=known.first[1].digest,
                first_items=known.first[1].items,
                last_run=known.last[0],
                last_digest=known.last[1].digest,
                last_items=known.last[1].items,
            )
            for place, known in sorted(self._readings.items())
            if place in places
        )
