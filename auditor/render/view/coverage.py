"""What was not read, what was not tested, and why."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.core.evaluate.plan import NotTested
from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding
from auditor.core.model.status import Cause, Status

_READING = frozenset(
    {
        Cause.DENIED,
        Cause.THROTTLED,
        Cause.TIMEOUT,
        Cause.UNREACHABLE,
        Cause.EXPIRED_CREDENTIALS,
        Cause.TRUNCATED,
        Cause.UNPARSABLE,
        Cause.NOT_SUPPORTED,
        Cause.VANISHED,
        Cause.PROBE_NOT_ALLOWED,
        Cause.LIMIT,
        Cause.INTERNAL,
        Cause.NOT_COLLECTED,
    }
)
"""Causes that lie in reading; the others lie in what was read."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that was not read.

    Args:
        subjects: Regions or resources concerned, each once; none means all of the type.
        detail: What the system answered, of the first of them.
    """

    target: str
    resource_type: str
    cause: Cause
    action: str
    hint: str
    detail: str
    subjects: tuple[str, ...]


def unread(assessment: Assessment) -> list[Unread]:
    """Everything that was not read, by target and type; alike things stand together.

    The gaps of the readings are one source; the other are findings that are in error because one
    field of a resource could not be read, which is no gap of the reading as a whole.
    """
    groups: dict[tuple[str, str, str, str, str], dict[str, str]] = {}
    for reading in assessment.readings:
        for gap in reading.gaps:
            key = (reading.target, reading.resource_type, gap.cause.value, gap.action, gap.hint)
            groups.setdefault(key, {}).setdefault(gap.subject, gap.detail)
    for finding in assessment.findings:
        if finding.status is Status.ERROR and finding.cause in _READING:
            at = (finding.target, finding.resource_type, finding.cause.value)
            subjects = groups.setdefault((*at, finding.action, finding.hint), {})
            subjects.setdefault(finding.key, finding.reason.removeprefix("could not be read: "))
    return [
        Unread(
            target,
            resource_type,
            Cause(cause),
            action,
            hint,
            next(iter(subjects.values())),
            () if "" in subjects else tuple(sorted(subjects)),
        )
        for (target, resource_type, cause, action, hint), subjects in sorted(groups.items())
    ]


def not_tested_by_reason(assessment: Assessment) -> list[tuple[str, tuple[NotTested, ...]]]:
    """Checks that nothing judged, by reason; the most frequent reason first."""
    groups: dict[str, list[NotTested]] = {}
    for item in assessment.not_tested:
        groups.setdefault(item.reason, []).append(item)
    ordered = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [(reason, tuple(items)) for reason, items in ordered]


def errors_alike(findings: list[Finding]) -> list[tuple[Finding, ...]]:
    """Findings in error, alike ones (same check, target, cause and remedy) together, in order."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        same = (finding.check, finding.target, finding.cause, finding.action, finding.hint)
        reason = "" if finding.action else finding.reason
        groups.setdefault((*same, reason), []).append(finding)
    return [tuple(group) for group in groups.values()]
