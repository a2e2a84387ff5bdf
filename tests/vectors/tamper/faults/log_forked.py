from __future__ import annotations

from auditor.ledger.entries import RunEnd
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.change(insider.line("C", RunEnd), outcome="passing")
    insider.seal_run("C")
    insider.write()


FAULT = Fault(
    attack="rewrote an old run; the witnesses never saw the true log",
    artefact="store",
    step=2,
    says="does not continue the earlier checkpoint",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="rewritten, cut or rolled back by an insider",
)
