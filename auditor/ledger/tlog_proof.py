"""Proofs as files: that an entry is in the log, checkable offline against trusted keys.

Standard: C2SP tlog-proof v1 (https://c2sp.org/tlog-proof), without its unauthenticated `extra`
line. The entry itself is not in the file; its leaf hash is computed from its bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditor.errors import LedgerError, VerificationError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.encoding import decode_base64, encode_base64
from auditor.ledger.merkle import hash_leaf
from auditor.ledger.note import MAX_NOTE
from auditor.ledger.proofs import verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"
MAX_PROOF = MAX_NOTE + 8192
MAX_PATH = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class TlogProof:
    """That entry `index` is in the tree of `signed`.

    Args:
        index: Place of the entry, from 0.
        path: Sibling hashes from the bottom up, 32 bytes each (RFC 9162, 2.1.3).
        signed: The checkpoint, with every signature line that it has.
    """

    index: int
    path: tuple[bytes, ...]
    signed: SignedCheckpoint

    def to_bytes(self) -> bytes:
        """The file."""
        lines = [HEADER, f"index {self.index}", *(encode_base64(node) for node in self.path), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.signed.to_bytes()

    @classmethod
    def parse(cls, data: bytes) -> TlogProof:
        """Read a proof strictly: one proof has one spelling.

        Raises:
            VerificationError: Any departure from the format.
        """
        if len(data) > MAX_PROOF:
            raise VerificationError(f"proof of {len(data)} bytes, expected at most {MAX_PROOF}")
        head, separator, checkpoint = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise VerificationError("the proof's lines are not ASCII") from error
        match = _INDEX.fullmatch(lines[1]) if len(lines) > 1 else None
        if not separator or lines[0] != HEADER or match is None:
            raise VerificationError(f"not a proof: expected {HEADER!r} and an index line")
        if len(lines) - 2 > MAX_PATH:
            raise VerificationError(f"{len(lines) - 2} hashes, expected at most {MAX_PATH}")
        try:
            path = tuple(decode_base64(line) for line in lines[2:])
        except LedgerError as error:
            raise VerificationError(error.message) from error
        return cls(int(match[1]), path, SignedCheckpoint.parse(checkpoint))

    def verify(self, entry: bytes) -> None:
        """Check that these are the bytes of the entry; whose log it is, is not checked here.

        Raises:
            VerificationError: They are not, or the proof does not lead to the checkpoint's root.
        """
        head = self.signed.checkpoint
        verify_inclusion(hash_leaf(entry), self.index, head.size, self.path, head.root)
