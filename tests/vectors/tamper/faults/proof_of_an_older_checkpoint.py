from __future__ import annotations

from auditor.ledger.tlog_proof import TlogProof
from tests.unit.app.bundles import Members
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import insiders_bundle


def apply(case: Case) -> None:
    insiders_bundle(case, edit)


def edit(members: Members) -> None:
    signed = TlogProof.parse(members["proofs/27.tlog-proof"])
    text = signed.signed.note.text.encode()
    members["proofs/27.tlog-proof"] = members["proofs/27.tlog-proof"].replace(
        text, text.replace(b"\n36\n", b"\n37\n")
    )


FAULT = Fault(
    attack="gave a proof that leads to another checkpoint",
    artefact="bundle",
    step=3,
    says="another checkpoint",
    apply=apply,
    needs="the run key",
    threat="bundle packed falsely",
)
