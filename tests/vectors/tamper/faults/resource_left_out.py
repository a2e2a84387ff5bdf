from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.edit_observation("D", "fake.thing", lambda seen: seen["resources"].pop())
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="took a resource out of the evidence",
    artefact="store",
    step=7,
    says="the log does not say what the evidence says",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="cherry-picked resources",
)
