from __future__ import annotations

from auditor.ledger.entries import RunStart
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    line = insider.line("D", RunStart)
    assert isinstance(line.body, RunStart)
    insider.change(line, scope={**line.body.scope, "checks": 1})
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="told a narrower scope than the controls give",
    artefact="store",
    step=7,
    says="the scope in the log",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="cherry-picked resources",
)
