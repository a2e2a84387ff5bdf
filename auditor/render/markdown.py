"""Markdown for a pull request's comment or a job's summary (GitHub Flavored Markdown).

Code hosts act upon text: `@name` calls people, `#7` and long hexadecimal words become links, also
behind a backslash, for these are looked for in the finished page. In a code span they are not; so
whatever was collected or configured stands in one, and nothing else is trusted. A host cuts what is
too long, or refuses it: the text ends before, and says what it leaves out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding
from auditor.core.model.report_proof import ReportProof
from auditor.core.model.status import Status
from auditor.core.rollup import exit_code
from auditor.core.times import format_instant
from auditor.errors import UsageError
from auditor.render.glossary import CAUSE_LABEL, OUTCOME_MEANING, REQUIREMENT_LABEL, STATUS_LABEL
from auditor.render.inert import markdown_code, markdown_words
from auditor.render.view.controls import ControlView, control_views
from auditor.render.view.coverage import Unread, not_tested_by_reason, unread
from auditor.render.view.declared import judged_on
from auditor.render.view.judged import OPEN
from auditor.render.view.requirements import framework_views
from auditor.render.view.waivers import waiver_views
from auditor.render.view.words import STATUS_ORDER, label, plural

COMMENT = 65_536
"""Characters that a comment on GitHub may have."""
JOB_SUMMARY = 1_048_576
"""Bytes that the summary of a step on GitHub may have."""
_LEAST = 4_096
_RESERVE = 800  # for the lines that say what is left out
_KEY, _REASON, _SAMPLES = 300, 600, 5


@dataclass(frozen=True, slots=True)
class MarkdownRenderer:
    """One document.

    Args:
        limit: Bytes in UTF-8 at most, so characters at most as well; at least 4,096.

    Raises:
        UsageError: The limit is too small for the figures.
    """

    limit: int = COMMENT
    name: str = "markdown"
    suffix: str = ".md"
    media_type: str = "text/markdown; charset=utf-8; variant=GFM"

    def __post_init__(self) -> None:
        if self.limit < _LEAST:
            raise UsageError(f"got a limit of {self.limit} bytes, expected at least {_LEAST}")

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """Figures and record, the worst controls first, then what was not tested and not read."""
        del proof  # a comment carries none
        rest = _Page(self.limit // 4)
        rest.add_all(_not_tested(assessment), "lines on checks that were not tested")
        rest.add_all(_refused(assessment), "lines on waivers that are not honoured")
        rest.add_all(_frameworks(assessment), "lines on frameworks")
        rest.add_all(_not_read(assessment), "lines on what was not read")
        page = _Page(self.limit - rest.size - _RESERVE)
        page.add_all(_head(assessment), "lines of the summary")
        for view in control_views(assessment):
            _control(page, view)
        return page.joined(rest)


class _Page:
    """Lines up to a limit; what does not fit is counted by what it is."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: list[bytes] = []
        self._left_out: Counter[str] = Counter()
        self.size = 0

    def add(self, text: str, what: str) -> None:
        """Add a block if it fits and nothing before it was left out."""
        data = text.encode()
        if self._left_out or self.size + len(data) + 1 > self._limit:
            self._left_out[what] += 1
            return
        self._lines.append(data)
        self.size += len(data) + 1

    def add_all(self, texts: Iterator[str], what: str) -> None:
        """Add blocks of one kind."""
        for text in texts:
            self.add(text, what)

    def joined(self, rest: _Page) -> bytes:
        """Both pages, and what is left out of them."""
        lines = self._lines + rest._lines
        left_out = self._left_out + rest._left_out
        if left_out:
            parts = ", ".join(f"{number:,} {what}" for what, number in left_out.items())
            said = f"\n**Left out for want of room:** {parts}. All of it is in the JSON report."
            lines.append(said.encode())
        return b"\n".join(lines) + b"\n"


def _head(assessment: Assessment) -> Iterator[str]:
    outcome = assessment.outcome
    yield f"## auditor: {label(outcome.value)}\n"
    code = exit_code(outcome).value
    yield f"{OUTCOME_MEANING[outcome].capitalize()} (exit code {code}).\n"
    yield "| status | findings |\n| --- | ---: |"
    for status in STATUS_ORDER:
        yield f"| {STATUS_LABEL[status]} | {assessment.counts[status.value]:,} |"
    yield f"| checks not tested | {len(assessment.not_tested):,} |\n"
    who = markdown_words(assessment.organisation) if assessment.organisation else "not named"
    yield f"Organisation: {who}. Run {markdown_code(assessment.run, _KEY)}, judged at"
    yield f"{format_instant(assessment.now)}. {_record(assessment)}"
    told = judged_on(assessment)
    if told:
        yield f"\nJudged: {markdown_words(told)}."


def _record(assessment: Assessment) -> str:
    log = assessment.log
    if log is None:
        return "Not recorded: this run is in no log."
    stamp = "time-stamped" if log.timestamped else "untimed"
    origin = markdown_code(log.origin, _KEY)
    return f"Log {origin}, size {log.size}, root {markdown_code(log.root, _KEY)}; {stamp}."


def _control(page: _Page, view: ControlView) -> None:
    findings = view.with_status(*OPEN)
    if not findings:
        return
    page.add(_control_title(view), "controls")
    for finding in findings:
        page.add(_finding(finding), f"findings with status {finding.status.value}")


def _control_title(view: ControlView) -> str:
    severity = f", {view.severity.value}" if view.severity else ""
    title = markdown_words(view.result.control.title)
    return f"\n### {title} ({STATUS_LABEL[view.status]}{severity})\n\nControl `{view.id}`.\n"


def _finding(finding: Finding) -> str:
    word = finding.severity.value if finding.status is Status.FAIL else finding.status.value
    cause = f", {CAUSE_LABEL[finding.cause]}" if finding.cause else ""
    key = markdown_code(finding.key, _KEY) if finding.key else "the whole target"
    where = f"on {markdown_code(finding.target, _KEY)}, check `{finding.check}`"
    said = f": {markdown_code(finding.reason, _REASON)}" if finding.reason else ""
    hints = [
        f"; {name} {markdown_code(text, _KEY)}"
        for name, text in (("missing", finding.action), ("hint", finding.hint))
        if text
    ]
    return f"- **{word}{cause}** {key} {where}{said}{''.join(hints)}. `auditor why {finding.short}`"


def _not_tested(assessment: Assessment) -> Iterator[str]:
    groups = not_tested_by_reason(assessment)
    if groups:
        yield "\n### Not tested\n\nSelected, and judged by nothing.\n"
    for reason, items in groups:
        paths = [f"`{item.control}/{item.check}`" for item in items[:_SAMPLES]]
        yield f"- {_some(paths, len(items))}: {markdown_code(reason, _REASON)}"


def _not_read(assessment: Assessment) -> Iterator[str]:
    gaps = unread(assessment)
    if gaps:
        yield "\n### Not read\n\nCounted as error, never as pass.\n"
    for gap in gaps:
        yield _gap(gap)


def _gap(gap: Unread) -> str:
    subjects = [markdown_code(subject, _KEY) for subject in gap.subjects[:_SAMPLES]]
    which = _some(subjects, len(gap.subjects)) or "all of it"
    where = f"{markdown_code(gap.target, _KEY)}, {markdown_code(gap.resource_type, _KEY)}"
    missing = f"; missing {markdown_code(gap.action, _KEY)}" if gap.action else ""
    said = markdown_code(gap.detail, _REASON)
    return f"- **{CAUSE_LABEL[gap.cause]}** {where}, {which}: {said}{missing}"


def _refused(assessment: Assessment) -> Iterator[str]:
    refused = [view for view in waiver_views(assessment) if view.refused]
    if refused:
        yield "\n### Waivers that are not honoured\n"
    for view in refused:
        waiver = view.signed.waiver
        yield f"- `{waiver.id}` for `{waiver.check}`: {markdown_code(view.reason, _REASON)}"


def _frameworks(assessment: Assessment) -> Iterator[str]:
    views = framework_views(assessment)
    if views:
        yield "\n### Frameworks\n\nWhat was tested and found; no opinion.\n"
    for view in views:
        states = [f"{n:,} {REQUIREMENT_LABEL[state]}" for state, n in view.states.items() if n]
        total = plural(sum(view.states.values()), "requirement")
        yield f"- {markdown_words(view.framework.title)}: {total}; {', '.join(states)}"


def _some(shown: Sequence[str], total: int) -> str:
    """The first of a list, and how many more there are."""
    more = f" and {total - len(shown):,} more" if total > len(shown) else ""
    return f"{', '.join(shown)}{more}"
