from __future__ import annotations

import shutil

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    kept = case.folder / "kept"
    shutil.copy(case.log / "checkpoint", kept)
    case.subject, case.since = case.folder / "earlier" / "evidence", kept


FAULT = Fault(
    attack="put the whole store back to an earlier day",
    artefact="store",
    step=2,
    says="does not continue the earlier checkpoint",
    apply=apply,
    threat="rewritten, cut or rolled back by an insider",
)
