from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.edit_observation(
        "D", "tls.endpoint", lambda seen: seen["resources"][0]["data"].update(key_bits=4096)
    )
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="changed a fact that is computed from raw evidence, with log and statement",
    artefact="store",
    step=7,
    says="its raw evidence gives",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="lying with all keys",
)
