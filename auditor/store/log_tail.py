"""The end of a log that is being written: what the next entry, tile and checkpoint are made of.

Bytes in, bytes out: which files are written, and in which order, is each store's own matter.
Memory is one bundle of entries and the right edge of the tree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auditor.errors import LedgerError, StoreError, UndecidableError, VerificationError
from auditor.ledger.chain import Chain
from auditor.ledger.checkpoint import Checkpoint, SignedCheckpoint, sign_checkpoint
from auditor.ledger.entries import Entry, KeyRecord, LogBody, RunStart
from auditor.ledger.journal import Frame
from auditor.ledger.merkle import hash_leaf
from auditor.ledger.note import NoteKey, SignBytes, has_signed, verify_note
from auditor.ledger.tiles import ENTRIES, TILE_WIDTH, Tile, TileEdge, TileName, encode_bundle
from auditor.store.ledger_reader import CHECKPOINT, LogReader

Clock = Callable[[], datetime]
LogSigner = tuple[NoteKey, SignBytes]


@dataclass(frozen=True, slots=True)
class Signers:
    """Who signs the log.

    Args:
        key, sign: The log's key; its name is the log's origin.
        previous: The key before it, which signs until the log has the entry that rotates to `key`;
            None except for a rotation.
    """

    key: NoteKey
    sign: SignBytes
    previous: LogSigner | None = None

    def check(self, signed: SignedCheckpoint) -> None:
        """Refuse a checkpoint of another log or by another key.

        Raises:
            LedgerError: Another origin, or none of our keys has signed it.
            VerificationError: The signature is wrong.
        """
        if signed.checkpoint.origin != self.key.name:
            raise LedgerError(
                f"the log is {signed.checkpoint.origin!r}, expected {self.key.name!r}",
                hint="`organisation` in auditor.yaml names the log; it was another when it was"
                " begun",
                where=CHECKPOINT,
            )
        keys = [self.key] if self.previous is None else [self.key, self.previous[0]]
        try:
            verify_note(signed.note, keys)
        except VerificationError as error:
            raise VerificationError(error.message, where=CHECKPOINT) from error
        except UndecidableError as error:
            raise LedgerError(
                f"the log {signed.checkpoint.origin!r} is signed by another key than"
                f" {self.key.vkey}",
                hint="`keys: log:` in auditor.yaml must be the key that the log is signed with;"
                " after a rotation that was cut off: auditor keys rotate log --new FILE once more",
                where=CHECKPOINT,
            ) from error

    def seal(self, message: bytes) -> bytes:
        """The seal of a frame of the journal, by the key that was in force when we began.

        Raises:
            LedgerError: `sign` does not sign with the log's key; the next writer would refuse it.
        """
        key, sign = self.previous or (self.key, self.sign)
        signature = sign(message)
        if not has_signed(key, signature, message):
            raise LedgerError(f"the signing key is not the private half of {key.vkey}")
        return signature

    def check_seal(self, frame: Frame, where: str) -> None:
        """Refuse what somebody without the log's key has put into the journal.

        Raises:
            VerificationError: The frame is not sealed by one of our keys.
        """
        keys = [self.key] if self.previous is None else [self.key, self.previous[0]]
        if not any(has_signed(key, frame.seal, frame.message) for key in keys):
            raise VerificationError(
                "the journal holds entries that no key of this log has sealed",
                hint="somebody else has written into the store: compare the file with a copy",
                where=where,
            )

    def has_signed(self, signed: SignedCheckpoint | None) -> bool:
        """True when the new key has signed it already."""
        own = (self.key.name, self.key.key_id)
        return signed is not None and any(
            (line.name, line.key_id) == own for line in signed.note.signatures
        )


class LogTail:
    """The end of a log, as of a checkpoint and growing from there.

    `retain_until` is how long the runs among the entries followed must be kept, None without any.

    Args:
        signed: The checkpoint in force, None for a new log.
        files: The log's files, to read the end of the tree from.
        signers: Who signs.

    Raises:
        LedgerError: The log was begun with another key.
        VerificationError: A file is missing or damaged.
    """

    def __init__(self, signed: SignedCheckpoint | None, files: LogReader, signers: Signers) -> None:
        if signed is not None:
            signers.check(signed)
        self._key, self._sign = signers.key, signers.sign
        self._next: LogSigner | None = None
        if signers.previous is not None and not signers.has_signed(signed):
            self._next = signers.key, signers.sign
            self._key, self._sign = signers.previous
        self.retain_until: datetime | None = None
        self._edge = load_edge(signed, files)
        self._bundle, self.chain = load_last_bundle(signed, files)

    @property
    def size(self) -> int:
        """Entries so far."""
        return self.chain.index

    @property
    def key(self) -> NoteKey:
        """Who signs the next checkpoint."""
        return self._key

    def root(self) -> bytes:
        """The root of the tree so far."""
        return self._edge.root()

    def make(self, chain: Chain, body: LogBody, clock: Clock) -> bytes:
        """The next entry of a chain, which takes it.

        Raises:
            LedgerError: It is too long or holds what canonical JSON forbids.
            StoreError: The clock is wrong.
        """
        data = Entry(chain.index, chain.prev, entry_time(chain, clock), body).to_bytes()
        # What could not be read again would end the log for ever: it is found before it is written.
        chain.advance(data, Entry.parse(data).time)
        return data

    def follow(self, data: bytes) -> list[Tile]:
        """Take the next entry as another writer made it; gives the tiles that became full.

        Raises:
            VerificationError: It does not follow the last one.
        """
        entry = self.chain.follow(data)
        finished = self.take(data, entry.body)
        refuse_replaced(entry.body, self._key)
        return finished

    def take(self, data: bytes, body: LogBody) -> list[Tile]:
        """Take an entry that the chain has already; gives the tiles that became full."""
        self._follow_rotation(body)
        self._follow_retention(body)
        finished = self._edge.append(hash_leaf(data))
        self._bundle.append(data)
        if len(self._bundle) == TILE_WIDTH:
            name = TileName(ENTRIES, (self._edge.size - 1) // TILE_WIDTH)
            finished.insert(0, Tile(name, encode_bundle(self._bundle)))
            self._bundle = []
        return finished

    def last_tiles(self) -> list[Tile]:
        """The unfinished bundle and tiles that a checkpoint needs."""
        tiles = self._edge.partial_tiles()
        if self._bundle:
            name = TileName(ENTRIES, self.size // TILE_WIDTH, len(self._bundle))
            tiles.insert(0, Tile(name, encode_bundle(self._bundle)))
        return tiles

    def sign_head(self) -> SignedCheckpoint:
        """The checkpoint of everything so far.

        Raises:
            LedgerError: `sign` does not sign with the log's key.
        """
        head = Checkpoint(self._key.name, self.size, self.root())
        return sign_checkpoint(head, self._key, self._sign)

    def _follow_retention(self, body: LogBody) -> None:
        if isinstance(body, RunStart) and body.retain_until is not None:
            self.retain_until = max(body.retain_until, self.retain_until or body.retain_until)

    def _follow_rotation(self, body: LogBody) -> None:
        """From the entry on that rotates to it, the new key signs."""
        if (
            self._next is not None
            and isinstance(body, KeyRecord)
            and (body.use, body.action) == ("log", "rotate")
            and body.key == self._next[0].vkey
        ):
            self._key, self._sign = self._next
            self._next = None


def refuse_replaced(body: LogBody, key: NoteKey) -> None:
    """Refuse to go on with a key when an entry without a checkpoint rotates to another.

    Raises:
        LedgerError: A rotation was cut off before its checkpoint.
    """
    if not isinstance(body, KeyRecord) or (body.use, body.action) != ("log", "rotate"):
        return
    if body.key != key.vkey:
        raise LedgerError(
            f"an entry without a checkpoint rotates the log's key to {body.key}",
            hint="the rotation was cut off: auditor keys rotate log --new FILE once more",
            where="log",
        )


def entry_time(chain: Chain, clock: Clock) -> datetime:
    """The clock, never before the last entry: the log's time does not go back.

    Raises:
        StoreError: The clock is more than a minute behind the log.
    """
    now = clock()
    if chain.is_too_early(now):
        raise StoreError(
            f"the clock says {now}, the log's last entry is of {chain.latest}",
            hint="set the clock of this machine",
            where="log",
        )
    return max(now, chain.latest or now)


def load_edge(signed: SignedCheckpoint | None, files: LogReader) -> TileEdge:
    """The right edge of the tree under a checkpoint, from its tiles.

    Raises:
        VerificationError: A tile is missing, or they have another root.
    """
    if signed is None:
        return TileEdge()
    edge = TileEdge.load(signed.checkpoint.size, files.read)
    if edge.root() != signed.checkpoint.root:
        raise VerificationError(
            "the tiles have another root than the checkpoint",
            hint="auditor verify names the file that was changed",
            where="log/tile",
        )
    return edge


def load_last_bundle(
    signed: SignedCheckpoint | None, files: LogReader
) -> tuple[list[bytes], Chain]:
    """The entries of the unfinished bundle, and the chain behind the last entry."""
    if signed is None or signed.checkpoint.size == 0:
        return [], Chain()
    size = signed.checkpoint.size
    last = (size - 1) // TILE_WIDTH
    entries = files.bundle(last, size)
    before = Entry.parse(entries[-1])
    chain = Chain(size - 1, prev=before.prev, latest=None)
    chain.follow(entries[-1])
    return (entries if len(entries) < TILE_WIDTH else []), chain
