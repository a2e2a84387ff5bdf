"""Sheets of what was to be tested: requirements, controls, waivers, checks that were not tested."""

from __future__ import annotations

from auditor.core.model.assessment import Assessment
from auditor.core.model.status import Status
from auditor.core.times import format_duration, format_instant
from auditor.render.glossary import REQUIREMENT_LABEL, STATUS_LABEL
from auditor.render.view.controls import control_views
from auditor.render.view.judged import requirements_of
from auditor.render.view.requirements import framework_views
from auditor.render.view.waivers import waiver_views
from auditor.render.xlsx.book import Column, Rows, Sheet


def requirements(assessment: Assessment) -> Sheet:
    """Every requirement of every framework of the run, also those without a control."""
    columns = (
        Column("Framework", 13),
        Column("Id", 9, "code"),
        Column("Requirement", 44),
        Column("State", 16, "status"),
        Column("Controls and how strongly they are mapped", 40),
        Column("What the mapping leaves out", 36),
        Column("Deviations", 11, "number"),
        Column("Undecided", 11, "number"),
        Column("Waived", 9, "number"),
    )
    return Sheet("requirements", columns, _requirements(assessment))


def _requirements(assessment: Assessment) -> Rows:
    for view in framework_views(assessment):
        for row in (row for group in view.groups for row in group.rows):
            mapped = [(item.result.control.id, item.mapping) for item in row.mapped]
            yield (
                view.framework.id,
                row.result.id,
                row.result.title,
                REQUIREMENT_LABEL[row.state],
                "; ".join(f"{name} ({mapping.strength})" for name, mapping in mapped) or "none",
                "; ".join(f"{name}: {mapping.gap}" for name, mapping in mapped if mapping.gap),
                row.result.deviations,
                row.result.undecided,
                row.result.waived,
            )


def controls(assessment: Assessment) -> Sheet:
    """Every control, worst first."""
    columns = (
        Column("Control", 24, "code"),
        Column("Title", 34),
        Column("Status", 13, "status"),
        Column("Worst severity", 10),
        *(Column(STATUS_LABEL[status].capitalize(), 11, "number") for status in Status),
        Column("Statement", 56),
        Column("Owner", 18),
        Column("Frequency", 12),
        Column("Tested every", 10),
        Column("Requirements", 30),
        Column("Checks not tested, and why", 40),
    )
    return Sheet("controls", columns, _controls(assessment))


def _controls(assessment: Assessment) -> Rows:
    for view in control_views(assessment):
        result, control = view.result, view.result.control
        yield (
            control.id,
            control.title,
            STATUS_LABEL[result.status],
            view.severity.value if view.severity else "",
            *(result.counts[status.value] for status in Status),
            control.statement,
            control.owner.role,
            control.frequency.replace("_", " "),
            format_duration(control.evaluate.every),
            ", ".join(requirements_of(control)),
            "; ".join(f"{item.check}: {item.reason}" for item in result.not_tested),
        )


def not_tested(assessment: Assessment) -> Sheet:
    """Checks that nothing judged, and why."""
    columns = (
        Column("Control", 26, "code"),
        Column("Check", 26, "code"),
        Column("Status", 13, "status"),
        Column("Why", 90),
    )
    rows = (
        (item.control, item.check, STATUS_LABEL["not_tested"], item.reason)
        for item in assessment.not_tested
    )
    return Sheet("not tested", columns, rows)


def waivers(assessment: Assessment) -> Sheet:
    """Every waiver, those that are not honoured first."""
    columns = (
        Column("Waiver", 18, "code"),
        Column("State", 16),
        Column("Why", 34),
        Column("Check", 26, "code"),
        Column("Matches", 34, "code"),
        Column("Findings covered", 10, "number"),
        Column("At most", 9, "number"),
        Column("Reason", 40),
        Column("Risk", 14),
        Column("Compensating", 30),
        Column("Requested by", 18),
        Column("Approved by", 18),
        Column("Approved at (UTC)", 21),
        Column("Expires (UTC)", 21),
        Column("Signature", 20),
    )
    return Sheet("waivers", columns, _waivers(assessment))


def _waivers(assessment: Assessment) -> Rows:
    for view in waiver_views(assessment):
        waiver = view.signed.waiver
        yield (
            waiver.id,
            view.state,
            view.reason,
            waiver.check,
            waiver.match,
            len(view.covered),
            waiver.max_items,
            waiver.reason,
            waiver.risk,
            "; ".join(waiver.compensating),
            waiver.requested_by,
            waiver.approved_by,
            format_instant(waiver.approved_at),
            format_instant(waiver.expires),
            view.signed.signature,
        )
