"""Numbers and counts in words, the same in every format."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.core.model.status import Status

STATUS_ORDER = (
    Status.FAIL,
    Status.ERROR,
    Status.MANUAL,
    Status.WAIVED,
    Status.PASS,
    Status.NOT_APPLICABLE,
)
"""Worst first."""


def plural(number: int, noun: str, many: str = "") -> str:
    """`1 check`, `2 checks`; `many` where the plural is not the noun and an s."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def label(word: str) -> str:
    """A value of a closed vocabulary for people: `not applicable`."""
    return word.replace("_", " ")


def count_line(counts: Mapping[str, int]) -> str:
    """`3 fail, 1 error, 12 pass`: the statuses that occur, worst first; `no findings` of none."""
    parts = [f"{counts[s.value]:,} {label(s.value)}" for s in STATUS_ORDER if counts[s.value]]
    return ", ".join(parts) or "no findings"


def listed(items: tuple[str, ...] | list[str], most: int) -> str:
    """`a, b and 3 more`: a list that says how many it leaves out."""
    rest = len(items) - most
    shown = ", ".join(items[:most])
    return f"{shown} and {rest:,} more" if rest > 0 else shown
