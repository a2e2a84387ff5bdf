from __future__ import annotations

from datetime import timedelta

from auditor.ledger.entries import RunStart, WaiverRecord
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    waived = [line for line in insider.lines if isinstance(line.body, WaiverRecord)]
    for line in (*insider.run("D"), *waived):  # the waiver came into force with that run
        if line.body.type != "report":
            line.time -= timedelta(days=10)
    start = insider.line("D", RunStart)
    insider.change(start, now=start.time)
    insider.seal_run("D", at=case.honest.now - timedelta(days=20))
    insider.write()


FAULT = Fault(
    attack="wrote a run into the log with times of a month before",
    artefact="store",
    step=5,
    says="the log's times are not true",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="backdating",
)
