from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.edit_observation("D", "people.person", lambda seen: seen["calls"][0].update(more=True))
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="told a reading with unread pages as complete",
    artefact="store",
    step=7,
    says="the log does not say what the evidence says",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="cherry-picked resources",
)
