"""Writes a log in a bucket that several machines write to, without a lock and without a server.

An append creates one object of the journal, named by the index of its first entry. Of several
writers one succeeds: creating it claims the indexes, so the store itself puts the writers in
order. Who loses follows what the others wrote and tries again. A claim holds only if the
checkpoint, read after it, does not cover the index: else the name was free because the log has gone
on and the object of the real entry was removed; such a claim is taken back.

Anyone may commit: (1) tiles of all claimed entries, created, never overwritten; what is there
already must be the same bytes, (2) sign, (3) the checkpoint, over the state that was read: if
another was first, read again, (4) remove the objects of the journal that the checkpoint covers. So
an acknowledged entry is at every moment in the journal or in checkpointed tiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from auditor.errors import LedgerError, StoreError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.entries import KeyRecord, LogBody
from auditor.ledger.note import MAX_NOTE, Note, NoteSignature
from auditor.store.ledger_reader import CHECKPOINT
from auditor.store.ledger_writer import Recovery
from auditor.store.log_tail import Clock, Signers, entry_time
from auditor.store.s3.log_view import TRIES, LogView, Retention, busy, parse_head
from auditor.store.s3.objects import Objects


class ObjectLogWriter:
    """Appends to a log in a bucket, while others may do so too; a `LogAppender`.

    Args:
        objects: The bucket.
        signers: Who signs.
        clock: UTC.
        retain_until: How long the files of the log are to be locked.

    Raises:
        StoreError: The bucket refuses, or others write without end.
        LedgerError, VerificationError: What is stored does not hold together.
    """

    def __init__(
        self, objects: Objects, signers: Signers, clock: Clock, retain_until: Retention
    ) -> None:
        self.signers = signers
        self._clock = clock
        self._broken = ""
        self._view = LogView(objects, signers, retain_until)
        self.recovery = Recovery(self.size - self._view.committed)
        self._view.refuse_rollback()
        while self.size == 0:
            tail = self._view.tail
            since = entry_time(tail.chain, clock)
            first = KeyRecord(use="log", action="introduce", key=tail.key.vkey, since=since)
            self._try_append([first])

    def open_again(self, signers: Signers, clock: Clock) -> bool:
        """Go on with what is known, which spares reading it; False where it cannot be used.

        Raises:
            StoreError, LedgerError, VerificationError: As when it was opened first.
        """
        if self._broken or signers != self.signers or signers.previous is not None:
            return False
        self._clock, self.recovery = clock, Recovery()
        self._view.sync()
        self._view.refuse_rollback()
        return True

    @property
    def size(self) -> int:
        """Entries so far, as this writer knows them: the index of the next one."""
        return self._view.size

    @property
    def checkpoint(self) -> SignedCheckpoint | None:
        """The last checkpoint that this writer knows; None before the first commit of a log."""
        return self._view.signed

    def append(self, body: LogBody) -> int:
        """Add an entry, durable when this returns; gives its index."""
        return self.append_all((body,)).start

    def append_all(self, bodies: Iterable[LogBody]) -> range:
        """Add entries one after the other, durable when this returns: all of them or none.

        Returns:
            Their indexes in the log.

        Raises:
            LedgerError: An entry is too long or holds what canonical JSON forbids; nothing was
                written and the log can be used on.
            StoreError: The bucket refused, or the clock is wrong.
        """
        wanted = tuple(bodies)
        if not wanted:
            return range(self.size, self.size)
        for _try in range(TRIES):
            indexes = self._try_append(wanted)
            if indexes is not None:
                return indexes
        raise busy()

    def commit(self) -> SignedCheckpoint:
        """Write the tiles of all entries, sign, write the checkpoint.

        Returns:
            The checkpoint that is now in force as far as known; it covers all that was appended.

        Raises:
            StoreError: The bucket refused; everything appended is still in the journal.
            LedgerError: `sign` does not sign with the log's key.
            VerificationError: The log has another history than the one that was appended to.
        """
        view, wanted = self._view, self.size
        if view.signed is not None and view.committed == wanted:
            return view.signed
        with self._breaking("commit"):
            for _try in range(TRIES):
                signed = self._try_commit()
                if signed is not None and view.committed >= wanted:
                    return signed
        raise busy()

    def cosign(self, signatures: Sequence[NoteSignature]) -> SignedCheckpoint:
        """Put cosignatures to the checkpoint in force; its text stays what it is.

        Where another writer has committed meanwhile, they are for a text that is no more in force:
        nothing is changed, and the answer is the new checkpoint.

        Raises:
            LedgerError: There is no checkpoint yet.
            StoreError: The bucket refused.
        """
        signed = self._view.signed
        if signed is None:
            raise LedgerError("there is no checkpoint to cosign", where=CHECKPOINT)
        text = signed.note.text
        with self._breaking("cosign"):
            for _try in range(TRIES):
                known = signed.note.signatures
                new = tuple(item for item in signatures if item not in known)
                if not new or signed.note.text != text:
                    return signed
                if self._view.put_head(replace(signed, note=Note(text, (*known, *new)))):
                    return self._view.signed or signed
                self._follow()
                signed = self._view.signed or signed
        raise busy()

    def _follow(self) -> None:
        self._view.reload()
        self._view.sync()

    def _try_append(self, bodies: Sequence[LogBody]) -> range | None:
        """Claim the next indexes; None when another writer was first, whom we follow then."""
        tail, first = self._view.tail, self.size
        chain = tail.chain.copy()
        made = [tail.make(chain, body, self._clock) for body in bodies]
        with self._breaking("append"):
            if not self._claim(first, made):
                self._view.sync()
                return None
            if self.size == first:
                for data in made:
                    self._view.take(data)
        return range(first, first + len(made))

    def _claim(self, first: int, made: Sequence[bytes]) -> bool:
        """True when the entries are in the log for good, at the indexes from `first` on."""
        view = self._view
        if not view.journal.claim(first, made):
            return False
        signed = parse_head(view.objects.read(CHECKPOINT, MAX_NOTE))
        size = signed.checkpoint.size if signed else 0
        if size <= first:
            return True
        # The log has gone on past our place: either with our own entries, which another has taken
        # up and committed, or with others', and our claim was of a name that had become free.
        stored = view.files.entries(first, size)
        if size >= first + len(made) and all(data == next(stored)[1] for data in made):
            self._follow()
            return True
        view.journal.unclaim(first)
        return False

    def _try_commit(self) -> SignedCheckpoint | None:
        """One commit of all that is known; where another was first, what that one committed."""
        view = self._view
        view.write_last_tiles()
        size, root = view.size, view.tail.root()
        if view.put_head(view.tail.sign_head()):
            view.clean()
            return view.signed
        self._follow()
        view.check_continues(size, root)
        return view.signed

    @contextmanager
    def _breaking(self, what: str) -> Iterator[None]:
        """After a failed write nobody knows what is stored: only opening anew finds out."""
        if self._broken:
            raise StoreError(
                f"the log cannot be used after a failed {self._broken}",
                hint="run the command again; opening the log recovers it",
                where="log",
            )
        self._broken = what
        yield
        self._broken = ""
