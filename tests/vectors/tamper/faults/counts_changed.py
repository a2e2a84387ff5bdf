from __future__ import annotations

from auditor.ledger.entries import Verdicts
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    line = insider.line("D", Verdicts)
    assert isinstance(line.body, Verdicts)
    insider.change(line, counts=dict(line.body.counts) | {"fail": 0, "pass": 6})
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="told smaller counts in log and statement than the verdicts give",
    artefact="store",
    step=7,
    says="the log says",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="lying with all keys",
)
