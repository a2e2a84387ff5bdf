"""Versions by semver.org 2.0.0, with the names of the Kubernetes CEL library."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from auditor.core.expression.functions.strings import typed
from auditor.core.expression.values import EvaluationError, Semver, Value, show

_NUMBER = r"(0|[1-9]\d{0,17})"
_IDENTIFIER = r"(?:0|[1-9]\d{0,17}|\d*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)


def parse_semver(text: str) -> Semver:
    """A version from its text; build metadata does not count.

    Raises:
        EvaluationError: It is none: `v1.2.3` and `1.2` are not.
    """
    match = _VERSION.fullmatch(text)
    if match is None:
        raise EvaluationError(f"{show(text)} is no semantic version, as 1.4.0 or 2.0.0-rc.1")
    major, minor, patch, pre = match.groups()
    identifiers = tuple(_identifier(part) for part in pre.split(".")) if pre else ()
    # A release ranks above its pre-releases (clause 11.3).
    return Semver((int(major), int(minor), int(patch), not pre, identifiers))


def _identifier(part: str) -> tuple[bool, int, str]:
    """Numbers by value and below texts (clauses 11.4.1 to 11.4.3)."""
    return (False, int(part), "") if part.isdecimal() else (True, 0, part)


def _is_semver(text: str) -> bool:
    return _VERSION.fullmatch(text) is not None


def _compare(left: Semver, right: Semver) -> int:
    return (left > right) - (left < right)


_PAIR = "kubernetes.Semver kubernetes.Semver"

SEMVER: Mapping[str, Callable[..., Value]] = {
    "semver": typed("semver", "string", parse_semver),
    "isSemver": typed("isSemver", "string", _is_semver),
    "major": typed("major", "kubernetes.Semver", lambda version: version.rank[0]),
    "minor": typed("minor", "kubernetes.Semver", lambda version: version.rank[1]),
    "patch": typed("patch", "kubernetes.Semver", lambda version: version.rank[2]),
    "compareTo": typed("compareTo", _PAIR, _compare),
    "isLessThan": typed("isLessThan", _PAIR, lambda left, right: left < right),
    "isGreaterThan": typed("isGreaterThan", _PAIR, lambda left, right: left > right),
}
