"""Where the proof comes from that a log continues an earlier checkpoint. Part of step 2.

A whole store has its tiles; a bundle has the proofs that its maker was asked for, as requests to a
witness are written: `old SIZE`, hashes, checkpoint (C2SP tlog-witness, add-checkpoint).
"""

from __future__ import annotations

from auditor.attest.evidence import Evidence
from auditor.attest.package import consistency_path
from auditor.attest.reader import read_bounded
from auditor.errors import UndecidableError, VerificationError
from auditor.ledger.add_checkpoint import MAX_REQUEST, AddCheckpoint
from auditor.ledger.checkpoint import Checkpoint
from auditor.ledger.proofs import consistency_proof
from auditor.ledger.tiles import MAX_BUNDLE, TileTree


def earlier_head_proof(evidence: Evidence, old: int, new: Checkpoint) -> list[bytes]:
    """The proof that the log continues its state of `old` entries; still to be verified.

    Raises:
        VerificationError: A file of the log is missing or damaged.
        UndecidableError: A bundle without a proof from this size.
    """
    if evidence.package is not None:
        return _packed_proof(evidence, old, new)
    tree = TileTree(new.size, lambda path: read_bounded(evidence.reader, f"log/{path}", MAX_BUNDLE))
    return consistency_proof(min(old, new.size), new.size, tree.node)


def _packed_proof(evidence: Evidence, old: int, new: Checkpoint) -> list[bytes]:
    if old >= new.size:  # the same state needs no proof, and a longer one has none
        return []
    path = consistency_path(old)
    if path not in evidence.paths["consistency"]:
        raise UndecidableError(
            f"the bundle has no proof from the {old} entries of the earlier checkpoint on",
            hint=f"ask for one made with: auditor export --since-size {old}",
            where=path,
        )
    try:
        proof = AddCheckpoint.parse(read_bounded(evidence.reader, path, MAX_REQUEST))
    except VerificationError as error:
        raise VerificationError(error.message, where=path) from error
    if proof.old != old or proof.signed.checkpoint != new:
        raise VerificationError("is a proof between other states of the log", where=path)
    return list(proof.proof)
