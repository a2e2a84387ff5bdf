from __future__ import annotations

from datetime import timedelta

from auditor.attest.key_record import sign_record
from auditor.ledger.entries import KeyRecord
from tests.vectors.tamper.case import CANNOT_TELL, Case, Fault
from tests.vectors.tamper.insider import Insider, Line, run_key, stranger


def apply(case: Case) -> None:
    now = case.honest.now - timedelta(minutes=1)
    insider = Insider(case)
    record = KeyRecord(use="run", action="revoke", key=run_key(case).public_key, since=now)
    insider.lines.append(Line(now, sign_record(record, stranger(case))))
    insider.write()


FAULT = Fault(
    attack="revoked the run key without being its owner",
    artefact="store",
    step=3,
    says="by an unknown",
    apply=apply,
    needs="the log key, and witnesses that saw nothing else",
    verdict=CANNOT_TELL,
    threat="key theft",
)
