"""The blocks of the terminal text, each made of rich's renderables, in the order of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding
from auditor.core.model.status import Cause, ControlStatus, Outcome, Status
from auditor.core.rollup import exit_code
from auditor.core.times import format_instant
from auditor.render.escape import visible
from auditor.render.glossary import (
    CAUSE_LABEL,
    CAUSE_REMEDY,
    OUTCOME_MEANING,
    REQUIREMENT_LABEL,
    STATUS_LABEL,
)
from auditor.render.view.controls import ControlView, cap
from auditor.render.view.coverage import Unread, errors_alike, not_tested_by_reason, unread
from auditor.render.view.declared import judged_on
from auditor.render.view.requirements import framework_views
from auditor.render.view.waivers import waiver_views
from auditor.render.view.words import count_line, label, listed, plural

STATUS_STYLE = {
    "fail": "bold red",
    "error": "bold yellow",
    "manual": "bold magenta",
    "waived": "bold cyan",
    "pass": "bold green",
    "not_applicable": "dim",
    "not_tested": "bold blue",
}
_MARGIN = 10
_SAMPLES = 3
_QUIET = (ControlStatus.PASS, ControlStatus.NOT_APPLICABLE)


def header(assessment: Assessment) -> Iterator[RenderableType]:
    """Who, what, when."""
    title = Table.grid(expand=True)
    title.add_column(ratio=1, overflow="fold")
    title.add_column(justify="right", overflow="fold")
    run = Text(f"run {visible(assessment.run)}", style="dim")
    title.add_row(_text(assessment.organisation or "no organisation named", "bold"), run)
    yield title
    names = [f"{t.name} ({t.kind}, {t.environment})" for t in assessment.targets]
    frameworks = ", ".join(framework.title for framework in assessment.frameworks)
    rows: list[tuple[str, str, RenderableType]] = [
        ("dim", "judged at", _text(format_instant(assessment.now))),
        ("dim", "against", _text(frameworks or "no framework")),
        ("dim", "targets", _text(", ".join(names) or "none")),
    ]
    told = judged_on(assessment)
    yield _rows([*rows, ("dim", "judged", _text(told))] if told else rows)


def control(view: ControlView, most: int) -> Iterator[RenderableType]:
    """A control that needs attention, with the findings that do."""
    style = STATUS_STYLE[view.status]
    counts = count_line(view.result.counts)
    title = Text.assemble(
        (visible(view.result.control.title), "bold"),
        f"\n{view.id} · owner {visible(view.result.control.owner.role)} · {counts}",
    )
    severity = f"\n{view.severity.value}" if view.severity else ""
    yield Text("")
    yield Rule(style="dim")
    yield _rows([(style, f"{STATUS_LABEL[view.status].upper()}{severity}", title)])
    yield Text("")
    for status in (Status.FAIL, Status.MANUAL, Status.WAIVED):
        capped = cap(view.with_status(status), most)
        yield _rows([_finding(finding) for finding in capped.shown])
        yield from _left_out(capped.left_out, status.value)
    groups = errors_alike(view.with_status(Status.ERROR))
    yield _rows([_error(group) for group in groups[:most]])
    yield from _left_out(sum(len(group) for group in groups[most:]), "error")


def _finding(finding: Finding) -> tuple[str, str, RenderableType]:
    word = finding.severity.value if finding.status is Status.FAIL else finding.status.value
    body = [_resource(finding), _text(finding.reason or finding.status.value), _next(finding)]
    return STATUS_STYLE[finding.status], word, Group(*body)


def _error(group: Sequence[Finding]) -> tuple[str, str, RenderableType]:
    """Errors that are alike, as one row: the first one, and the others by their keys."""
    first = group[0]
    cause = f"{CAUSE_LABEL[first.cause]}: " if first.cause else ""
    body: list[RenderableType] = [_resource(first), _text(f"{cause}{first.reason}")]
    if len(group) > 1:
        others = [visible(f.key) or "(the whole target)" for f in group[1:]]
        body.append(_text(f"alike: {listed(others, _SAMPLES)}"))
    body += _remedy(first.cause, first.action, first.hint)
    return STATUS_STYLE[Status.ERROR], "error", Group(*body, _next(first))


def _remedy(cause: Cause | None, action: str, hint: str) -> list[RenderableType]:
    """What is missing, and what to do next."""
    word = "missing permission" if cause is Cause.DENIED else "operation"
    next_step = hint or (CAUSE_REMEDY[cause][1] if cause else "")
    lines = [(f"{word}: {action}", bool(action)), (f"hint: {next_step}", bool(next_step))]
    return [_text(line) for line, wanted in lines if wanted]


def _resource(finding: Finding) -> Text:
    where = finding.target if finding.key else f"{finding.target} (the whole target)"
    key = f"{finding.key}  " if finding.key else ""
    return Text.assemble((visible(key), "bold"), (f"{visible(where)} · {finding.check}", "dim"))


def _next(finding: Finding) -> Text:
    return _text(f"$ auditor why {finding.short}", "cyan")


def _left_out(number: int, word: str) -> Iterator[RenderableType]:
    if number:
        hint = "all of them: --format json, or the report"
        yield _rows([("dim", "", _text(f"… and {number:,} more with status {word} ({hint})"))])


def quiet_controls(views: Sequence[ControlView]) -> Iterator[RenderableType]:
    """Controls with nothing to do about, one line for each status."""
    rows: list[tuple[str, str, RenderableType]] = []
    for status in _QUIET:
        own = [v for v in views if v.status is status and not v.result.counts[Status.WAIVED]]
        if own:
            checked = sum(sum(view.result.counts.values()) for view in own)
            ids = ", ".join(view.id for view in own)
            line = f"{plural(len(own), 'control')}, {plural(checked, 'finding')}: {ids}"
            word = STATUS_LABEL[status].replace("not applicable", "n/a").upper()
            rows.append((STATUS_STYLE[status], word, _text(line)))
    if rows:
        yield Text("")
        yield Rule(style="dim")
        yield _rows(rows)


def not_tested(assessment: Assessment, most: int) -> Iterator[RenderableType]:
    """Selected checks that nothing judged, by reason."""
    groups = not_tested_by_reason(assessment)
    if groups:
        count = plural(len(assessment.not_tested), "check")
        yield _heading("not tested", f"{count} selected, and judged by nothing")
    for reason, items in groups:
        paths = [f"{item.control}/{item.check}" for item in items]
        body = Group(_text(reason), _text(listed(paths, most), "dim"))
        yield _rows([("", f"{len(items):,}", body)])


def not_read(assessment: Assessment, most: int) -> Iterator[RenderableType]:
    """What could not be read, by target."""
    gaps = unread(assessment)
    if gaps:
        yield _heading("not read", "counted as error, never as pass")
    words = [CAUSE_LABEL[gap.cause] for gap in gaps[:most]]
    width = max([_MARGIN, *map(len, words)])  # a cause is not broken in two
    rows = [("yellow", word, _gap(gap)) for word, gap in zip(words, gaps, strict=False)]
    yield _rows(rows, width)
    if gaps[most:]:
        more = f"… and {len(gaps) - most:,} more (all of them: --format json, or the report)"
        yield _rows([("dim", "", _text(more))])


def _gap(gap: Unread) -> RenderableType:
    subjects = listed([visible(s) for s in gap.subjects], _SAMPLES) if gap.subjects else "all of it"
    what = Text.assemble(
        (visible(gap.target), "bold"), f" {visible(gap.resource_type)}: {subjects}"
    )
    return Group(what, _text(gap.detail, "dim"), *_remedy(gap.cause, gap.action, gap.hint))


def refused_waivers(assessment: Assessment) -> Iterator[RenderableType]:
    """Waivers that did not count, and why."""
    refused = [view for view in waiver_views(assessment) if view.refused]
    if refused:
        yield _heading("waivers", "offered, and not honoured")
        rows: list[tuple[str, str, RenderableType]] = []
        for view in refused:
            name = Text(view.signed.waiver.id, style="bold")
            name.append(f"  {visible(view.signed.waiver.check)}", style="not bold dim")
            rows.append(("cyan", "refused", Group(name, _text(view.reason))))
        yield _rows(rows)


def requirements(assessment: Assessment) -> Iterator[RenderableType]:
    """Each framework in one line: what was tested and what was not."""
    rows: list[tuple[str, str, RenderableType]] = []
    for view in framework_views(assessment):
        states = view.states
        parts = [f"{n} {REQUIREMENT_LABEL[state]}" for state, n in states.items() if n]
        total = plural(sum(states.values()), "requirement")
        rows.append(("bold", visible(view.framework.id), _text(f"{total}: {', '.join(parts)}")))
    if rows:
        yield _heading("frameworks", "what was tested and found; no opinion")
        yield _rows(rows)


def summary(assessment: Assessment, places: Sequence[tuple[str, str]]) -> Iterator[RenderableType]:
    """The last lines: outcome, counts, log head, and where the rest is."""
    result = assessment.outcome
    style = {Outcome.OK: "bold green", Outcome.FAILING: "bold red"}.get(result, "bold yellow")
    total = plural(sum(assessment.counts.values()), "finding")
    rows: list[tuple[str, str, RenderableType]] = [
        ("dim", "findings", _text(f"{total}: {count_line(assessment.counts)}")),
        ("dim", "log", _log(assessment)),
        *(("dim", visible(word), _text(place)) for word, place in places),
    ]
    yield Text("")
    yield Rule(style=style)
    line = f"{OUTCOME_MEANING[result]} (exit code {exit_code(result).value})"
    yield Text.assemble((label(result.value).upper(), style), f"  {line}")
    yield _rows(rows)


def _log(assessment: Assessment) -> Text:
    log = assessment.log
    if log is None:
        return _text("not recorded: this run is in no log")
    stamp = "time-stamped" if log.timestamped else "untimed"
    signer = f"signed by {log.signer}" if log.signer else "not signed"
    return _text(f"{log.origin}, size {log.size}, root {log.root}; {signer}; {stamp}")


def _heading(word: str, explanation: str) -> RenderableType:
    text = Text.assemble((word.upper(), "bold"), (f"  {explanation}", "dim"))
    return Group(Text(""), Rule(style="dim"), text)


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style=style, overflow="fold")


def _rows(rows: Sequence[tuple[str, str, RenderableType]], width: int = _MARGIN) -> Table:
    """A narrow column with a word, and the rest beside it."""
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(width=width, overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    for style, word, body in rows:
        table.add_row(Text(word, style=style), body)
    return table
