from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.edit_observation(
        "D", "people.person", lambda seen: seen["resources"][1]["data"].update(active=True)
    )
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="changed an observation and signed everything again, but not the verdicts",
    artefact="store",
    step=7,
    says="the log says failing",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="lying with all keys",
)
