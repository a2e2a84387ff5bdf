from __future__ import annotations

from tests.vectors.tamper.case import CANNOT_TELL, Case, Fault
from tests.vectors.tamper.insider import Insider, stranger


def apply(case: Case) -> None:
    insider = Insider(case, run_key=stranger(case))
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="signed a run with a key that nobody trusts",
    artefact="store",
    step=5,
    says="unknown key",
    apply=apply,
    needs="the log key, and witnesses that saw nothing else",
    verdict=CANNOT_TELL,
    threat="key theft",
)
