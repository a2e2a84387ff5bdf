from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.edit_policy("D", lambda policy: policy.update(engine="other 1.0"))
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="signed that another engine had judged",
    artefact="store",
    step=5,
    says="engine is",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="lying with all keys",
)
