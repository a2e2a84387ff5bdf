"""Building rows: what was read into `data`, what could not be read into `unread`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.collectors.host.errors import Unread
from auditor.core.model.observation import Gap, Resource


@dataclass
class Row:
    """One resource while it is read."""

    data: dict[str, object]
    unread: dict[str, Gap] = field(default_factory=dict)

    def attempt(self, fields: Sequence[str], read: Callable[[], Mapping[str, object]]) -> None:
        """Take the fields from a reading; when it fails, all of them are unread.

        Args:
            fields: Names that the reading gives, all of them.
            read: Gives the values; may raise Unread.
        """
        try:
            self.data.update(read())
        except Unread as problem:
            self.missing(fields, problem.gap)

    def missing(self, fields: Sequence[str], gap: Gap) -> None:
        """Say that these fields could not be read."""
        self.unread.update(dict.fromkeys(fields, gap))
        for name in fields:
            self.data.pop(name, None)

    def resource(self) -> Resource:
        """The finished row."""
        return Resource(self.data, unread=self.unread)


@dataclass
class Reading:
    """The result of reading one resource type, before it becomes an observation."""

    rows: list[Row] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def attempt(self, read: Callable[[], None]) -> None:
        """Go on without one part of the reading; its gap stays."""
        try:
            read()
        except Unread as problem:
            self.gaps.append(problem.gap)


def unique(names: Sequence[str]) -> list[str]:
    """Names made different from each other: a second `a` becomes `a #2`."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return result
