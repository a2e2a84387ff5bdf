"""Facts for a bridge letter: what changed between a period's end and a later day.

Taken from the period report of that time. Facts only: whether they matter is for the letter's
author, and nothing here says that nothing else happened.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.core.canonical import indented
from auditor.core.model.period_report import Closing, FindingHistory, PeriodReport, RunState
from auditor.core.times import format_instant
from auditor.render.inert import markdown_code, markdown_text
from auditor.render.period.json_v1 import document_digest

SCHEMA = "bridge-1"
LIMITS = (
    "These are facts from recorded runs. They are no opinion and no assurance.",
    "What no control of the runs tests, and what happened between two runs, is not in here.",
)


def bridge_document(report: PeriodReport) -> dict[str, object]:
    """The facts, schema `bridge-1`."""
    whole = report.to_json()
    controls = {control.id: control for control in report.controls}
    return {
        "schema": SCHEMA,
        "organisation": report.organisation,
        "since": format_instant(report.period.since),
        "until": format_instant(report.period.until),
        "log": whole["log"],
        "period_report": document_digest(report),
        "over": report.log.time >= report.period.until,
        "runs": {state.value: sum(run.state is state for run in report.runs) for state in RunState},
        "problems": whole["problems"],
        "changes": whole["changes"],
        "failures": [_failure(finding) for finding in report.findings],
        "gaps": [
            {
                "control": name,
                "since": format_instant(gap.since),
                "until": format_instant(gap.until),
            }
            for name, control in sorted(controls.items())
            for gap in control.gaps
        ],
        "incomplete": [
            {"control": name, "kind": item.kind, "detail": item.detail, "runs": item.runs}
            for name, control in sorted(controls.items())
            for item in control.incomplete
        ],
        "states": {name: control.state.value for name, control in sorted(controls.items())},
        "limits": list(LIMITS),
    }


def _failure(finding: FindingHistory) -> dict[str, object]:
    return {
        "id": finding.id,
        "fingerprint": finding.fingerprint,
        "severity": finding.severity.value,
        "reason": finding.reason,
        "first_seen": format_instant(finding.first_seen),
        "last_seen": format_instant(finding.last_seen),
        "ended": finding.closing.value,
        "ended_at": format_instant(finding.closed_at) if finding.closed_at else None,
    }


def bridge_json(report: PeriodReport) -> bytes:
    """The facts for programs."""
    return indented(bridge_document(report))


def bridge_markdown(report: PeriodReport) -> bytes:
    """The facts for the author of a letter."""
    return ("\n".join(_lines(report)) + "\n").encode()


def _lines(report: PeriodReport) -> Iterator[str]:
    since, until = format_instant(report.period.since), format_instant(report.period.until)
    yield f"# Facts from {since} until before {until}\n"
    yield f"Organisation: {markdown_text(report.organisation)}."
    yield f"Period report: {markdown_code(document_digest(report))}.\n"
    if report.log.time < report.period.until:
        yield (
            f"**This time is not over:** the log was read at {format_instant(report.log.time)}.\n"
        )
    counts = {state: sum(run.state is state for run in report.runs) for state in RunState}
    said = ", ".join(f"{n} {state.value.replace('_', ' ')}" for state, n in counts.items())
    yield f"Runs: {said}.\n"
    yield from _section("Changes of controls, scope and parameters", _changes(report))
    yield from _section("Failures", _failures(report))
    yield from _section("Times without evidence", _gaps(report))
    yield from _section("Evidence that is not whole", _incomplete(report))
    yield from _section(
        "Problems of runs and log",
        (f"{markdown_text(item.kind)}: {markdown_text(item.detail)}" for item in report.problems),
    )
    yield "## Limits\n"
    yield from (f"- {limit}" for limit in LIMITS)


def _section(title: str, items: Iterator[str]) -> Iterator[str]:
    found = list(items)
    yield f"## {title}\n"
    yield from (f"- {item}" for item in found)
    yield "" if found else "None recorded.\n"


def _changes(report: PeriodReport) -> Iterator[str]:
    for change in report.changes:
        yield (
            f"{format_instant(change.at)}: {change.kind} {markdown_code(change.subject)}:"
            f" {markdown_text(change.what)} ({change.effect.value}):"
            f" {markdown_code(change.before)} to {markdown_code(change.after)}"
        )


def _failures(report: PeriodReport) -> Iterator[str]:
    for finding in report.findings:
        ended = "still open"
        if finding.closing is not Closing.OPEN and finding.closed_at is not None:
            ended = f"{finding.closing.value.replace('_', ' ')} {format_instant(finding.closed_at)}"
        yield (
            f"{finding.severity.value}: {markdown_code(finding.id)}:"
            f" {markdown_text(finding.reason)}; first seen {format_instant(finding.first_seen)},"
            f" {ended}"
        )


def _gaps(report: PeriodReport) -> Iterator[str]:
    for control in report.controls:
        for gap in control.gaps:
            yield (
                f"{markdown_code(control.id)}: from {format_instant(gap.since)}"
                f" to {format_instant(gap.until)}"
            )


def _incomplete(report: PeriodReport) -> Iterator[str]:
    for control in report.controls:
        for item in control.incomplete:
            yield f"{markdown_code(control.id)}: {item.kind}: {markdown_text(item.detail)}"
