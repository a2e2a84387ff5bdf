from __future__ import annotations

from datetime import timedelta

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject = case.report("html")
    case.since = None
    case.subject = case.folder / "reports" / "old-report.html"
    case.max_age = timedelta(days=30)


FAULT = Fault(
    attack="gave last quarter's report for this one",
    artefact="report",
    step=4,
    says="older than 30d",
    apply=apply,
    threat="replay of what is old",
)
