from __future__ import annotations

from datetime import timedelta

from auditor.ledger.entries import PruneRecord
from auditor.ledger.retention import pruned_list
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider, Line


def apply(case: Case) -> None:
    verdicts = case.run("A").verdicts
    assert verdicts is not None
    insider = Insider(case)
    now = case.honest.now - timedelta(minutes=1)
    digests = [verdicts.blob.digest]
    body = PruneRecord(before=now, count=1, blob=case.put(pruned_list(digests)))
    insider.lines.append(Line(now, body))
    insider.write()
    case.blob(verdicts.blob).unlink()


FAULT = Fault(
    attack="pruned verdicts, which are kept for ever",
    artefact="store",
    step=6,
    says="no evidence that may be",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="evidence destroyed",
)
