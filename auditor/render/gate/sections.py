"""What is said of a gate and of a comparison, whatever the format: sections of rows.

A row is made of our own words and of `Raw`, text that was collected or configured and that every
format makes inert in its own way.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from auditor.core.diff.gate import GateResult
from auditor.core.diff.model import ChangeKind, FindingChange, RunDiff
from auditor.core.diff.weakening import Weakening
from auditor.core.model.ident import SHORT_LENGTH
from auditor.core.policy_changes.delta import Delta
from auditor.render.period.words import EFFECT_LABEL

MOST_FLIPS = 50


@dataclass(frozen=True, slots=True)
class Raw:
    """Text that came from outside."""

    text: str


Row = tuple[str | Raw, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A list with its title.

    Args:
        intro: A sentence below the title; "" for none.
        noun: What its rows are, in the plural, for saying how many are left out.
        below: Indexes of rows that belong to the row before them.
    """

    title: str
    intro: str
    noun: str
    rows: tuple[Row, ...]
    below: frozenset[int] = frozenset()

    @property
    def count(self) -> int:
        """Rows that are things of their own."""
        return len(self.rows) - len(self.below)


_KINDS: Sequence[tuple[ChangeKind, str, str]] = (
    (ChangeKind.NEW, "New", ""),
    (ChangeKind.RECREATED, "Re-created", "Another resource under the same name."),
    (
        ChangeKind.INCOMPARABLE,
        "Incomparable",
        "One of the runs could not judge it, or judged it by another policy.",
    ),
    (
        ChangeKind.VANISHED,
        "Vanished",
        "The whole population was read, and they are not in it. That is not called fixed.",
    ),
    (ChangeKind.FIXED, "Fixed", ""),
    (ChangeKind.CHANGED, "Otherwise changed", "Neither better nor worse."),
    (ChangeKind.APPEARED, "Appeared", "There for the first time, and not failing."),
)


def gate_sections(result: GateResult) -> Iterator[Section]:
    """The sections of a gate, in order of what a reader must not miss; empty ones are left out."""
    yield from _section("New failures", "", "new failures", _changes(result.new_failures))
    intro = "The baseline judged it, and this run did not. That is never a pass."
    yield from _section("Not judged any more", intro, "lost results", _changes(result.lost))
    intro = "What turns green by it is no repair. Each part needs an approval of its digest."
    groups = [tuple(_weakening(weakening)) for weakening in result.weakenings]
    rows = tuple(row for group in groups for row in group)
    begins = {0, *accumulate(len(group) for group in groups)}
    below = frozenset(range(len(rows))) - begins
    yield from _section("Weaker policy", intro, "lines on weaker policy", rows, below)
    undecided = result.replay.undecided if result.replay else ()
    intro = "The baseline's evidence does not suffice to judge them as they are now."
    rows = tuple((Raw(name),) for name in undecided)
    yield from _section("Could not be replayed", intro, "controls not replayed", rows)
    rows = tuple(_delta(delta) for delta in result.waivers)
    yield from _section("Waivers, new or changed", "", "waivers", rows)
    intro = "The baseline did not know them."
    rows = _changes(result.newly_unjudged)
    yield from _section("Could not be judged", intro, "results in error", rows)
    for kind, title, intro in _KINDS:
        found = _changes(result.of(kind))
        yield from _section(title, intro, f"{kind.value} results", found)
    weak = {id(delta) for weakening in result.weakenings for delta in weakening.deltas}
    others = [d for d in result.diff.policy if d.kind != "waiver" and id(d) not in weak]
    rows = tuple(_delta(delta) for delta in others)
    yield from _section("Other changes of the policy", "", "changes of the policy", rows)


def diff_sections(diff: RunDiff) -> Iterator[Section]:
    """The sections of a comparison; empty ones are left out."""
    for kind, title, intro in _KINDS:
        yield from _section(title, intro, f"{kind.value} results", _changes(diff.of(kind)))
    rows = tuple(_delta(delta) for delta in diff.policy)
    yield from _section("Changes of the policy", "", "changes of the policy", rows)


def next_commands(result: GateResult) -> Iterator[Row]:
    """What to type next."""
    for change in result.new_failures[:3]:
        yield ("auditor why ", change.finding.fingerprint[:SHORT_LENGTH])
    for weakening in [w for w in result.weakenings if not w.approval][:3]:
        yield ("auditor approve ", weakening.digest, " --part ", Raw(shlex.quote(weakening.part)))
    if result.lost:
        yield ("auditor doctor",)
    yield ("auditor diff ", Raw(result.diff.before.run), " ", Raw(result.diff.after.run))


def _section(
    title: str,
    intro: str,
    noun: str,
    rows: tuple[Row, ...],
    below: frozenset[int] = frozenset(),
) -> Iterator[Section]:
    if rows:
        yield Section(title, intro, noun, rows, below)


def _changes(changes: Sequence[FindingChange]) -> tuple[Row, ...]:
    return tuple(_change(change) for change in changes)


def _change(change: FindingChange) -> Row:
    finding = change.finding
    key: str | Raw = Raw(finding.key) if finding.key else "the whole target"
    row: Row = (
        f"{finding.severity.value}: ",
        key,
        " on ",
        Raw(finding.target),
        ", ",
        Raw(f"{finding.control}/{finding.check}"),
        f": {change.was} -> {change.now}",
    )
    if change.why:
        row += ("; ", Raw(change.why))
    if change.after is not None and finding.reason:
        row += ("; ", Raw(finding.reason))
    return row


def _weakening(weakening: Weakening) -> Iterator[Row]:
    if weakening.approval:
        state: Row = ("approved by ", Raw(weakening.approval))
    else:
        state = ("not approved",)
        if weakening.refused:
            state += (": ", Raw(weakening.refused))
    yield (Raw(weakening.part), ", ", *state, ", digest ", Raw(weakening.digest))
    for delta in weakening.deltas:
        yield _delta(delta)
    for flip in weakening.flips[:MOST_FLIPS]:
        was = flip.finding.status.value
        yield ("turned by the policy alone: ", Raw(flip.finding.id), f", {was} -> {flip.now}")
    if len(weakening.flips) > MOST_FLIPS:
        yield (f"and {len(weakening.flips) - MOST_FLIPS:,} more that the policy alone turns",)


def _delta(delta: Delta) -> Row:
    row: Row = (f"{EFFECT_LABEL[delta.effect]}: {delta.kind} ", Raw(delta.subject))
    row += (", ", Raw(delta.what))
    if delta.before or delta.after:
        row += (": ", Raw(delta.before), " -> ", Raw(delta.after))
    return row
