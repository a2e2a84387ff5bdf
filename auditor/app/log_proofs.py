"""Proofs from a store: that an entry is in the log, that an earlier head is a beginning of it.

Reads tiles through the reader port, so that a folder and a bucket are proven alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.app.runs import find_run
from auditor.attest.reader import StoreReader, read_bounded
from auditor.attest.trust import TrustPolicy
from auditor.errors import UsageError, VerificationError
from auditor.ledger.add_checkpoint import AddCheckpoint
from auditor.ledger.checkpoint import Checkpoint, SignedCheckpoint
from auditor.ledger.merkle import EMPTY_ROOT, HASH_SIZE
from auditor.ledger.note import MAX_NOTE, verify_note
from auditor.ledger.proofs import consistency_proof, verify_consistency
from auditor.ledger.tiles import MAX_BUNDLE, TileName, TileTree
from auditor.store.interface import Store

CHECKPOINT = "log/checkpoint"


@dataclass(frozen=True, slots=True)
class Consistency:
    """That `old` is a beginning of `new`: proven when made.

    Args:
        proof: Hashes from the bottom up, 32 bytes each (RFC 9162, 2.1.4).
        request: What a witness is asked; None where `new` is not the checkpoint in force.
    """

    old: Checkpoint
    new: Checkpoint
    proof: tuple[bytes, ...]
    request: AddCheckpoint | None = None


def tile_reader(reader: StoreReader) -> Callable[[str], bytes]:
    """Reads the log's tiles; a partial tile that has become full since is cut from the full one."""

    def fetch(path: str) -> bytes:
        name = TileName.parse(path)
        try:
            return read_bounded(reader, f"log/{path}", MAX_BUNDLE)
        except VerificationError:
            if name is None or name == name.full:
                raise
            full = read_bounded(reader, f"log/{name.full.path}", MAX_BUNDLE)
            return full[: name.width * HASH_SIZE]

    return fetch


def read_checkpoint(reader: StoreReader) -> SignedCheckpoint:
    """The checkpoint of a store, its signature not checked.

    Raises:
        VerificationError: There is none, or it is damaged.
    """
    data = read_bounded(reader, CHECKPOINT, MAX_NOTE)
    try:
        return SignedCheckpoint.parse(data)
    except VerificationError as error:
        raise VerificationError(error.message, where=CHECKPOINT) from error


def consistency_from(reader: StoreReader, old: int, size: int) -> tuple[bytes, ...]:
    """The proof that a log of `size` entries begins with its first `old` ones.

    Raises:
        LedgerError: `old` is above `size`.
        VerificationError: A tile is missing or damaged.
    """
    tree = TileTree(size, tile_reader(reader))
    return tuple(consistency_proof(old, size, tree.node))


def request_from(reader: StoreReader, old: int) -> AddCheckpoint:
    """What a witness that has seen `old` entries is asked about the store's checkpoint.

    Raises:
        LedgerError: It has seen more than there is.
        VerificationError: A file of the log is missing or damaged.
    """
    signed = read_checkpoint(reader)
    return AddCheckpoint(old, consistency_from(reader, old, signed.checkpoint.size), signed)


def prove_consistency(store: Store, old: str, new: str | None, trust: TrustPolicy) -> Consistency:
    """Prove that one state of the log is a beginning of another.

    Args:
        old: A size, or the path of a checkpoint file.
        new: The same; None is the checkpoint in force.
        trust: Whose signature a checkpoint file must have.

    Raises:
        UsageError: Neither a size nor a file.
        VerificationError: It is not: history was rewritten or cut; or a file is damaged.
        UndecidableError: A checkpoint file is signed by an unknown key.
    """
    require_log(store)
    reader = store.reader()
    signed = read_checkpoint(reader)
    verify_note(signed.note, trust.note_keys())
    whole = signed.checkpoint
    first = _state(old, store, trust)
    second = whole if new is None else _state(new, store, trust)
    for state in (first, second):
        if state.origin != whole.origin:
            raise VerificationError(f"a checkpoint of the log {state.origin!r}", where=old)
        # Against the log as it is: two files alone could agree with each other and not with it.
        verify_consistency(state.head, whole.head, _proof(reader, state.size, whole.size))
    proof = tuple(_proof(reader, first.size, second.size))
    verify_consistency(first.head, second.head, proof)
    request = AddCheckpoint(first.size, proof, signed) if second == whole else None
    return Consistency(first, second, proof, request)


def require_log(store: Store) -> SignedCheckpoint:
    """The checkpoint in force.

    Raises:
        UsageError: There is no log yet.
    """
    signed = store.checkpoint()
    if signed is None:
        raise UsageError("there is no log yet", hint="auditor scan", where=store.location)
    return signed


def entry_of_run(store: Store, run: str) -> int:
    """The index of the entry that ended a run.

    Raises:
        UsageError: There is no such run, or it has not ended.
    """
    name = find_run(store, run)
    history = store.history(name)
    if history is None or history.end_entry is None:
        raise UsageError(f"run {name} has no end in the log", hint="auditor run list")
    return history.end_entry.index


def read_entry(store: Store, index: int) -> bytes:
    """The bytes of an entry.

    Raises:
        VerificationError: There is none, or a file of the log is damaged.
    """
    for entry in store.entries(index, index + 1):
        return entry.to_bytes()
    raise VerificationError(f"the log has no entry {index}", where=CHECKPOINT)


def _proof(reader: StoreReader, old: int, new: int) -> Sequence[bytes]:
    """The proof; none where the log was cut, which its verification then says."""
    return consistency_from(reader, old, new) if old <= new else ()


def _state(given: str, store: Store, trust: TrustPolicy) -> Checkpoint:
    if given.isdecimal() and given.isascii():
        return _state_of_size(int(given), store)
    path = Path(given)
    if not path.is_file():
        raise UsageError(
            f"got {given!r}, expected a size or a checkpoint file",
            hint="auditor ledger checkpoint > FILE keeps one",
        )
    with path.open("rb") as file:
        data = file.read(MAX_NOTE + 1)
    try:
        signed = SignedCheckpoint.parse(data)
        verify_note(signed.note, trust.note_keys())
    except VerificationError as error:
        raise VerificationError(error.message, where=given) from error
    return signed.checkpoint


def _state_of_size(size: int, store: Store) -> Checkpoint:
    origin = read_checkpoint(store.reader()).checkpoint.origin
    return Checkpoint(origin, 0, EMPTY_ROOT) if size == 0 else store.head(size)
