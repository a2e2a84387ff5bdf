from __future__ import annotations

from datetime import timedelta

from auditor.ledger.entries import PruneRecord
from auditor.ledger.retention import pruned_list
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider, Line


def apply(case: Case) -> None:
    digests = [item.blob.digest for item in case.run("D").collects]
    insider = Insider(case)
    now = case.honest.now - timedelta(minutes=1)
    body = PruneRecord(before=now, count=len(digests), blob=case.put(pruned_list(digests)))
    insider.lines.append(Line(now, body))
    insider.write()
    for collect in case.run("D").collects:
        case.blob(collect.blob).unlink()


FAULT = Fault(
    attack="pruned the evidence of a run within its retention",
    artefact="store",
    step=6,
    says="was to be kept until",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="evidence destroyed",
)
