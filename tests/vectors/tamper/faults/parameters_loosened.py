from __future__ import annotations

from typing import Any

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.edit_policy("D", loosen)
    insider.seal_run("D")
    insider.write()


def loosen(policy: Any) -> None:
    check = next(item for item in policy["controls"][0]["checks"] if item["id"] == "thing")
    check["assert"][0]["expr"] = "resource.name != ''"


FAULT = Fault(
    attack="loosened a parameter in the recorded controls, and kept the verdicts",
    artefact="store",
    step=7,
    says="the log says failing",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="policy changed afterwards",
)
