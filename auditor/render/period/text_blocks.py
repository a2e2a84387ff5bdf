"""The blocks of a period's terminal text, in the order of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from auditor.core.model.period_report import (
    Change,
    CheckPeriod,
    ControlPeriod,
    FindingHistory,
    Item,
    PeriodReport,
    PeriodState,
    Response,
    UnreadPeriod,
    WaiverPeriod,
)
from auditor.core.times import format_duration, format_instant
from auditor.render.escape import visible
from auditor.render.period.words import (
    CLOSING_LABEL,
    EFFECT_LABEL,
    OPENING_LABEL,
    RUN_STATE_LABEL,
    STATE_LABEL,
    span,
)
from auditor.render.view.words import plural

_MARGIN = 14
_NAMES = 6
_STYLE = {
    PeriodState.DEVIATIONS: "bold red",
    PeriodState.INCOMPLETE: "bold yellow",
    PeriodState.NOT_TESTED: "bold blue",
    PeriodState.NOT_OPERATED: "bold magenta",
    PeriodState.NO_DEVIATIONS: "bold green",
}
_FULL = "all of them: --format json"
_Row = tuple[str, str, RenderableType]


def header(report: PeriodReport) -> Iterator[RenderableType]:
    """Who, when, from what."""
    bounds, log = report.period, report.log
    span = f"{format_instant(bounds.since)} to {format_instant(bounds.until)}, not included"
    yield _text(f"{report.organisation or 'no organisation named'}, {bounds.name}", "bold")
    names = ", ".join(framework.title for framework in report.frameworks) or "no framework"
    rows: list[_Row] = [
        ("dim", "period", _text(span)),
        ("dim", "against", _text(names)),
        ("dim", "log", _text(f"{log.origin}, size {log.size}, root {log.root}, last entry of"
                             f" {format_instant(log.time)}")),
    ]  # fmt: skip
    yield _rows(rows)


def changes(report: PeriodReport, most: int) -> Iterator[RenderableType]:
    """What was decided otherwise: what loosens comes first."""
    base = report.baseline
    since = f"run {base.run} of {format_instant(base.now)}" if base else "no earlier run"
    yield _heading("changed since the last report", f"compared with {since}, then run by run")
    order = list(EFFECT_LABEL)
    found = sorted(report.changes, key=lambda change: order.index(change.effect))
    if not found:
        yield _text("nothing")
    yield from _capped([_change(change) for change in found], most)


def _change(change: Change) -> _Row:
    values = f": {change.before or 'nothing'} -> {change.after or 'nothing'}"
    line = f"{change.kind} {change.subject}: {change.what}{values}"
    when = f"{format_instant(change.at)}, run {change.run}"
    return "", EFFECT_LABEL[change.effect], Group(_text(line), _text(when, "dim"))


def control(report: PeriodReport, control_: ControlPeriod, most: int) -> Iterator[RenderableType]:
    """A control that a reader has to look at."""
    title = Text.assemble(
        (visible(control_.title), "bold"),
        f"\n{control_.id} · owner {visible(control_.owner)} · operates {control_.frequency}",
    )
    yield Text("")
    yield Rule(style="dim")
    yield _rows([(_STYLE[control_.state], STATE_LABEL[control_.state].upper(), title)])
    yield _rows(list(_facts(control_)))
    found = report.findings_of(control_.id)
    yield from _capped([_finding(one) for one in found], most)


def _facts(control_: ControlPeriod) -> Iterator[_Row]:
    yield "dim", "result", _text(control_.summary)
    if control_.state is PeriodState.NOT_OPERATED:
        for check in control_.checks:
            yield "dim", "zero", _text(f"{check.query}: 0 resources in {plural(check.runs, 'run')}")
    late = format_duration(control_.gap_tolerance)
    rule = f"every {format_duration(control_.every)}, {late} later at most"
    done = f"{control_.runs_done} of {control_.runs_expected} runs expected ({rule})"
    yield "dim", "runs", _text(done)
    for reason in control_.incomplete:
        when = f"{format_instant(reason.since)} to {format_instant(reason.last)}"
        times = "" if reason.kind == "no_evidence" else f" ({plural(reason.runs, 'run')}, {when})"
        detail = f"{reason.detail}{times}"
        yield "yellow", reason.kind.replace("_", " "), _text(detail)
    for check in control_.checks:
        yield "dim", "test", Group(*_test(check))


def _test(check: CheckPeriod) -> Iterator[RenderableType]:
    counts = ", ".join(f"{n:,} {name}" for name, n in check.counts.items() if n)
    yield _text(f"{check.id}: {check.title}")
    yield _text(f"{check.query}; {check.runs} runs, {check.items:,} items, {check.failed:,} failed;"
                f" judgements: {counts or 'none'}", "dim")  # fmt: skip
    for reason in check.not_tested:
        yield _text(f"not tested: {reason}", "dim")
    people = check.population
    sizes = f"{people.least:,} at least, {people.most:,} at most"
    yield _text(f"population {people.first:,} at first, {people.last:,} at last, {sizes}", "dim")
    named = (("added", people.added), ("vanished", people.vanished),
             ("re-created", people.recreated))  # fmt: skip
    for word, items in named:
        if items:
            yield _text(f"{word}: {_names(items)}", "dim")


def _names(items: Sequence[Item]) -> str:
    shown = ", ".join(
        f"{item.resource} ({format_instant(item.at)})" for item in islice(items, _NAMES)
    )
    left = len(items) - _NAMES
    return f"{shown}, and {left:,} more ({_FULL})" if left > 0 else shown


def _finding(found: FindingHistory) -> _Row:
    end = f"{CLOSING_LABEL[found.closing]}"
    if found.closed_at is not None:
        end += f" {format_instant(found.closed_at)}"
    if found.closing_detail:
        end += f" ({found.closing_detail})"
    limit = f"target {span(found.target_time)}" if found.target_time else "no target"
    late = "LATE" if found.late else "in time"
    first, last = format_instant(found.first_seen), format_instant(found.last_seen)
    name = found.resource or "(the whole target)"
    lines = [
        _text(f"{name}  {found.target} · {found.check} · {found.short}"),
        _text(found.reason, "dim"),
        _text(f"first seen {first} ({OPENING_LABEL[found.opening]})"),
        _text(f"last seen {last}, failing in {plural(found.runs, 'run')} of the period"),
        _text(f"{end}; {span(found.duration)}, {limit}: {late}"),
        *(_text(_response(response)) for response in found.responses),
    ]
    return "", found.severity.value, Group(*lines)


def _response(response: Response) -> str:
    by = f"management ({response.by}, {format_instant(response.at)})"
    return f"{by}: cause: {response.cause} response: {response.response}"


def quiet(report: PeriodReport) -> Iterator[RenderableType]:
    """Controls without a deviation over evidence that is whole."""
    own = [c for c in report.controls if c.state is PeriodState.NO_DEVIATIONS]
    if own:
        yield _heading(STATE_LABEL[PeriodState.NO_DEVIATIONS], plural(len(own), "control"))
        yield _rows([("", "", _text(f"{c.id}: {c.summary}")) for c in own])


def waivers(report: PeriodReport, most: int) -> Iterator[RenderableType]:
    """Exceptions: when they were in force, what they covered, what failed after."""
    if report.waivers:
        yield _heading("waivers", f"{len(report.waivers)}")
        yield from _capped([_waiver(one) for one in report.waivers], most)


def _waiver(waiver: WaiverPeriod) -> _Row:
    if waiver.in_force_since and waiver.in_force_until:
        force = (
            f"in force {format_instant(waiver.in_force_since)} to"
            f" {format_instant(waiver.in_force_until)}"
        )
    else:
        force = f"never in force: {waiver.signature}"
    if waiver.expired:
        force += f", expired {format_instant(waiver.expires)}"
    number = plural(len(waiver.items), "item")
    covered = f"{number} covered, {waiver.failing_after} failed after"
    lines = [
        _text(f"{waiver.id}  {waiver.check}  {waiver.reason} (approved by {waiver.approved_by})"),
        _text(f"{force}; {covered}"),
        *(_text(f"not honoured: {reason}", "dim") for reason in waiver.refused),
    ]
    return "cyan", "waiver", Group(*lines)


def attestations(report: PeriodReport, most: int) -> Iterator[RenderableType]:
    """Evidence made by people, as the log took note of it."""
    if report.attestations:
        yield _heading("attestations", f"{len(report.attestations)}")
        rows: list[_Row] = [
            ("", f"entry {one.index}", _text(f"{format_instant(one.at)} {one.fields}"))
            for one in report.attestations
        ]
        yield from _capped(rows, most)


def coverage(report: PeriodReport, most: int) -> Iterator[RenderableType]:
    """What was not read, from when to when."""
    if report.coverage:
        yield _heading("not read", "counted as error, never as pass")
        yield from _capped([_unread(one) for one in report.coverage], most)


def _unread(one: UnreadPeriod) -> _Row:
    times = f"{format_instant(one.first_at)} to {format_instant(one.last_at)}"
    when = f"{times}, {plural(one.runs, 'run')}"
    missing = f"; missing: {one.action}" if one.action else ""
    what = f"{one.target} {one.resource_type}: {one.subject or 'all of it'}"
    return (
        "yellow",
        one.cause.value,
        Group(_text(what), _text(f"{when}: {one.detail}{missing}", "dim")),
    )


def runs(report: PeriodReport, most: int) -> Iterator[RenderableType]:
    """Runs by state, and what is wrong with them; keys and other entries of the log."""
    facts = report.facts
    told = ", ".join(
        f"{facts[f'runs_{state.value}']} {label}" for state, label in RUN_STATE_LABEL.items()
    )
    yield _heading("runs", told)
    rows: list[_Row] = [
        ("yellow", problem.kind.replace("_", " "),
         _text(f"{problem.run}{': ' if problem.run else ''}{problem.detail}"))
        for problem in report.problems
    ]  # fmt: skip
    rows += [
        (
            "dim",
            event.kind,
            _text(f"{format_instant(event.at)}, entry {event.index}: {event.detail}"),
        )
        for event in report.events
    ]
    yield from _capped(rows, most)


def responses(report: PeriodReport) -> Iterator[RenderableType]:
    """Management responses that fit nothing."""
    if report.unmatched_responses:
        yield _heading("management responses that fit no finding", "")
        yield _rows([("", "", _text(text)) for text in report.unmatched_responses])


def requirements(report: PeriodReport) -> Iterator[RenderableType]:
    """Each framework in one line."""
    rows: list[_Row] = []
    for framework in report.frameworks:
        own = [r for r in report.requirements if r.framework == framework.id]
        mapped = [r for r in own if r.controls]
        deviating = sum(r.deviating > 0 for r in mapped)
        line = (
            f"{len(own)} requirements: {len(mapped)} with a control, {deviating} with deviations,"
            f" {len(own) - len(mapped)} without a control"
        )
        rows.append(("bold", framework.id, _text(line)))
        rows += [
            ("", "", _text(f"{r.id}: no longer mapped: {', '.join(r.unmapped)}"))
            for r in own
            if r.unmapped
        ]
    if rows:
        yield _heading("frameworks", "what was tested and found; no opinion")
        yield _rows(rows)


def summary(report: PeriodReport) -> Iterator[RenderableType]:
    """The last lines."""
    facts = report.facts
    states = ", ".join(
        f"{facts[f'controls_{state.value}']} {label}" for state, label in STATE_LABEL.items()
    )
    found = (
        f"{facts['findings']} findings, {facts['findings_late']} late,"
        f" {facts['findings_open']} open"
    )
    yield Text("")
    yield Rule(style="bold")
    yield _rows([
        ("dim", "controls", _text(states)),
        ("dim", "findings", _text(found)),
        ("dim", "changes", _text(f"{facts['changes']}, {facts['changes_loosening']} loosen,"
                                 f" {facts['changes_unknown']} cannot be told")),
    ])  # fmt: skip


def _capped(rows: Sequence[_Row], most: int) -> Iterator[RenderableType]:
    yield _rows(rows[:most])
    if len(rows) > most:
        yield _rows([("dim", "", _text(f"… and {len(rows) - most:,} more ({_FULL})"))])


def _heading(word: str, explanation: str) -> RenderableType:
    text = Text.assemble((word.upper(), "bold"), (f"  {visible(explanation)}", "dim"))
    return Group(Text(""), Rule(style="dim"), text)


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style=style, overflow="fold")


def _rows(rows: Sequence[_Row]) -> Table:
    """A narrow column with a word, and the rest beside it."""
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(width=_MARGIN, overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    for style, word, body in rows:
        table.add_row(Text(visible(word), style=style), body)
    return table
