from __future__ import annotations

from auditor.ledger.entries import Collect
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider, Line


def apply(case: Case) -> None:
    insider = Insider(case)
    line = insider.line("D", Collect, "fake.thing")
    insider.lines.insert(insider.lines.index(line) + 1, Line(line.time, line.body))
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="recorded a second, better reading of the same thing",
    artefact="store",
    step=7,
    says="recorded twice",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="lying with all keys",
)
