from __future__ import annotations

from datetime import timedelta

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    for line in insider.run("D"):
        if line.body.type != "report":
            line.time -= timedelta(days=300)
    insider.write()


FAULT = Fault(
    attack="wrote entries with times before those of the entries before",
    artefact="store",
    step=3,
    says="time",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="backdating",
)
