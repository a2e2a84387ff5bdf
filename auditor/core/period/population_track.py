"""The resources that a check judged, from run to run."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.core.model.period_report import Item, PopulationPeriod


@dataclass(slots=True)
class PopulationTrack:
    """Sizes of the runs that could read everything, and of all runs; who came and went."""

    whole: list[int] = field(default_factory=list)
    all: list[int] = field(default_factory=list)
    added: list[Item] = field(default_factory=list)
    vanished: list[Item] = field(default_factory=list)
    recreated: list[Item] = field(default_factory=list)

    def size(self, number: int, *, whole: bool) -> None:
        """The resources of the next run that judged the check."""
        self.all.append(number)
        if whole:
            self.whole.append(number)

    def summary(self) -> PopulationPeriod:
        """Over all runs that could read everything; over all runs where none could."""
        sizes = self.whole or self.all or [0]
        return PopulationPeriod(
            first=sizes[0],
            last=sizes[-1],
            least=min(sizes),
            most=max(sizes),
            added=_ordered(self.added),
            vanished=_ordered(self.vanished),
            recreated=_ordered(self.recreated),
        )


def _ordered(items: list[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda item: (item.at, item.target, item.resource, item.uid)))
