from __future__ import annotations

import shutil

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    kept = case.folder / "kept"
    shutil.copy(case.log / "checkpoint", kept)
    shutil.copy(case.folder / "earlier" / "checkpoint", case.log / "checkpoint")
    case.since = kept


FAULT = Fault(
    attack="put an old checkpoint back, signed and cosigned in its day",
    artefact="store",
    step=2,
    says="does not continue the earlier checkpoint",
    apply=apply,
    threat="rewritten, cut or rolled back by an insider",
)
