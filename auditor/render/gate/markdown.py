"""Markdown of a gate or a comparison: the body of a pull request's comment, or a job's summary.

As in every Markdown of this program, collected and configured text stands in a code span, where a
code host makes no mention, link or markup of it. A gate begins with a comment that names the
document, by which a bot finds the one that it wrote before. Each section may take half of the room
that is left, so that none pushes the others out; what is left out is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.core.diff.gate import GateResult, Refusal
from auditor.core.diff.model import RunDiff
from auditor.core.times import format_instant
from auditor.errors import ExitCode, UsageError
from auditor.render.gate.sections import (
    Raw,
    Row,
    Section,
    diff_sections,
    gate_sections,
    next_commands,
)
from auditor.render.gate.words import VERDICTS, counts_of, coverage_of
from auditor.render.inert import markdown_code
from auditor.render.markdown import COMMENT, JOB_SUMMARY

__all__ = ["COMMENT", "JOB_SUMMARY", "MARK", "GateMarkdown"]
MARK = "<!-- auditor gate -->"
_LEAST = 4_096
_RESERVE = 1_600  # for titles without rows, and for what is left out
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class GateMarkdown:
    """One document.

    Args:
        limit: Bytes in UTF-8 at most, so characters at most as well; at least 4,096.

    Raises:
        UsageError: The limit is too small for the figures.
    """

    limit: int = COMMENT

    def __post_init__(self) -> None:
        if self.limit < _LEAST:
            raise UsageError(f"got a limit of {self.limit} bytes, expected at least {_LEAST}")

    def gate(self, result: GateResult) -> bytes:
        """Verdict and reasons, figures, sections, the next commands."""
        tail = ["\n### Next\n", *(_command(row) for row in next_commands(result))]
        return self._document([MARK, *_head(result)], gate_sections(result), tail)

    def refusal(self, refusal: Refusal) -> bytes:
        """That nothing was compared, and why."""
        source = markdown_code(refusal.source, _LONGEST)
        lines = [
            MARK,
            f"## auditor gate: {VERDICTS[refusal.code]}\n",
            f"**Nothing was compared** (exit code {refusal.code.value}), for {source}:\n",
            f"- {markdown_code(refusal.message, _LONGEST)}",
        ]
        if refusal.hint:
            lines.append(f"- next: {markdown_code(refusal.hint, _LONGEST)}")
        return self._document(lines, (), [])

    def diff(self, diff: RunDiff) -> bytes:
        """Figures and sections."""
        head = [
            "## auditor diff\n",
            f"From {_run(diff, before=True)} to {_run(diff, before=False)}.\n",
            *_table([(kind, number) for kind, number in diff.counts.items()]),
        ]
        return self._document(head, diff_sections(diff), [])

    def _document(
        self, head: Iterable[str], sections: Iterable[Section], tail: Iterable[str]
    ) -> bytes:
        lines, end = [*head], [*tail]
        room = self.limit - _RESERVE - sum(len(line.encode()) + 1 for line in (*lines, *end))
        left_out: Counter[str] = Counter()
        for section in sections:
            used = 0
            for line in _begin(section):
                lines.append(line)
                used += len(line.encode()) + 1
            for index, row in enumerate(section.rows):
                line = f"{'  ' if index in section.below else ''}- {_row(row)}"
                if used + len(line.encode()) + 1 > room // 2:
                    left_out[section.noun] += len(section.rows) - index
                    break
                lines.append(line)
                used += len(line.encode()) + 1
            room -= used
        lines += end
        if left_out:
            said = ", ".join(f"{number:,} {noun}" for noun, number in left_out.items())
            lines.append(f"\n**Left out for want of room:** {said}. All of it is in the JSON.")
        return "\n".join(lines).encode() + b"\n"


def _head(result: GateResult) -> Iterator[str]:
    code = result.exit_code
    yield f"## auditor gate: {VERDICTS[code]}\n"
    if code is ExitCode.OK:
        yield "Nothing got worse by these rules (exit code 0).\n"
    else:
        yield f"Exit code {code.value}:\n"
    for reason in result.reasons:
        yield f"- {reason.text}"
    if result.reasons:
        yield ""
    yield from _table(counts_of(result))
    diff = result.diff
    yield f"Run {_run(diff, before=False)} against {_run(diff, before=True)}."
    source = markdown_code(result.basis.source, _LONGEST)
    yield f"Baseline {source}, trusted by {markdown_code(result.basis.trust, _LONGEST)}."
    yield f"Rules: `{' '.join(result.rules.names()) or 'none'}`. {coverage_of(result)}."
    if result.scope:
        scope = markdown_code(" ".join(result.scope), _LONGEST)
        yield f"Only {scope}; nothing is said of the rest."
    declared = sorted(t.name for t in diff.after.policy.targets if t.declared)
    if declared:
        names = markdown_code(", ".join(declared), _LONGEST)
        yield f"Judged as declared, not on a living system: {names}."


def _table(rows: Iterable[tuple[str, int]]) -> Iterator[str]:
    yield "| | results |\n| --- | ---: |"
    for name, number in rows:
        yield f"| {name} | {number:,} |"
    yield ""


def _run(diff: RunDiff, *, before: bool) -> str:
    side = diff.before if before else diff.after
    return f"{markdown_code(side.run, _LONGEST)} ({format_instant(side.now)})"


def _begin(section: Section) -> Iterator[str]:
    yield f"\n### {section.title} ({section.count:,})\n"
    if section.intro:
        yield f"{section.intro}\n"


def _row(row: Row) -> str:
    return "".join(
        markdown_code(part.text, _LONGEST) if isinstance(part, Raw) else part for part in row
    )


def _command(row: Row) -> str:
    text = "".join(part.text if isinstance(part, Raw) else part for part in row)
    return f"- {markdown_code(text, _LONGEST)}"
