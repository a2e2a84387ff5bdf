from __future__ import annotations

from dataclasses import replace

from auditor.ledger.entries import RunEnd
from tests.vectors.tamper.authority import RequestMaker
from tests.vectors.tamper.case import CANNOT_TELL, Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    honest = case.honest.maker
    insider = Insider(case)
    end = insider.line("D", RunEnd).time
    object.__setattr__(case, "honest", replace(case.honest, maker=RequestMaker()))
    insider.seal_run("D", at=end)
    object.__setattr__(case, "honest", replace(case.honest, maker=honest))
    insider.write()


FAULT = Fault(
    attack="had a statement stamped by an authority of one's own",
    artefact="store",
    step=5,
    says="statement.sigstore.json",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    verdict=CANNOT_TELL,
    threat="backdating",
)
