from __future__ import annotations

from typing import Any

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.edit_policy("D", widen)
    insider.seal_run("D")
    insider.write()


def widen(policy: Any) -> None:
    signed = policy["waivers"][0]
    signed["text"] = signed["text"].replace("max_items: 1", "max_items: 9")
    signed["waiver"]["max_items"] = 9


FAULT = Fault(
    attack="let an approved waiver cover more than was approved",
    artefact="store",
    step=7,
    says="other bytes than this file",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="false exceptions",
)
