"""Sheets of findings: those that need somebody's attention, and all of them."""

from __future__ import annotations

from auditor.core.model.assessment import Assessment
from auditor.core.model.status import Status
from auditor.render.glossary import CAUSE_LABEL, STATUS_LABEL
from auditor.render.view.declared import STATE_READ, declared_names
from auditor.render.view.judged import Judged, judged, requirements_of
from auditor.render.xlsx.book import Column, Row, Rows, Sheet

_JUDGED_BAD = (Status.FAIL, Status.ERROR, Status.WAIVED)


def findings(assessment: Assessment) -> Sheet:
    """Every finding, worst first."""
    columns = (
        Column("Status", 13, "status"),
        Column("Severity", 10),
        Column("Control", 24, "code"),
        Column("Check", 22, "code"),
        Column("Target", 16),
        Column("Living or declared", 18),
        Column("Resource", 46, "code"),
        Column("What was found", 60),
        Column("Cause", 16),
        Column("Missing permission", 22, "code"),
        Column("What to do", 36),
        Column("Waiver", 14),
        Column("Requirements", 26),
        Column("Environment", 12),
        Column("Resource type", 22, "code"),
        Column("Id of the system", 24, "code"),
        Column("Fingerprint", 15, "code"),
        Column("Evidence", 40, "code"),
        Column("Place in it", 18, "code"),
    )
    rows = (_row(item) for item in judged(assessment, worst_first=True))
    return Sheet("findings", columns, rows)


def _row(item: Judged) -> Row:
    finding = item.finding
    return (
        STATUS_LABEL[finding.status],
        finding.severity.value if finding.status in _JUDGED_BAD else "",
        finding.control,
        finding.check,
        finding.target,
        STATE_READ[item.declared],
        finding.key or "(the target as a whole)",
        finding.reason,
        CAUSE_LABEL[finding.cause] if finding.cause else "",
        finding.action,
        finding.hint,
        finding.waiver,
        ", ".join(requirements_of(item.control)),
        finding.environment,
        finding.resource_type,
        finding.uid,
        finding.short,
        item.digest,
        finding.pointer,
    )


def populations(assessment: Assessment) -> Sheet:
    """How many items each check judged on each target, by status."""
    columns = (
        Column("Control", 26, "code"),
        Column("Check", 24, "code"),
        Column("Target", 18),
        Column("Living or declared", 18),
        Column("Resource type", 26, "code"),
        Column("Findings", 11, "number"),
        *(Column(STATUS_LABEL[status].capitalize(), 11, "number") for status in Status),
    )
    return Sheet("populations", columns, _populations(assessment))


def _populations(assessment: Assessment) -> Rows:
    declared = declared_names(assessment)
    counts: dict[tuple[str, str, str, str], dict[Status, int]] = {}
    for finding in assessment.findings:
        at = (finding.control, finding.check, finding.target, finding.resource_type)
        own = counts.setdefault(at, dict.fromkeys(Status, 0))
        own[finding.status] += 1
    for at, own in sorted(counts.items()):
        control, check, target, kind = at
        state = STATE_READ[target in declared]
        yield (control, check, target, state, kind, sum(own.values()), *own.values())
