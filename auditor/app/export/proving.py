"""Proofs for a bundle: that entries are in the log, and that it continues an earlier state."""

from __future__ import annotations

from functools import lru_cache

from auditor.attest.reader import StoreReader, read_bounded
from auditor.errors import VerificationError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.merkle import HASH_SIZE
from auditor.ledger.proofs import consistency_proof, inclusion_proof
from auditor.ledger.tiles import MAX_BUNDLE, TileTree
from auditor.ledger.tlog_proof import TlogProof

_CACHED = 1 << 14
_CACHED_TILES = 1 << 8


class Prover:
    """Proofs against one checkpoint, whatever the log does meanwhile."""

    def __init__(self, reader: StoreReader, signed: SignedCheckpoint) -> None:
        self._reader = reader
        self._signed = signed
        size = signed.checkpoint.size
        self._node = lru_cache(_CACHED)(TileTree(size, lru_cache(_CACHED_TILES)(self._fetch)).node)

    def inclusion(self, index: int) -> TlogProof:
        """That an entry is in the log."""
        path = inclusion_proof(index, self._signed.checkpoint.size, self._node)
        return TlogProof(index, tuple(path), self._signed)

    def consistency(self, old: int) -> list[bytes]:
        """That the log continues its state of `old` entries."""
        return consistency_proof(old, self._signed.checkpoint.size, self._node)

    def _fetch(self, path: str) -> bytes:
        """A tile; the beginning of the full one where that has replaced it."""
        try:
            return read_bounded(self._reader, f"log/{path}", MAX_BUNDLE)
        except VerificationError:
            whole, partial, width = path.partition(".p/")
            if not partial:
                raise
            return read_bounded(self._reader, f"log/{whole}", MAX_BUNDLE)[: HASH_SIZE * int(width)]
