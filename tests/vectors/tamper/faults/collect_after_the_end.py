from __future__ import annotations

from datetime import timedelta

from auditor.ledger.entries import Collect
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider, Line


def apply(case: Case) -> None:
    insider = Insider(case)
    body = insider.line("D", Collect).body
    insider.lines.append(Line(case.honest.now - timedelta(minutes=1), body))
    insider.write()


FAULT = Fault(
    attack="added evidence to a run that was over",
    artefact="store",
    step=4,
    says="run ",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="lying with all keys",
)
