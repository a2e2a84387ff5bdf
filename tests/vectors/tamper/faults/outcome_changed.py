from __future__ import annotations

from auditor.ledger.entries import RunEnd
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.change(insider.line("D", RunEnd), outcome="passing")
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="told another outcome in log and statement than the verdicts give",
    artefact="store",
    step=7,
    says="the log says",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="lying with all keys",
)
