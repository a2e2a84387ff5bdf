from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.edit_policy("D", lambda policy: policy["waivers"][0]["waiver"].update(max_items=9))
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="judged by other terms of a waiver than its signed text has",
    artefact="store",
    step=7,
    says="waiver",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="false exceptions",
)
