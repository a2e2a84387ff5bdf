from __future__ import annotations

from datetime import timedelta

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.seal_run("D", at=case.honest.now - timedelta(days=475))
    insider.write()


FAULT = Fault(
    attack="had a statement stamped at a time before its key existed",
    artefact="store",
    step=5,
    says="the log's times are not true",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="backdating",
)
