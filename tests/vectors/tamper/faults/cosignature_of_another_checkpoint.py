from __future__ import annotations

from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.note import Note
from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    path = case.log / "checkpoint"
    old = SignedCheckpoint.parse((case.folder / "earlier" / "checkpoint").read_bytes())
    new = SignedCheckpoint.parse(path.read_bytes())
    own = [line for line in new.note.signatures if line.name == new.checkpoint.origin]
    theirs = [line for line in old.note.signatures if line.name != old.checkpoint.origin]
    path.write_bytes(Note(new.note.text, (*own, *theirs)).to_bytes())


FAULT = Fault(
    attack="put the witnesses' lines of an older checkpoint under a new one",
    artefact="store",
    step=2,
    says="does not verify",
    apply=apply,
    threat="rewritten, cut or rolled back by an insider",
)
