from __future__ import annotations

from auditor.ledger.entries import Verdicts
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.seal_run("D")
    insider.lines.remove(insider.line("D", Verdicts))
    insider.write()


FAULT = Fault(
    attack="ended a run without saying what it found",
    artefact="store",
    step=4,
    says="verdicts",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="lying with all keys",
)
