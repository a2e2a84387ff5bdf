"""What a deep reader is given: one listed item, in one region, with what is known about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.collectors.aws.settings import AwsSettings
from auditor.core.model.observation import Gap, Resource


@dataclass(frozen=True, slots=True)
class Part:
    """One resource to be read.

    Args:
        item: The listed item with the fields of its calls.
        region: Where it is read.
        read_at: Start of the collection, UTC.
        derived: Names of the derived fields of the type.
    """

    item: Resource
    account: str
    region: str
    settings: AwsSettings
    read_at: datetime
    derived: Sequence[str] = ()

    @property
    def data(self) -> Mapping[str, object]:
        """Fields of the item."""
        return self.item.data

    def resource(self, facts: Mapping[str, object], unread: Mapping[str, Gap]) -> Resource:
        """The resource with what the reader found, under an id of its own."""
        key = f"{self.item.uid}#{self.region}"
        own = {"id": key, "region": self.region}
        gaps = {name: replace(gap, subject=key) for name, gap in unread.items()}
        return Resource({**self.data, **own, **facts}, key, {**self.item.unread, **gaps})
