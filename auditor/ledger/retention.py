"""What the log says of keeping and deleting evidence: legal holds and prunings.

A hold names runs whose evidence must stay; a pruning names, in a blob, the digests of evidence
that was about to be deleted. Which runs refer to what is `runs`' matter. Standard for the list:
canonical JSON (`pruned-1`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from auditor.core.canonical import canonical, parse_canonical
from auditor.errors import VerificationError
from auditor.ledger.entries import Entry, FreeBody, HoldRecord, PruneRecord

PRUNED_SCHEMA = "pruned-1"
MAX_PRUNED = 100_000
"""Digests in one list; more make several entries."""
MAX_PRUNED_SIZE = 16 * 1024 * 1024
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold in force.

    Args:
        runs: Ids of the runs, sorted.
        since: When it was first set.
    """

    name: str
    runs: tuple[str, ...]
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Pruning:
    """An entry that says that evidence is about to be deleted."""

    index: int
    time: datetime
    record: PruneRecord


class RetentionBook:
    """Collects the entries about holds and prunings of a log, in order.

    `others` are digests of blobs that entries of no run refer to, such as attestations.
    """

    def __init__(self) -> None:
        self.prunings: list[Pruning] = []
        self.others: set[str] = set()
        self._holds: list[tuple[int, datetime, HoldRecord]] = []

    def add(self, entry: Entry) -> None:
        """Take the next entry; others than of these types are left."""
        if isinstance(entry.body, HoldRecord):
            self._holds.append((entry.index, entry.time, entry.body))
        elif isinstance(entry.body, PruneRecord):
            self.prunings.append(Pruning(entry.index, entry.time, entry.body))
        elif isinstance(entry.body, FreeBody):
            blob = entry.body.fields.get("blob")
            if isinstance(blob, dict):
                self.others.add(str(blob.get("digest")))

    def holds(self, before: int | None = None) -> dict[str, Hold]:
        """The holds in force, by name; those before an entry where its index is given."""
        found: dict[str, Hold] = {}
        for index, time, record in self._holds:
            if before is not None and index >= before:
                break
            known = found.pop(record.hold, Hold(record.hold, (), record.reason, time))
            runs = set(known.runs)
            changed = set(record.runs)
            runs = runs | changed if record.action == "set" else runs - changed
            if runs:
                reason = record.reason if record.action == "set" else known.reason
                found[record.hold] = Hold(record.hold, tuple(sorted(runs)), reason, known.since)
        return found

    def held(self, before: int | None = None) -> frozenset[str]:
        """The runs under any hold."""
        return frozenset(run for hold in self.holds(before).values() for run in hold.runs)


def pruned_list(digests: Iterable[str]) -> bytes:
    """The bytes of a list of digests, sorted."""
    return canonical({"schema": PRUNED_SCHEMA, "digests": sorted(digests)})


def parse_pruned(data: bytes, count: int) -> frozenset[str]:
    """The digests of a list.

    Args:
        count: How many the entry of the log says.

    Raises:
        VerificationError: Not such a list, not sorted, or another number.
    """
    document = parse_canonical(data)
    digests = document.get("digests") if isinstance(document, dict) else None
    if (
        not isinstance(document, dict)
        or set(document) != {"schema", "digests"}
        or document["schema"] != PRUNED_SCHEMA
        or not isinstance(digests, list)
        or not all(isinstance(item, str) and _DIGEST.fullmatch(item) for item in digests)
    ):
        raise VerificationError(f"not a list of the form {PRUNED_SCHEMA}")
    found = frozenset(str(item) for item in digests)
    if len(found) != count or sorted(found) != digests:
        raise VerificationError(
            f"{len(digests)} digests, not the {count} that the log says, sorted"
        )
    return found
