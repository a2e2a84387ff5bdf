from __future__ import annotations

from auditor.ledger.entries import Collect
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    old = insider.line("C", Collect, "fake.thing").body
    assert isinstance(old, Collect)
    line = insider.line("D", Collect, "fake.thing")
    line.body = old.model_copy(update={"run": case.honest.runs["D"]})
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="gave the evidence of an older run for that of this one",
    artefact="store",
    step=7,
    says="is not during the run",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="cherry-picked resources",
)
