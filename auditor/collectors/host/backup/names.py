"""Which slot of time and which class a backup's name stands for, and what a manifest says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median_low
from zoneinfo import ZoneInfo

_GNU = re.compile(r"\\?([0-9a-fA-F]{64}) [ *](.+)")
_BSD = re.compile(r"SHA256 ?\((.+)\) ?= ?([0-9a-fA-F]{64})")
MEDIAN_OF = 14


@dataclass(frozen=True, slots=True)
class Slot:
    """What a name says."""

    name: str
    text: str
    at: datetime
    class_: str


def parse_name(name: str, pattern: re.Pattern[str], form: str, zone: ZoneInfo) -> Slot | None:
    """The slot of a name; None when the pattern does not match all of it.

    Args:
        name: A name in the folder.
        pattern: With a group `slot` and perhaps `class`.
        form: strptime format of the slot.
        zone: That the slot is written in, where the format has no offset of its own.

    Raises:
        ValueError: The slot does not have the format.
    """
    match = pattern.fullmatch(name)
    if match is None:
        return None
    try:
        at = datetime.strptime(match["slot"], form)  # noqa: DTZ007 - given a zone below
    except ValueError as error:
        raise ValueError(f"slot {match['slot']!r} does not have the form {form!r}") from error
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    class_ = match.groupdict().get("class") or ""
    return Slot(name, match["slot"], at.astimezone(UTC), class_)


def parse_manifest(text: str) -> dict[str, str]:
    """Name to SHA-256 in hexadecimal, of the output of sha256sum (GNU) or sha256 (BSD).

    Raises:
        ValueError: A line of another form; the message begins with its number.
    """
    result = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if match := _GNU.fullmatch(line):
            result[match[2].removeprefix("./")] = match[1].lower()
        elif match := _BSD.fullmatch(line):
            result[match[1].removeprefix("./")] = match[2].lower()
        else:
            raise ValueError(f"{number}: got {line[:60]!r}, expected a SHA-256 and a name")
    return result


def largest_gap(slots: Iterable[datetime]) -> timedelta | None:
    """The longest time between two consecutive slots; None of fewer than two."""
    ordered = sorted(set(slots))
    return max((b - a for a, b in pairwise(ordered)), default=None)


def median_before(earlier: Sequence[int]) -> int | None:
    """The median of the last 14 sizes (of two middle ones the lower); None of none."""
    return median_low(earlier[-MEDIAN_OF:]) if earlier else None
