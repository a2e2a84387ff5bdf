from __future__ import annotations

from datetime import timedelta

from auditor.attest.key_record import sign_record
from auditor.ledger.entries import KeyRecord
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider, Line, run_key, stranger


def apply(case: Case) -> None:
    thief, now = stranger(case), case.honest.now - timedelta(minutes=1)
    insider = Insider(case)
    record = KeyRecord(
        use="run",
        action="rotate",
        key=thief.public_key,
        replaces=run_key(case).public_key,
        since=now,
    )
    insider.lines.append(Line(now, sign_record(record, thief)))
    insider.write()


FAULT = Fault(
    attack="rotated to a key of one's own without the old key's signature",
    artefact="store",
    step=3,
    says="not signed by the old key",
    apply=apply,
    needs="the log key, and witnesses that saw nothing else",
    threat="key theft",
)
