from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider, stranger


def apply(case: Case) -> None:
    insider = Insider(case, run_key=stranger(case))
    insider.edit_observation(
        "D", "fake.thing", lambda seen: seen["resources"][0]["data"].update(ok=True)
    )
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="changed an observation and signed everything again with a key of one's own",
    artefact="store",
    step=7,
    says="the log says",
    apply=apply,
    needs="the log key, and witnesses that saw nothing else",
    threat="key theft",
)
