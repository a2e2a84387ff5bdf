from __future__ import annotations

import shutil

from auditor.app.witnesses.witness import new_cosigner
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    for path in (case.folder / "witnesses").iterdir():
        path.unlink() if path.is_file() else shutil.rmtree(path)
    for number, name in enumerate(("witness.example.org/w1", "witness.example.net/w2")):
        new_cosigner(name, case.folder / "witnesses" / f"{number}.pem", "ed25519")
    Insider(case).write()


FAULT = Fault(
    attack="signed as a witness with a key of one's own",
    artefact="store",
    step=2,
    says="requires 2 witnesses",
    apply=apply,
    needs="all keys of the company",
    threat="rewritten, cut or rolled back by an insider",
)
