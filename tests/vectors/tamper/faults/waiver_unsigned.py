from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.edit_policy("D", lambda policy: policy["waivers"][0].update(sidecar=""))
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="let a waiver count that nobody has approved",
    artefact="store",
    step=7,
    says="signature file",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="false exceptions",
)
