"""A hash chain recomputed: rows in, facts about the chain out. Pure, in constant memory.

Each row carries the digest of the row before it, and a digest over its own content with that. So a
changed row no longer has its digest, and a row that was taken out, put in or moved breaks the link
of the next. What a chain cannot show by itself is that its end was cut off, or that all of it was
written anew: for that the head of an earlier time (an anchor) must still be in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain as joined

from auditor.collectors.sql.audit_table import Chain
from auditor.collectors.sql.chain_digest import FIXED, ChainRow, Value, ambiguity, digester, shown

__all__ = ["FIXED", "Anchor", "ChainFacts", "recompute"]

_WINDOW = 64  # rows before and after a broken link that are looked at to say what happened
ALTERED = "altered_row"
MISSING = "missing_row"
REORDERED = "reordered"
FORKED = "forked"
START_CUT = "truncated_start"
GAP = "sequence_gap"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head of the chain at an earlier time: its key, and its digest as `ChainFacts` has it."""

    key: str
    digest: str


@dataclass(slots=True)
class ChainFacts:
    """What recomputing a chain has shown.

    Args:
        rows: Rows read.
        first_key, head_key, head_digest: Of the first and last row; None of no rows.
        altered_rows: Rows whose digest is not that of their content.
        broken_links: Rows whose `previous` is not the digest of the row before.
        sequence_gaps: Places where the sequence does not grow by one; None without a sequence.
        broken_at, broken_kind: Key and kind of the first fault; None where there is none.
        ambiguous_rows: Rows whose digest would stay with text moved to the next column.
        anchor_found: Digest that the row with the anchor's key has now; None: no such row.
    """

    rows: int = 0
    first_key: str | None = None
    head_key: str | None = None
    head_digest: str | None = None
    altered_rows: int = 0
    broken_links: int = 0
    sequence_gaps: int | None = None
    broken_at: str | None = None
    broken_kind: str | None = None
    ambiguous_rows: int = 0
    anchor_found: str | None = None

    def fault(self, key: Value, kind: str) -> None:
        """Remember a fault if it is the first."""
        if self.broken_at is None:
            self.broken_at, self.broken_kind = shown(key), kind


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows with their neighbours: `before` and `after` are the batches around them."""

    before: Sequence[ChainRow]
    rows: Sequence[ChainRow]
    after: Sequence[ChainRow]


def recompute(
    batches: Iterable[Sequence[ChainRow]], spec: Chain, anchor: Anchor | None = None
) -> ChainFacts:
    """Recompute a chain.

    Args:
        batches: Rows in the order of the chain; each is the values of `order_by`, `sequence` (None
            without one), `previous`, `digest`, and then of `spec.columns`, as bytes of UTF-8 text,
            or those of a binary column. Three batches are in memory at a time.
        anchor: An earlier head to look for.

    Raises:
        ValueError: A row cannot be judged (its order is not unique, JSON that is none, a sequence
            that is no number); the message names the row.
    """
    facts = ChainFacts(sequence_gaps=None if spec.sequence is None else 0)
    links = _Links(spec, facts, anchor)
    for batch in _with_neighbours(batch for batch in batches if batch):
        if facts.rows == 0:
            facts.first_key = shown(batch.rows[0][0])
        links.follow(batch)
        facts.rows += len(batch.rows)
        facts.head_key = shown(batch.rows[-1][0])
        facts.head_digest = shown(batch.rows[-1][3], spec.encoding)
    return facts


class _Links:
    """Follows the chain from batch to batch."""

    def __init__(self, spec: Chain, facts: ChainFacts, anchor: Anchor | None) -> None:
        genesis = spec.genesis or ""
        self._head = bytes.fromhex(genesis) if spec.encoding == "bytes" else genesis.encode()
        self._spec = spec
        self._facts = facts
        self._anchor = None if anchor is None else anchor.key.encode()
        self._digest_of = digester(spec)
        self._is_ambiguous = ambiguity(spec)
        self._last_key: Value = None
        self._next: int | None = None

    def follow(self, batch: _Batch) -> None:
        """Recompute the rows of a batch. The loop of millions: functions only where one is due."""
        digest_of, anchor, head = self._digest_of, self._anchor, self._head
        last_key, sequence = self._last_key, self._spec.sequence is not None
        is_ambiguous = self._is_ambiguous
        for at, row in enumerate(batch.rows):
            key, previous, stored = row[0], row[2], row[3]
            if key is None or key == last_key:
                raise ValueError(f"{self._spec.order_by} = {shown(key)} is not unique")
            gap = sequence and self._breaks_sequence(row)
            self._facts.ambiguous_rows += is_ambiguous(row)
            if digest_of(row) != stored:
                self._facts.altered_rows += 1
                self._facts.fault(key, ALTERED)
            if (previous or b"") != head:
                self._facts.broken_links += 1
                self._facts.fault(key, self._kind(batch, at, gap=gap))
            elif gap:
                self._facts.fault(key, GAP)
            if key == anchor:
                self._facts.anchor_found = shown(stored, self._spec.encoding)
            last_key, head = key, stored or b""
        self._last_key, self._head = last_key, head

    def _breaks_sequence(self, row: ChainRow) -> bool:
        """Whether the row's number is not the one that was due."""
        try:
            number = int(row[1] or b"")
        except ValueError as error:
            raise ValueError(
                f"{self._spec.sequence} of row {shown(row[0])} is no integer"
            ) from error
        breaks = self._next is not None and number != self._next
        self._next = number + 1
        if breaks:
            self._facts.sequence_gaps = (self._facts.sequence_gaps or 0) + 1
        return breaks

    def _kind(self, batch: _Batch, at: int, *, gap: bool) -> str:
        """What happened where a row does not link to the one before it."""
        if self._facts.broken_at is not None:
            return ""  # only the first fault is named
        if self._facts.rows == 0 and at == 0:
            return START_CUT
        previous = batch.rows[at][2]
        ahead = joined(batch.rows[at + 1 : at + 1 + _WINDOW], batch.after[:_WINDOW])
        if any(row[3] == previous for row in ahead):
            return REORDERED
        behind = joined(batch.before[-_WINDOW:], batch.rows[max(0, at - _WINDOW) : at])
        if any(previous in (row[2], row[3]) for row in behind):
            return FORKED
        # Without a gap in the numbers a row of that number was there before, with another digest.
        return MISSING if gap or self._spec.sequence is None else ALTERED


def _with_neighbours(batches: Iterable[Sequence[ChainRow]]) -> Iterator[_Batch]:
    before: Sequence[ChainRow] = ()
    current: Sequence[ChainRow] = ()
    for after in batches:
        if current:
            yield _Batch(before, current, after)
        before, current = current, after
    if current:
        yield _Batch(before, current, ())
