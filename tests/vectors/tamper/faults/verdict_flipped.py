from __future__ import annotations

from typing import Any

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    insider = Insider(case)
    insider.edit_verdicts("D", flip_first)
    insider.seal_run("D")
    insider.write()


def flip_first(document: Any) -> None:
    finding = next(item for item in document["findings"] if item["status"] == "fail")
    finding["status"] = "pass"
    del finding["reason"]


FAULT = Fault(
    attack="wrote pass for fail into the verdicts, and signed everything with the real keys",
    artefact="store",
    step=7,
    says="judged again, the verdicts are others",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="lying with all keys",
)
