from __future__ import annotations

from auditor.ledger.entries import Verdicts
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    line = insider.line("D", Verdicts)
    assert isinstance(line.body, Verdicts)
    true = line.body
    insider.change(line, counts=dict(true.counts) | {"fail": 0, "pass": 6})
    insider.seal_run("D")
    line.body = true
    insider.write()


FAULT = Fault(
    attack="signed a statement with other counts than the log has",
    artefact="store",
    step=5,
    says="counts is",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="lying with all keys",
)
