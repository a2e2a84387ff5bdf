from __future__ import annotations

from auditor.keys.file import generate_key
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    key = generate_key(case.folder / "stranger.pem", "ed25519")
    Insider(case, log_key=key).write()


FAULT = Fault(
    attack="signed the log with another key, cosigned by the real witnesses",
    artefact="store",
    step=3,
    says="log/checkpoint",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="key theft",
)
