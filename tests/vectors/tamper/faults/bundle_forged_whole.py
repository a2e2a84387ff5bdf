from __future__ import annotations

from auditor.app.export.choice import Wish
from auditor.app.export.make import Extras, export
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import forgery


def apply(case: Case) -> None:
    forger = forgery(case)
    project, case.since = forger.project(), None
    run = project.store.latest()
    assert run is not None
    case.subject = case.folder / "forged.zip"
    export(project.store, Wish(runs=(run.id,)), Extras(), project.run_key(), case.subject)


FAULT = Fault(
    attack="forged a whole bundle with other keys, genuine in itself",
    artefact="bundle",
    step=2,
    says="requires 2 witnesses",
    apply=apply,
    needs="keys of one's own",
    threat="key theft",
)
