from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    del insider.lines[25:]
    insider.write(witnessed=False)


FAULT = Fault(
    attack="cut the newest run off and signed the log again with the real key",
    artefact="store",
    step=2,
    says="requires 2 witnesses, 0 count",
    apply=apply,
    needs="all keys of the company",
    threat="rewritten, cut or rolled back by an insider",
)
