"""The charts of a period as SVG: drawn by hand, in whole numbers, so that bytes are equal.

Each is a strip that stands in a row of a table, with its label and its figures as text beside it,
and with a text alternative; a status has a shape of its own, for those who print in grey or do not
tell red from green. Text stands in none of them but months and the numbers of an axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from markupsafe import Markup

from auditor.core.model.period_report import (
    Bounds,
    ControlPeriod,
    FindingHistory,
    SeriesPoint,
    UnreadPeriod,
)
from auditor.core.model.status import ControlStatus

WIDTH = 1200
HEIGHT = 48
_LEAST = 3
_MONTH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_YEAR = timedelta(days=200)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a status is drawn: from `top`, `high`, of 48; `hollow` draws its edge alone."""

    top: int
    high: int
    colour: str
    hollow: bool = False


SHAPES: Mapping[ControlStatus, Shape] = {
    ControlStatus.FAIL: Shape(0, 48, "#b3261e"),
    ControlStatus.ERROR: Shape(6, 34, "#c07a12", hollow=True),
    ControlStatus.MANUAL: Shape(24, 16, "#6a3fa0", hollow=True),
    ControlStatus.PASS: Shape(28, 12, "#1d6b3f"),
    ControlStatus.NOT_APPLICABLE: Shape(32, 4, "#7d8795"),
}
"""A run that left a control out has no shape: only the base line shows."""


@dataclass(frozen=True, slots=True)
class Axis:
    """From a moment to a place between 0 and `WIDTH`."""

    since: datetime
    until: datetime

    def place(self, moment: datetime) -> int:
        """Where it stands; moments outside stand at the edge."""
        whole = self.until - self.since
        part = min(max(moment - self.since, timedelta(0)), whole)
        return part * WIDTH // whole if whole else 0


def axis_of(bounds: Bounds) -> Axis:
    """The axis of the period."""
    return Axis(bounds.since, bounds.until)


def months(axis: Axis) -> Markup:
    """The head of a column of strips: the beginning of each month, of each day in short periods."""
    parts = [
        f'<path d="M{axis.place(at)} 30V48" stroke="#55606f" stroke-width="2" fill="none"/>'
        f'<text x="{axis.place(at) + 6}" y="42" font-family="Plex Sans" font-size="30"'
        f' fill="#55606f">{name}</text>'
        for at, name in _marks(axis)
    ]
    return _svg(parts)


def _marks(axis: Axis) -> Iterator[tuple[datetime, str]]:
    long = axis.until - axis.since > _YEAR
    year, month = axis.since.astimezone(UTC).year, axis.since.astimezone(UTC).month
    at = datetime(year, month, 1, tzinfo=UTC)
    while at < axis.until:
        if at >= axis.since and (not long or at.month % 3 == 1):
            yield at, f"{_MONTH[at.month - 1]}{f' {at.year}' if at.month == 1 else ''}"
        year, month = (year, month + 1) if month < len(_MONTH) else (year + 1, 1)
        at = datetime(year, month, 1, tzinfo=UTC)


def status_strip(control: ControlPeriod, axis: Axis) -> Markup:
    """A control over the period: each run's status, and what has no evidence, hatched."""
    parts = [_base()]
    for gap in control.gaps:
        parts += _hatched(axis.place(gap.since), axis.place(gap.until))
    for start, end, status in _stretches(control.series, control.every, axis):
        x, right = axis.place(start), axis.place(end)
        if status in SHAPES:
            # White under it: a run that was done is no part of what has no evidence.
            parts.append(_box(x, max(right - x, _LEAST), 0, HEIGHT, "#ffffff"))
            parts.append(_drawn(x, max(right - x, _LEAST), SHAPES[status]))
    return _svg(parts)


def _stretches(
    series: Sequence[SeriesPoint], every: timedelta, axis: Axis
) -> Iterator[tuple[datetime, datetime, ControlStatus]]:
    """Runs that follow each other with one status, as one; a run stands for `every` at most."""
    begin: datetime | None = None
    for number, point in enumerate(series):
        following = series[number + 1] if number + 1 < len(series) else None
        end = min(point.now + every, following.now if following else axis.until)
        begin = begin or point.now
        if following and following.now == end and following.status is point.status:
            continue
        yield begin, end, point.status
        begin = None


def judged_strip(control: ControlPeriod) -> Markup:
    """How many resources were judged in each run, from none at the bottom to the most on top."""
    sizes = [sum(point.counts.values()) for point in control.series]
    most = max(sizes, default=0)
    if not most:
        return _svg([_base()])
    first, last = control.series[0].now, control.series[-1].now
    axis = Axis(first, last)
    points = [
        f"{axis.place(point.now)} {HEIGHT - 2 - size * (HEIGHT - 6) // most}"
        for point, size in zip(control.series, sizes, strict=True)
    ]
    line = f'<path d="M{"L".join(points)}" stroke="#2b4b7e" stroke-width="4" fill="none"/>'
    return _svg([_base(), line])


def unread_strip(gaps: Iterable[UnreadPeriod], axis: Axis) -> Markup:
    """Stretches of time in which something was not read."""
    parts = [_base()]
    for gap in gaps:
        x = axis.place(gap.first_at)
        wide = max(axis.place(gap.last_at) - x, 2 * _LEAST)
        parts.append(_drawn(x, wide, SHAPES[ControlStatus.ERROR]))
    return _svg(parts)


def fix_strip(finding: FindingHistory, longest: timedelta) -> Markup:
    """How long a finding lasted, of `longest`; beyond its target hatched, open with an arrow."""
    end = _part(finding.duration, longest)
    target = _part(finding.target_time, longest) if finding.target_time is not None else None
    inside = min(end, target) if target is not None else end
    parts = [_base(), _box(0, max(inside, _LEAST), 14, 20, "#4a6fa5")]
    if target is not None:
        if end > target:
            parts += _hatched(target, end, "#b3261e", 8, 32)
        parts.append(f'<path d="M{target} 0V48" stroke="#16202e" stroke-width="5" fill="none"/>')
    if finding.closed_at is None:
        parts.append(f'<path d="M{end} 10L{end + 24} 24L{end} 38Z" fill="#16202e"/>')
    return _svg(parts)


def _part(time: timedelta, longest: timedelta) -> int:
    room = WIDTH - 30  # for the arrow
    return min(time * room // longest, room) if longest else 0


def legend_mark(status: ControlStatus | None) -> Markup:
    """The shape of a status, small; None for what has no evidence."""
    if status is None:
        return _svg([_base(72), *_hatched(0, 72)], 72)
    shape = SHAPES.get(status)
    return _svg([_base(72), *([_drawn(0, 72, shape)] if shape else [])], 72)


def _drawn(x: int, wide: int, shape: Shape) -> str:
    if not shape.hollow:
        return _box(x, wide, shape.top, shape.high, shape.colour)
    edge = 4
    inner = max(wide - edge, 1)
    return (
        f'<rect x="{x + edge // 2}" y="{shape.top + edge // 2}" width="{inner}"'
        f' height="{shape.high - edge}" fill="#ffffff" stroke="{shape.colour}"'
        f' stroke-width="{edge}"/>'
    )


def _box(x: int, wide: int, top: int, high: int, colour: str) -> str:
    return f'<rect x="{x}" y="{top}" width="{wide}" height="{high}" fill="{colour}"/>'


def _hatched(
    x: int, right: int, colour: str = "#55606f", top: int = 0, high: int = HEIGHT
) -> list[str]:
    """Lines from the lower left to the upper right, cut at the edges, and a frame."""
    step, bottom = 10, top + high
    lines = []
    for start in range(x - high, right, step):
        left, end = max(start, x), min(start + high, right)
        if left < end:
            lines.append(f"M{left} {bottom - (left - start)}L{end} {bottom - (end - start)}")
    frame = (
        f'<rect x="{x}" y="{top}" width="{max(right - x, 1)}" height="{high}" fill="#ffffff"'
        f' stroke="{colour}" stroke-width="2"/>'
    )
    path = f'<path d="{"".join(lines)}" stroke="{colour}" stroke-width="2" fill="none"/>'
    return [frame, path] if lines else [frame]


def _base(wide: int = WIDTH) -> str:
    return f'<path d="M0 46H{wide}" stroke="#d4dae2" stroke-width="2" fill="none"/>'


def _svg(parts: Sequence[str], wide: int = WIDTH) -> Markup:
    """Numbers and our own words alone stand in it; nothing that was collected does."""
    body = "".join(parts)
    return Markup(  # noqa: S704 - drawn here
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {HEIGHT}">{body}</svg>'
    )
