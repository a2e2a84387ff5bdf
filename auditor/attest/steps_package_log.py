"""Step 3 for a bundle: each entry is proven to be in the tree, and none is missing in the span.

Every entry has a proof that leads to the one checkpoint; within the span each is the next of the
one before. Of entries outside the span nothing is known but those that are there: what may be
missing is said. The runs must lie in the span as a whole, and for a period, all of its runs.
"""

from __future__ import annotations

from datetime import datetime

from auditor.attest.evidence import Evidence
from auditor.attest.package import (
    ENTRIES,
    MANIFEST,
    PROOFS,
    Manifest,
    entry_path,
    proof_path,
)
from auditor.attest.reader import read_bounded
from auditor.attest.result import Notes, StepVerdict
from auditor.attest.steps_log import EntryBook, establish
from auditor.attest.steps_package import check_signer
from auditor.attest.steps_runs import MAX_START_DELAY
from auditor.core.times import format_instant
from auditor.errors import LedgerError, VerificationError
from auditor.ledger.chain import MAX_STEP_BACK, Chain
from auditor.ledger.encoding import encode_base64
from auditor.ledger.entries import GENESIS, Entry
from auditor.ledger.runs import RunHistory
from auditor.ledger.tiles import MAX_ENTRY
from auditor.ledger.tlog_proof import MAX_PROOF, TlogProof

_SHOWN_GAPS = 5
MARGIN = MAX_START_DELAY + 2 * MAX_STEP_BACK
"""How far the span must reach past a period: runs begin in the log a little after their moment."""


def check_package_log(evidence: Evidence, notes: Notes) -> str:
    """(3) Each entry's proof, the chain within the span, and which runs the span holds."""
    package = evidence.package
    if package is None:
        raise VerificationError("there is no manifest", where=MANIFEST)
    head = evidence.checkpoint.checkpoint
    said = (package.origin, package.size, package.root)
    if said != (head.origin, head.size, encode_base64(head.root)):
        raise VerificationError("the manifest is of another checkpoint", where=MANIFEST)
    entries = _Entries(evidence, package, notes)
    entries.read()
    if notes.verdict is not StepVerdict.BAD:
        establish(evidence, entries, entries.latest, notes)
        check_signer(evidence, notes)
        for run in [*evidence.before(), *evidence.runs()]:
            _check_within(package, run, notes)
        _check_runs_there(evidence, package, notes)
        _check_period(package, entries, notes)
        _note_gaps(package, notes)
    count = len(entries.times)
    return f"{count} of {head.size} entries are in the tree; {_span(package)} follow each other"


class _Entries(EntryBook):
    """Reads the entries of a bundle in order, each with its proof.

    Args:
        times: Index to the time of an entry; set by `read`.
    """

    def __init__(self, evidence: Evidence, package: Manifest, notes: Notes) -> None:
        super().__init__()
        self._evidence = evidence
        self._package = package
        self._notes = notes
        self._checkpoint = evidence.checkpoint.to_bytes()
        self._chain: Chain | None = None
        self.latest: datetime | None = None
        self.times: dict[int, datetime] = {}

    def read(self) -> None:
        """All entries that the manifest names; those that the bundle holds besides are bad."""
        indexes = self._package.indexes
        if self._package.size - 1 not in indexes[-1:]:
            self._notes.bad("the last entry of the log is not in the bundle", MANIFEST)
        expected = {entry_path(index) for index in indexes}
        expected |= {proof_path(index) for index in indexes}
        for folder in (ENTRIES, PROOFS):
            for path in self._evidence.paths[folder]:
                if path not in expected:
                    self._notes.bad("the manifest names no such entry", path)
        for index in indexes:
            try:
                self._read_one(index)
            except (VerificationError, LedgerError) as error:
                self._notes.bad(error.message, _place(error.where, index))
                return

    def _read_one(self, index: int) -> None:
        reader = self._evidence.reader
        data = read_bounded(reader, entry_path(index), MAX_ENTRY)
        self._check_proof(index, data, read_bounded(reader, proof_path(index), MAX_PROOF))
        chain = self._chain = self._chain_at(index, data)
        entry = chain.follow(data)
        self.latest = chain.latest
        self.times[index] = entry.time
        self.take(entry)

    def _check_proof(self, index: int, data: bytes, proof: bytes) -> None:
        where = proof_path(index)
        try:
            parsed = TlogProof.parse(proof)
            if parsed.index != index:
                raise VerificationError(f"is a proof of entry {parsed.index}")
            if parsed.signed.to_bytes() != self._checkpoint:
                raise VerificationError("leads to another checkpoint than the bundle's")
            parsed.verify(data)
        except VerificationError as error:
            raise VerificationError(error.message, where=where) from error

    def _chain_at(self, index: int, data: bytes) -> Chain:
        """The chain so far where the entry before is here; else one that begins with this entry."""
        if self._chain is not None and self._chain.index == index:
            return self._chain
        prev = GENESIS if index == 0 else Entry.parse(data).prev
        return Chain(index, prev, self.latest)


def _place(where: str, index: int) -> str:
    return where if "/" in where else entry_path(index)


def _span(package: Manifest) -> str:
    return f"{package.span.first} to {package.span.last}"


def _check_runs_there(evidence: Evidence, package: Manifest, notes: Notes) -> None:
    known = evidence.book.runs if evidence.book else {}
    for run in [*package.before, *package.runs]:
        if run not in known:
            notes.bad("the manifest names a run that no entry tells of", f"run {run}")


def _check_within(package: Manifest, run: RunHistory, notes: Notes) -> None:
    """A run's beginning and end are in the span: then none of its entries can be missing."""
    where = f"run {run.run}"
    if run.start is None or run.start_index not in package.span:
        notes.bad("its beginning is not in the span of entries", where)
    elif run.end_entry is not None:
        if run.end_entry.index not in package.span:
            notes.bad("its end is not in the span of entries", where)
    elif run.abort is not None:
        if run.last_index not in package.span:
            notes.bad("its abort is not in the span of entries", where)
    elif package.span.last != package.size - 1:
        notes.cannot_tell("it has no end in the span, and the log goes on after it", where)


def _check_period(package: Manifest, entries: _Entries, notes: Notes) -> None:
    """Chosen by period: the span reaches past it on both sides, and no run of it is left out."""
    chosen, span = package.chosen, package.span
    if chosen.kind == "runs":
        return
    first, last = entries.times[span.first], entries.times[span.last]
    since, until = chosen.since, chosen.until
    early = span.first > 0 and (since is None or first > since - MARGIN)
    late = span.last < package.size - 1 and (until is None or last < until + MARGIN)
    if early or late:
        notes.cannot_tell("the span does not reach past the period: runs of it may be missing")
    if until is not None and span.last == package.size - 1 and last < until:
        notes.warn(
            f"the log ends at {format_instant(last)}, before the period does: what came after is"
            " not in this checkpoint"
        )
    if chosen.kind == "period":
        _check_left_out(package, entries, notes)


def _check_left_out(package: Manifest, entries: _Entries, notes: Notes) -> None:
    chosen = package.chosen
    if chosen.since is None or chosen.until is None:
        notes.bad("the manifest does not say which period was chosen", MANIFEST)
        return
    there = set(package.runs)
    for run in entries.book.runs.values():
        now = run.start.now if run.start else None
        if now is not None and (chosen.since <= now < chosen.until) != (run.run in there):
            text = "is of the period and was left out" if run.run not in there else "is not of it"
            notes.bad(f"chosen were the runs of a period: {run.run} {text}", f"run {run.run}")


def _note_gaps(package: Manifest, notes: Notes) -> None:
    """What of the log is not here at all."""
    gaps, at = [], 0
    for index in [*package.indexes, package.size]:
        if index > at:
            gaps.append(f"{at} to {index - 1}" if index - 1 > at else str(at))
        at = index + 1
    if gaps:
        rest = len(gaps) - _SHOWN_GAPS
        more = f" and {rest} more gaps" if rest > 0 else ""
        shown = ", ".join(gaps[:_SHOWN_GAPS]) + more
        notes.warn(
            f"of the log, these entries are not in the bundle: {shown}; that none of them revokes a"
            " key, only the whole log or today's trust policy shows"
        )
