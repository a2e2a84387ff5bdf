"""Whether entries follow each other: index, hash chain, time.

Leaves the Merkle tree to `tiles` and the order within a run to `runs`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from auditor.errors import LedgerError, VerificationError
from auditor.ledger.entries import GENESIS, Entry

MAX_STEP_BACK = timedelta(seconds=60)
"""How far an entry's time may lie before an earlier one's: clocks are corrected, and several
machines may write one log. More than this is a wrong clock or a forged entry."""


class Chain:
    """Follows the entries of a log from the first to the last.

    Args:
        index: Index of the next entry.
        prev: SHA-256 (hex) of the entry before it.
        latest: The latest time seen so far; None at the beginning.
    """

    def __init__(self, index: int = 0, prev: str = GENESIS, latest: datetime | None = None) -> None:
        self.index = index
        self.prev = prev
        self.latest = latest

    def copy(self) -> Chain:
        """A chain that goes on from here by itself."""
        return Chain(self.index, self.prev, self.latest)

    def follow(self, data: bytes) -> Entry:
        """Parse the next entry and check that it is the next.

        Raises:
            VerificationError: Broken chain, wrong index, time going back, or not an entry;
                `.where` is `entry N`.
        """
        where = f"entry {self.index}"
        try:
            entry = Entry.parse(data)
        except LedgerError as error:
            raise VerificationError(error.message, where=where) from error
        if entry.index != self.index:
            raise VerificationError(f"says that it is entry {entry.index}", where=where)
        if entry.prev != self.prev:
            raise VerificationError(
                f"`prev` is {entry.prev}, the entry before has {self.prev}", where=where
            )
        if self.is_too_early(entry.time):
            raise VerificationError(
                f"time {entry.time} is before that of an earlier entry, {self.latest}", where=where
            )
        self.advance(data, entry.time)
        return entry

    def is_too_early(self, time: datetime) -> bool:
        """True when an entry may not have this time."""
        return self.latest is not None and time < self.latest - MAX_STEP_BACK

    def advance(self, data: bytes, time: datetime) -> None:
        """Take the bytes of the next entry as given."""
        self.index += 1
        self.prev = hashlib.sha256(data).hexdigest()  # `entry_digest`, once for each entry
        if self.latest is None or time > self.latest:
            self.latest = time
