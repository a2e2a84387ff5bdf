from __future__ import annotations

from auditor.keys.file import load_key
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case, run_key=load_key(case.work / "keys" / "run.pem"))
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="signed a run with the run key that was rotated out",
    artefact="store",
    step=5,
    says="was replaced by entry",
    apply=apply,
    needs="the old run key, the log key, and witnesses that saw nothing else",
    threat="key theft",
)
