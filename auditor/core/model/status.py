"""The closed vocabularies of judgement: status, severity, cause, outcome."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    """What is known about one check on one resource. There is no seventh answer."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"
    WAIVED = "waived"
    MANUAL = "manual"


class ControlStatus(StrEnum):
    """A control rolls up its findings, or says that there were none."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"
    MANUAL = "manual"
    NOT_TESTED = "not_tested"


class Severity(StrEnum):
    """How bad a false assertion is."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return _SEVERITY_RANK[self]


_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def worst_severity(severities: Iterable[Severity]) -> Severity:
    """The worst of them; INFO of none."""
    return min(severities, key=lambda severity: severity.rank, default=Severity.INFO)


class Cause(StrEnum):
    """Why something could not be judged. Each has one remedy, which the reports print."""

    DENIED = "denied"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    EXPIRED_CREDENTIALS = "expired_credentials"
    TRUNCATED = "truncated"
    UNPARSABLE = "unparsable"
    NOT_SUPPORTED = "not_supported"
    VANISHED = "vanished"
    PROBE_NOT_ALLOWED = "probe_not_allowed"
    LIMIT = "limit"
    INTERNAL = "internal"
    NOT_COLLECTED = "not_collected"
    OTHER_TARGET = "other_target"
    STALE = "stale"
    FUTURE = "future"
    MISSING_FIELD = "missing_field"
    TYPE_ERROR = "type_error"
    EXPRESSION = "expression"
    ENGINE_CANNOT = "engine_cannot"
    DUPLICATE_KEY = "duplicate_key"
    INCOMPLETE = "incomplete"
    EMPTY = "empty"
    DEPENDENCY = "dependency"
    SECRET = "secret"  # noqa: S105 - the value held one and was not kept
    NOT_DECLARED = "not_declared"  # a declaration (a manifest, a plan) cannot show it
    KNOWN_AFTER_APPLY = "known_after_apply"  # the plan does not know it yet
    NOT_ATTESTED = "not_attested"  # it waits for a person's statement: the finding is manual
    REDACTED = "redacted"  # a personal value that was withheld or erased after the run


class Outcome(StrEnum):
    """How a run ended, in words; the exit code says the same."""

    OK = "ok"
    FAILING = "failing"
    INCOMPLETE = "incomplete"
    NOTHING_EVALUATED = "nothing_evaluated"
    USAGE = "usage"
    INTEGRITY = "integrity"
