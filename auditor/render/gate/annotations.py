"""Annotations of GitHub Actions (workflow commands), one a line.

A host shows ten of each level for a step; so the worst ten are written, and a notice says how many
are left out. `%`, carriage return and line feed are escaped in what is said, colon and comma as
well in what is a property: nothing that was collected can begin a command of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.core.diff.gate import GateResult, Refusal
from auditor.core.diff.model import FindingChange
from auditor.render.escape import visible
from auditor.render.gate.words import VERDICTS

MOST = 10
_LONGEST = 500


def gate_annotations(result: GateResult) -> bytes:
    """New failures and weaker policy as errors, what was not judged as warnings."""
    lines = [*_changes("error", "New failure", result.new_failures[:MOST])]
    weaker = [weakening for weakening in result.weakenings if not weakening.approval]
    for weakening in weaker[: MOST - len(lines)]:
        text = f"{weakening.part}: approve {weakening.digest}"
        lines.append(_line("error", "Weaker policy", text))
    left = len(result.new_failures) + len(weaker) - len(lines)
    unjudged = (*result.lost, *result.newly_unjudged)
    lines += _changes("warning", "Not judged", unjudged[:MOST])
    left += max(0, len(unjudged) - MOST)
    title = f"auditor gate: {VERDICTS[result.exit_code]}"
    said = "; ".join(reason.text for reason in result.reasons) or "nothing got worse"
    more = f"; {left:,} more are in the summary and in the JSON" if left else ""
    lines.append(_line("notice", title, said + more))
    return "\n".join(lines).encode() + b"\n"


def refusal_annotation(refusal: Refusal) -> bytes:
    """One error."""
    title = f"auditor gate: {VERDICTS[refusal.code]}"
    text = f"baseline {refusal.source}: {refusal.message}"
    return _line("error", title, text).encode() + b"\n"


def _changes(level: str, title: str, changes: Sequence[FindingChange]) -> Iterator[str]:
    for change in changes:
        reason = f": {change.finding.reason}" if change.after else ""
        yield _line(level, title, f"{change.finding.id}, {change.was} -> {change.now}{reason}")


def _line(level: str, title: str, text: str) -> str:
    shown = visible(text)
    cut = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} (cut)"
    return f"::{level} title={_property(visible(title))}::{_data(cut)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
