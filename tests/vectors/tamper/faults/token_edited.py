from __future__ import annotations

from auditor.attest.bundle import Bundle
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    token = bytearray(Bundle.parse(case.statement("D").read_bytes()).timestamps[0])
    token[-1] ^= 1
    insider.seal_run("D", tokens=[bytes(token)])
    insider.write()


FAULT = Fault(
    attack="changed a byte of the time-stamp in a statement, and let the log name the changed file",
    artefact="store",
    step=5,
    says="statement.sigstore.json",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="backdating",
)
