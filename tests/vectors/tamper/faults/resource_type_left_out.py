from __future__ import annotations

from auditor.ledger.entries import Collect
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.lines.remove(insider.line("D", Collect, "fake.thing"))
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="left a whole resource type out of the evidence, and kept the verdicts",
    artefact="store",
    step=7,
    says="the log says failing",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="cherry-picked resources",
)
