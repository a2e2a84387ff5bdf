from __future__ import annotations

from auditor.attest.bundle import Bundle
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.seal_run("D", tokens=Bundle.parse(case.statement("C").read_bytes()).timestamps)
    insider.write()


FAULT = Fault(
    attack="put the time-stamp of another run into a statement",
    artefact="store",
    step=5,
    says="other bytes",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="backdating",
)
