"""Plain text of a gate or a comparison for a terminal: lists are capped, and say by how many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.core.diff.gate import GateResult, Refusal
from auditor.core.diff.model import RunDiff
from auditor.core.times import format_instant
from auditor.render.escape import visible
from auditor.render.gate.sections import (
    Raw,
    Row,
    Section,
    diff_sections,
    gate_sections,
    next_commands,
)
from auditor.render.gate.words import VERDICTS, counts_of, coverage_of

_ROWS = 40


def gate_text(result: GateResult) -> bytes:
    """The whole gate."""
    return _joined(_gate_lines(result))


def refusal_text(refusal: Refusal) -> bytes:
    """That nothing was compared."""
    code = refusal.code
    lines = [
        f"gate: {VERDICTS[code]} (exit code {code.value}); nothing was compared",
        f"  baseline {visible(refusal.source)}: {visible(refusal.message)}",
    ]
    return _joined([*lines, *([f"  next: {visible(refusal.hint)}"] if refusal.hint else [])])


def diff_text(diff: RunDiff) -> bytes:
    """The whole comparison."""
    counts = ", ".join(f"{number:,} {kind}" for kind, number in diff.counts.items() if number)
    head = [f"from {_run(diff, before=True)}", f"to   {_run(diff, before=False)}", counts or "none"]
    return _joined([*head, *_lists(diff_sections(diff))])


def _gate_lines(result: GateResult) -> Iterator[str]:
    code = result.exit_code
    yield f"gate: {VERDICTS[code]} (exit code {code.value})"
    for reason in result.reasons:
        yield f"  {reason.text}"
    yield f"run      {_run(result.diff, before=False)}"
    yield f"baseline {_run(result.diff, before=True)}, {visible(result.basis.source)}"
    yield f"trust    {visible(result.basis.trust)}"
    yield f"rules    {' '.join(result.rules.names()) or 'none'}"
    if result.scope:
        yield f"only     {visible(' '.join(result.scope))}"
    yield f"coverage {coverage_of(result)}"
    yield "; ".join(f"{name}: {number:,}" for name, number in counts_of(result) if number)
    yield from _lists(gate_sections(result))
    yield ""
    for row in next_commands(result):
        yield f"next: {_row(row)}"


def _lists(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        yield ""
        yield f"{section.title} ({section.count:,})"
        if section.intro:
            yield f"  {section.intro}"
        for index, row in enumerate(section.rows[:_ROWS]):
            yield f"{'    ' if index in section.below else '  '}- {_row(row)}"
        if len(section.rows) > _ROWS:
            yield f"  and {len(section.rows) - _ROWS:,} more {section.noun}: --format json"


def _run(diff: RunDiff, *, before: bool) -> str:
    side = diff.before if before else diff.after
    return f"{visible(side.run)} ({format_instant(side.now)})"


def _row(row: Row) -> str:
    return "".join(visible(part.text) if isinstance(part, Raw) else part for part in row)


def _joined(lines: Iterable[str]) -> bytes:
    return "\n".join(lines).encode() + b"\n"
