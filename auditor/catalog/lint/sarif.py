"""Lint diagnostics as SARIF 2.1.0 (OASIS), for code hosts and editors."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.catalog.lint import RULES, Diagnostic, split_place
from auditor.core.canonical import canonical, digest
from auditor.core.sarif import sarif_log, sarif_rule

_BASE = "LIBRARY"  # files are named from the folder that holds the library's folder


def to_sarif(diagnostics: Sequence[Diagnostic], version: str) -> bytes:
    """The log of one lint run.

    Args:
        version: Of this program.
    """
    index = {rule.id: number for number, rule in enumerate(RULES)}
    rules = [sarif_rule(rule.id, rule.summary, rule.why, rule.level) for rule in RULES]
    return sarif_log(version, rules, [_result(diagnostic, index) for diagnostic in diagnostics])


def _result(diagnostic: Diagnostic, index: dict[str, int]) -> dict[str, object]:
    problem = diagnostic.problem
    file, line, column = split_place(problem.where)
    text = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    place: dict[str, object] = {"artifactLocation": {"uri": file, "uriBaseId": _BASE}}
    if line:
        place["region"] = {"startLine": line, "startColumn": max(column, 1)}
    return {
        "ruleId": diagnostic.rule.id,
        "ruleIndex": index[diagnostic.rule.id],
        "level": diagnostic.rule.level,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"said/v1": _fingerprint(diagnostic)},
    }


def _fingerprint(diagnostic: Diagnostic) -> str:
    """The same for the same complaint about the same control, wherever it moves in the file."""
    said = [diagnostic.control, diagnostic.rule.id, diagnostic.problem.message]
    return digest(canonical(said)).removeprefix("sha256:")
