from __future__ import annotations

from auditor.app.export.choice import Wish
from auditor.app.export.make import Extras, export
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider, run_key
from tests.vectors.tamper.story import Story


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.edit_verdicts("D", lambda document: document["findings"][0].update(severity="info"))
    insider.seal_run("D")
    insider.write()
    case.subject, case.since = case.folder / "given.zip", None
    wish = Wish(runs=(case.honest.runs["D"],))
    project = Story.on(case.work, case.honest.now).project()
    export(project.store, wish, Extras(), run_key(case), case.subject)


FAULT = Fault(
    attack="exported a run whose verdicts were flipped, signed with all real keys",
    artefact="bundle",
    step=7,
    says="judged again, the verdicts are others",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="lying with all keys",
)
