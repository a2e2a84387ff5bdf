from __future__ import annotations

from auditor.ledger.entries import RunStart
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider, Line


def apply(case: Case) -> None:
    insider = Insider(case)
    start = insider.line("D", RunStart)
    insider.lines.insert(insider.lines.index(start) + 1, Line(start.time, start.body))
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="logged a second beginning with other controls",
    artefact="store",
    step=4,
    says="run ",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="lying with all keys",
)
