"""The annexes of a period's PDF: full lists, laid out by Typst, which takes 0.4 ms for a row.

WeasyPrint takes 10 ms for one. What comes in is data for a fixed template (`annex.typ`) and never
markup, so there is nothing to escape. A list is laid out in parts: Typst holds what
it has laid out until ten more documents were made, and a part of this size bounds that.
"""

from __future__ import annotations

import io
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.core.model.period_report import FindingHistory, Item, PeriodReport, RunLine
from auditor.render.cut import cut
from auditor.render.escape import visible
from auditor.render.fonts import LATIN, LATIN_EXTENDED, Font
from auditor.render.pdf_file import load_pikepdf, load_typst
from auditor.render.period import words
from auditor.render.period.interface import DOCUMENT
from auditor.render.period.view import words as phrases
from auditor.render.view.words import count_line
from auditor.shipped import shipped

PART = 400
LONGEST = 400
"""Characters shown of one text of a row."""
TAGGED = 2_000
"""Rows up to which a list has tags: those of 10,000 rows take 300 MB to join with the rest."""
_FORGET = 11
_HEAD = 60
_PIECE = re.compile(r"\S{24}(?=\S)")
Line = tuple[str, str]
"""Style (`p`lain, `b`old, `s`mall, `m`ono, `d`igest) and text."""
Row = Sequence[Sequence[Line]]


@dataclass(frozen=True, slots=True)
class Table:
    """A list to be laid out; widths in mm, 0 for what is left."""

    title: str
    anchor: str
    noun: str
    head: tuple[str, ...]
    widths: tuple[int, ...]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an annex as a PDF of its own; `number` from 0, `label` for its bookmark."""

    number: int
    label: str
    pages: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Annex:
    """A full list; `anchor` is where links lead."""

    title: str
    anchor: str
    parts: tuple[Part, ...]


def tables(report: PeriodReport, *, findings: bool, populations: bool) -> Iterator[Table]:
    """The lists that get an annex; runs always do.

    Args:
        findings: The control pages leave some out.
        populations: So do their names of what came and went.
    """
    chosen = [_findings] if findings else []
    chosen += [_populations] if populations else []
    chosen += [_runs] if report.runs else []
    for letter, make in zip("ABC", chosen, strict=False):
        yield make(report, letter)


class Press:
    """Typst with our fonts; made once for a report.

    Args:
        part: Rows that are laid out at once.
        tagged: Rows up to which a list has tags.
    """

    def __init__(self, compiler: Any, part: int = PART, tagged: int = TAGGED) -> None:
        self._compiler, self._pikepdf = compiler, load_pikepdf()
        self._part, self._tagged = part, tagged

    def annex(self, table: Table) -> Annex:
        """The annex, without the margins of its pages."""
        parts, tags = [], len(table.rows) <= self._tagged
        for number, start in enumerate(range(0, len(table.rows), self._part)):
            end = min(start + self._part, len(table.rows))
            label = f"{table.noun} {start + 1:,} to {end:,} of {len(table.rows):,}"
            data = self._compile("annex.typ", _document(table, start, end, label), tags=tags)
            with self._pikepdf.open(io.BytesIO(data)) as opened:
                pages = len(opened.pages)
            parts.append(Part(number, label if number else table.title, pages, data))
            self._forget()
        return Annex(table.title, table.anchor, tuple(parts))

    def margins(self, annexes: Sequence[Annex], organisation: str, log: str, begin: int) -> bytes:
        """A file with a page for each of the annexes', with what stands in its margins.

        Args:
            begin: Number of the first page.
        """
        chapters = [one.title for one in annexes for part in one.parts for _ in range(part.pages)]
        total = begin + len(chapters) - 1
        data = {"chapters": chapters, "begin": begin, "total": total}
        data |= {"organisation": cut(visible(organisation), DOCUMENT, _HEAD), "log": log}
        return self._compile("margins.typ", data, tags=False)

    def _compile(self, name: str, data: Mapping[str, object], *, tags: bool) -> bytes:
        source = (shipped("reports") / "period" / "pdf" / name).read_bytes()
        inputs = {"data": json.dumps(data)}
        made: bytes = self._compiler.compile(source, sys_inputs=inputs, pdf_tags=tags)
        return made

    def _forget(self) -> None:
        """Small documents push the large one out of what Typst holds."""
        for number in range(_FORGET):
            self._compiler.compile(f"#hide[{number}]".encode(), sys_inputs={})


@contextmanager
def open_press(part: int = PART, tagged: int = TAGGED) -> Iterator[Press]:
    """Typst, offline, with the fonts that ship and those of the machine.

    Raises:
        DependencyError: Typst or pikepdf is not installed.
    """
    typst = load_typst()
    with tempfile.TemporaryDirectory() as folder:
        _write_fonts(Path(folder))
        fonts = typst.Fonts(include_embedded_fonts=False, font_paths=[folder])
        yield Press(typst.Compiler(font_paths=fonts), part, tagged)


def _document(table: Table, start: int, end: int, label: str) -> dict[str, object]:
    return {
        "title": table.title,
        "first": start == 0,
        "note": f"{label}. All of it stands in the attached {DOCUMENT} too.",
        "head": table.head,
        "widths": table.widths,
        "rows": [
            [[(style, _pieces(style, text)) for style, text in cell if text] for cell in row]
            for row in table.rows[start:end]
        ],
    }


def _pieces(style: str, text: str) -> list[str]:
    """The text in pieces between which a line may break, where a word is long; not in digests."""
    shown = cut(visible(text), DOCUMENT, LONGEST)
    if style == "d":
        return [shown]
    return _PIECE.sub(lambda piece: f"{piece[0]}\n", shown).split("\n")


def _write_fonts(folder: Path) -> None:
    """The fonts as Typst reads them: it knows no WOFF2, and one file for a family and weight."""
    # WeasyPrint needs it, too. It ships no types.
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    for font in LATIN + LATIN_EXTENDED:
        opened = TTFont(shipped("reports") / "fonts" / font.file, recalcTimestamp=False)
        opened.flavor = None
        for record in opened["name"].names:
            if record.nameID in {1, 16}:  # family, typographic family
                record.string = _family(font)
        opened.save(folder / f"{Path(font.file).stem}.ttf")
        opened.close()


def _family(font: Font) -> str:
    return f"{font.family} Ext" if font in LATIN_EXTENDED else font.family


def _findings(report: PeriodReport, letter: str) -> Table:
    head = ("Severity", "Resource, and why it failed", "History", "Evidence")
    rows = [_finding(one) for one in report.findings]
    title = f"Annex {letter}: all findings of the period"
    return Table(title, "annex-findings", "findings", head, (17, 0, 56, 40), rows)


def _finding(one: FindingHistory) -> Row:
    first = f"first {_short(one.evidence)}" if one.evidence else "no evidence"
    end = f"end {_short(one.closing_evidence)}" if one.closing_evidence else ""
    answered = "management has answered" if one.responses else ""
    return (
        [("b", one.severity.value), ("b", "late" if one.late else "")],
        [
            ("m", one.resource or "the whole target"),
            ("s", f"{one.target} · {one.environment} · {one.control}/{one.check}"),
            ("p", one.reason),
            ("s", answered),
        ],
        [
            ("p", phrases.opened(one)),
            ("b", phrases.ended(one)),
            ("p", phrases.lasted(one)),
        ],
        [("m", first), ("m", one.pointer), ("m", end), ("m", f"id {one.short}")],
    )


def _short(digest: str) -> str:
    return f"{digest.removeprefix('sha256:')[:16]}…"


def _populations(report: PeriodReport, letter: str) -> Table:
    rows: list[Row] = []
    for control in report.controls:
        for check in control.checks:
            name, people = f"{control.id}/{check.id}", check.population
            moves = (
                ("came", people.added),
                ("went", people.vanished),
                ("re-created", people.recreated),
            )
            rows += [_item(name, word, item) for word, items in moves for item in items]
    head = ("What", "Resource", "Control and check", "First run that shows it")
    title = f"Annex {letter}: changes of the populations"
    return Table(title, "annex-populations", "changes", head, (19, 0, 48, 32), rows)


def _item(name: str, word: str, item: Item) -> Row:
    uid = f"{item.before} before, {item.uid} now" if item.before else item.uid
    return (
        [("b", word)],
        [("m", f"{item.resource}  {item.target}{f'  {uid}' if uid else ''}")],
        [("m", name)],
        [("p", phrases.minute(item.at))],
    )


def _runs(report: PeriodReport, letter: str) -> Table:
    head = ("Judged at, state", "Run, SHA-256 of its signed statement", "Findings", "Entries")
    rows = [_run(one) for one in report.runs]
    title = f"Annex {letter}: runs of the period"
    return Table(title, "annex-runs", "runs", head, (32, 0, 30, 17), rows)


def _run(one: RunLine) -> Row:
    entries = f"{one.first_entry} to {one.last_entry}" if one.last_entry >= 0 else "no end"
    counts = count_line(dict.fromkeys(_STATUSES, 0) | dict(one.counts))
    signed = one.statement.removeprefix("sha256:") or "no statement"
    stamp = "time-stamped" if one.timestamped else ""
    return (
        [("p", phrases.minute(one.now)), ("b", words.RUN_STATE_LABEL[one.state]), ("s", stamp)],
        [("m", one.run), ("d", signed), ("p", one.reason)],
        [("s", counts)],
        [("s", entries)],
    )


_STATUSES = ("fail", "error", "manual", "waived", "pass", "not_applicable")
