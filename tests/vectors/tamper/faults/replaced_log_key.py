from __future__ import annotations

from auditor.keys.file import load_key
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    Insider(case, log_key=load_key(case.work / "keys" / "log.pem")).write()


FAULT = Fault(
    attack="signed the log with the key that was rotated out",
    artefact="store",
    step=3,
    says="has replaced",
    apply=apply,
    needs="the old log key, and witnesses that saw nothing else",
    threat="key theft",
)
