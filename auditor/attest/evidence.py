"""What the steps of verification share: the inputs, and what earlier steps have established.

A step sets a field only when it has ground for it; a field that is None tells later steps that
they have none. `RunRecord` is what a judgement needs to be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auditor.attest.key_history import KeyHistory
from auditor.attest.package import Manifest
from auditor.attest.reader import StoreReader
from auditor.attest.trust import TrustPolicy
from auditor.attest.vault import is_whole, read_vault
from auditor.errors import UndecidableError, VerificationError
from auditor.ledger.blobs import BlobRef, decode_blob
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.entries import Collect, RunStart, Verdicts
from auditor.ledger.runs import RunBook, RunHistory

MAX_WHOLE = 256 * 1024 * 1024
"""Bytes of the largest blob that is held in memory; a small file can unpack to any size."""


@dataclass(frozen=True, slots=True)
class Collected:
    """One observation as it is kept.

    Args:
        entry: What the log says of it.
        data: The evidence document, proven.
        disclosures: What is left of the values that stand in it as digests, one disclosure a line;
            not proven, each line proves itself. None where there are none, or none left.
        whole: Nothing of them was withheld or erased.
    """

    entry: Collect
    data: bytes
    disclosures: bytes | None = None
    whole: bool = True


def _nothing(_reference: BlobRef) -> bytes | None:
    return None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """An ended run with its evidence.

    Args:
        history: What the log says of it.
        start, verdicts: Its entries of these types.
        read: The bytes of a blob, proven; raises VerificationError where it is changed.
        vault: The disclosures that are left of a file of the vault, None where it is gone.
        attested: Digest of a text and of a signature of it by a person, to when the log first took
            note of both.
    """

    history: RunHistory
    start: RunStart
    verdicts: Verdicts
    read: Callable[[BlobRef], bytes]
    vault: Callable[[BlobRef], bytes | None] = _nothing
    attested: Mapping[tuple[str, str], datetime] = field(default_factory=dict)

    @property
    def run(self) -> str:
        """Its id."""
        return self.history.run

    @property
    def policy(self) -> bytes:
        """The controls and parameters that it judged by."""
        return self.read(self.start.policy)

    def observations(self) -> Iterator[bytes]:
        """The evidence documents, in the order of the log; personal values are digests in them."""
        for collect in self.history.collects:
            yield self.read(collect.blob)

    def collected(self) -> Iterator[Collected]:
        """The observations with what is disclosed of them, in the order of the log."""
        for entry in self.history.collects:
            reference = entry.disclosures
            given = self.vault(reference) if reference else None
            whole = reference is None or is_whole(given, reference)
            yield Collected(entry, self.read(entry.blob), given, whole)

    def withheld(self) -> int:
        """How many observations lack values that were withheld or erased."""
        references = [c.disclosures for c in self.history.collects if c.disclosures]
        return sum(not is_whole(self.vault(reference), reference) for reference in references)


Rejudge = Callable[[RunRecord], bytes]
"""Judges a recorded run again; gives the bytes of its verdicts."""
Readable = Callable[[BlobRef, bytes], Mapping[str, bytes]]
"""A policy's blob and its bytes to the files that show its controls to people, by path."""


@dataclass(slots=True)
class Evidence:
    """Inputs of a verification, and what its steps have established so far.

    Args:
        reader: The store.
        trust: None where the auditor gave none.
        run: Verify only this run; None for all.
        rejudge: Judges a run again; None leaves step 7 with a warning.
        now: Time of the verification.
        remembered: A checkpoint file that the auditor kept from before; None without one.
        reports: Name of a report that was given to the digest of its bytes.
        max_age: How old the newest run, and that of a report that was given, may be at `now`.
        readable: Writes a policy's controls for people; None leaves copies of them unchecked.
        package: What a bundle says it holds; set by step 1, None for a whole store.
        paths: Files of the store, by folder; set by step 1.
        signed: The checkpoint; set by step 2, None when it is bad.
        book: The runs; set by step 3, None when the entries are not proven.
        blobs: All blobs that the log refers to, by path; set by step 3.
        attested: When the log first took note of signatures of people; set by step 3.
        record_blobs: Those of them that a record of people or a sample rests on; set by step 3.
        last_time: Time of the last entry; set by step 3.
        keys: What policy and log say of the keys; set by step 3.
        damaged: Paths of blobs that are missing or changed; set by step 6.
        pruned: Paths of blobs that were deleted after their retention; set by step 6.
    """

    reader: StoreReader
    trust: TrustPolicy | None
    run: str | None
    rejudge: Rejudge | None
    now: datetime
    remembered: bytes | None = None
    reports: Mapping[str, str] = field(default_factory=dict)
    max_age: timedelta | None = None
    readable: Readable | None = None
    package: Manifest | None = None
    paths: dict[str, list[str]] = field(default_factory=dict)
    signed: SignedCheckpoint | None = None
    book: RunBook | None = None
    blobs: dict[str, BlobRef] = field(default_factory=dict)
    record_blobs: dict[str, BlobRef] = field(default_factory=dict)
    attested: dict[tuple[str, str], datetime] = field(default_factory=dict)
    last_time: datetime | None = None
    keys: KeyHistory | None = None
    damaged: set[str] = field(default_factory=set)
    pruned: set[str] = field(default_factory=set)

    @property
    def checkpoint(self) -> SignedCheckpoint:
        """The checkpoint, for steps that run only when there is one.

        Raises:
            VerificationError: There is none.
        """
        if self.signed is None:
            raise VerificationError("there is no checkpoint", where="log/checkpoint")
        return self.signed

    def runs(self) -> list[RunHistory]:
        """The runs to verify, in the order of the log."""
        histories = self.book.runs.values() if self.book else ()
        chosen = None if self.package is None else set(self.package.runs)
        return [
            item
            for item in histories
            if self.run in (None, item.run) and (chosen is None or item.run in chosen)
        ]

    def before(self) -> list[RunHistory]:
        """Runs of a bundle that lie before the chosen ones; none where one run is verified."""
        names = set(self.package.before) if self.package and self.run is None else set()
        histories = self.book.runs.values() if self.book else ()
        return [item for item in histories if item.run in names]

    def records(self) -> Iterator[RunRecord]:
        """The runs to verify that ended in order."""
        for item in self.runs():
            if item.start and item.verdicts and item.end and not item.problems:
                yield RunRecord(
                    item,
                    item.start,
                    item.verdicts,
                    self.read_blob,
                    self.read_vault,
                    self.attested,
                )

    def read_vault(self, reference: BlobRef) -> bytes | None:
        """The disclosures that are left of a file of the vault; see `vault.read_vault`."""
        return read_vault(self.reader, reference)

    def read_blob(self, reference: BlobRef) -> bytes:
        """The bytes of a blob, proven.

        Raises:
            VerificationError: Missing or changed; `.where` is its path.
            UndecidableError: Too large to be held in memory.
        """
        if reference.size > MAX_WHOLE:
            raise UndecidableError(
                f"a blob of {reference.size} bytes is not read whole, at most {MAX_WHOLE} are",
                where=reference.path,
            )
        return b"".join(self.stream_blob(reference))

    def stream_blob(self, reference: BlobRef) -> Iterator[bytes]:
        """The same, piece by piece; proven when the iterator ends without raising."""
        try:
            yield from decode_blob(reference, self.reader.chunks(reference.path))
        except VerificationError as error:
            raise VerificationError(error.message, where=reference.path) from error
