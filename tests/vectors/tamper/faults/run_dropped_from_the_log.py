from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    wanted = case.honest.runs["C"]
    insider.lines = [x for x in insider.lines if getattr(x.body, "run", "") != wanted]
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="left an unwelcome run out and signed the log again",
    artefact="store",
    step=2,
    says="does not continue the earlier checkpoint",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="cherry-picked runs",
)
