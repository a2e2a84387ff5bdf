from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import log_report


def apply(case: Case) -> None:
    old = (case.folder / "reports" / "old-report.html").read_bytes()
    log_report(case, old, "html", instead=True)


FAULT = Fault(
    attack="noted the report of an old run as one of the newest",
    artefact="report",
    step=8,
    says="in the report is not that of the store",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="replay of what is old",
)
