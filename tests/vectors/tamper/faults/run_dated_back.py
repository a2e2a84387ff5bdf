from __future__ import annotations

from datetime import timedelta

from auditor.ledger.entries import RunStart
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    start = insider.line("D", RunStart)
    insider.change(start, now=start.time - timedelta(days=30))
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="let a run judge at a moment long before it began",
    artefact="store",
    step=4,
    says="judged at",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="backdating",
)
