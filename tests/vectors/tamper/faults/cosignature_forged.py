from __future__ import annotations

from dataclasses import replace

from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.note import Note
from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    path = case.log / "checkpoint"
    signed = SignedCheckpoint.parse(path.read_bytes())
    lines = [
        replace(line, signature=line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
        if line.name.endswith("w1")
        else line
        for line in signed.note.signatures
    ]
    path.write_bytes(Note(signed.note.text, tuple(lines)).to_bytes())


FAULT = Fault(
    attack="changed a witness's cosignature",
    artefact="store",
    step=2,
    says="witness.example.org/w1",
    apply=apply,
    threat="rewritten, cut or rolled back by an insider",
)
