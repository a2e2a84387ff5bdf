"""What a report carries so that it can be checked by itself: signed bytes, as they were signed.

Bytes only: nothing here is parsed or believed. `attest.report_proof` checks it against a trust
policy, and the script of the HTML report against the keys that the report prints.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass

_HEAD_OF_CHECKPOINT = b"\n\n"


@dataclass(frozen=True, slots=True)
class ReportProof:
    """The proof of one run.

    Args:
        bundle: The signed statement, a Sigstore bundle; its digest stands in `end_entry`.
        end_entry: The entry `run.end` of the log, its bytes.
        end_proof: Its `.tlog-proof`, which ends with the signed checkpoint.
        verdicts: The findings, schema `verdicts-1`; their digest is a subject of the statement.
        log_key: vkey (C2SP signed note) of the log's key.
        run_key: The public key that the statement was signed with, PEM.
    """

    bundle: bytes
    end_entry: bytes
    end_proof: bytes
    verdicts: bytes
    log_key: str
    run_key: str

    @property
    def checkpoint(self) -> bytes:
        """The signed checkpoint, as the log served it."""
        return self.end_proof.partition(_HEAD_OF_CHECKPOINT)[2]

    @property
    def checkpoint_body(self) -> str:
        """The three lines that the log has signed: origin, size and root."""
        return self.checkpoint.partition(_HEAD_OF_CHECKPOINT)[0].decode("utf-8", "replace") + "\n"

    def to_json(self) -> dict[str, str]:
        """Each part in base64, so that no reader of a document can change a byte of it."""
        return {name: _encoded(value) for name, value in asdict(self).items()}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> ReportProof:
        """The inverse of `to_json`, from the decoded parts.

        Raises:
            KeyError, UnicodeDecodeError: A part is missing, or a key is no text.
        """
        return cls(
            bundle=parts["bundle"],
            end_entry=parts["end_entry"],
            end_proof=parts["end_proof"],
            verdicts=parts["verdicts"],
            log_key=parts["log_key"].decode("ascii"),
            run_key=parts["run_key"].decode("ascii"),
        )


def _encoded(value: str | bytes) -> str:
    data = value.encode() if isinstance(value, str) else value
    return base64.b64encode(data).decode("ascii")
