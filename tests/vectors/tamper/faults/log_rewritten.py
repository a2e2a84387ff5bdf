from __future__ import annotations

from auditor.ledger.entries import RunEnd
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.change(insider.line("D", RunEnd), outcome="passing")
    insider.seal_run("D")
    insider.write(witnessed=False)


FAULT = Fault(
    attack="rewrote the newest run and signed the log again with the real key",
    artefact="store",
    step=2,
    says="requires 2 witnesses, 0 count",
    apply=apply,
    needs="all keys of the company",
    threat="rewritten, cut or rolled back by an insider",
)
