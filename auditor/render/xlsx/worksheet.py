"""The worksheet of a sample: the drawn items, attributes to fill in, and how they were drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.core.sampling import ALGORITHM
from auditor.core.times import format_instant
from auditor.render.xlsx.book import Book, Column, Identity, Rows, Sheet
from auditor.render.xlsx.report import sheets

ATTRIBUTES = (
    "The item exists and belongs to the population",
    "The control operated on it as stated",
    "The evidence is complete and of the period",
)
_DETAIL = "all of it is in the JSON file of the sample"


@dataclass(frozen=True, slots=True)
class WorksheetInput:
    """What a worksheet shows of a sample; see `app.sampling.checking.Sample`.

    Args:
        drawn_at: Time of the draw's entry.
        freeze_index, draw_index: Entries of the log.
        first: Index of the draw that this one replaces; None for the first one.
        items, population: Items as `population-1` has them: the drawn ones, and all.
    """

    organisation: str
    control: str
    check: str
    since: datetime
    until: datetime
    drawn_at: datetime
    freeze_index: int
    draw_index: int
    root: str
    population_digest: str
    nonce: str
    seed: str
    basis: str
    first: int | None
    reason: str
    runs: int
    incomplete: Sequence[str]
    items: Sequence[Mapping[str, object]]
    population: Sequence[Mapping[str, object]]


def render_worksheet(sample: WorksheetInput, attributes: Sequence[str] = ATTRIBUTES) -> bytes:
    """The workbook.

    Args:
        attributes: What is looked at for each item; a column each.

    Raises:
        DependencyError: XlsxWriter is not installed.
    """
    identity = Identity(
        title=f"Sample of {_subject(sample)}",
        organisation=sample.organisation,
        created=sample.drawn_at,
        reference=f"sample, entry {sample.draw_index} of the log",
    )
    book = Book(identity)
    cover = book.cover()
    written = [
        book.add(Sheet("sample", _columns(attributes), _rows(sample, attributes), _DETAIL)),
        book.add(Sheet("population", _POPULATION, _population(sample), _DETAIL)),
    ]
    cover.heading(f"Sample of {_subject(sample)}", first=True)
    cover.line("Period", f"{format_instant(sample.since)} until before {_until(sample)} (UTC)")
    cover.line("Population", f"{len(sample.population):,} items, judged by {sample.runs:,} runs")
    cover.line("Sample", f"{len(sample.items):,} items ({sample.basis})")
    said = "; ".join(sample.incomplete) or "nothing that should have been read was left out"
    cover.line("Completeness", said, "plain")
    if sample.first is not None:
        cover.line("Drawn again", f"replaces entry {sample.first}: {sample.reason}", "plain")
    cover.heading("Attributes")
    for letter, attribute in zip(_letters(attributes), attributes, strict=True):
        cover.line(f"Attribute {letter}", attribute, "plain")
    cover.heading("How it was drawn")
    cover.line("Population frozen", f"entry {sample.freeze_index} of the log")
    cover.line("Population digest", sample.population_digest, "mono")
    cover.line("Root of the log then", sample.root, "mono")
    cover.line("Auditor's nonce", sample.nonce, "mono")
    cover.line("Algorithm", ALGORITHM, "mono")
    cover.line("Seed", sample.seed, "mono")
    cover.line("Draw logged", f"entry {sample.draw_index}, {format_instant(sample.drawn_at)}")
    cover.line("Derive it again", f"auditor sample verify {sample.draw_index}", "mono")
    sheets(cover, written)
    return book.to_bytes()


_COMMON = (
    Column("Check", 30, "code"),
    Column("Target", 18),
    Column("Resource", 50, "code"),
    Column("Id of the system", 24, "code"),
)
_POPULATION = (
    *_COMMON,
    Column("First run", 26, "code"),
    Column("Last run", 26, "code"),
    Column("Runs", 8, "number"),
    Column("Fingerprint", 68, "code"),
)


def _columns(attributes: Sequence[str]) -> tuple[Column, ...]:
    return (
        Column("No.", 6, "number"),
        *_COMMON,
        Column("Last run", 24, "code"),
        Column("Evidence", 40, "code"),
        *(Column(f"Attribute {letter}", 12, "input") for letter in _letters(attributes)),
        Column("Exception", 26, "input"),
        Column("Working paper", 18, "input"),
        Column("Tested by, on", 18, "input"),
    )


def _rows(sample: WorksheetInput, attributes: Sequence[str]) -> Rows:
    empty = ("",) * (len(attributes) + 3)
    for number, item in enumerate(sample.items, 1):
        yield (
            number,
            *_names(item),
            str(item["last_run"]),
            str(item["evidence"]) or "nothing was read",
            *empty,
        )


def _population(sample: WorksheetInput) -> Rows:
    for item in sample.population:
        runs = int(str(item["runs"]))
        first, last = str(item["first_run"]), str(item["last_run"])
        yield (*_names(item), first, last, runs, str(item["fingerprint"]))


def _names(item: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(str(item[name]) for name in ("check", "target", "resource", "uid"))


def _subject(sample: WorksheetInput) -> str:
    return f"{sample.control}/{sample.check}" if sample.check else sample.control


def _until(sample: WorksheetInput) -> str:
    return format_instant(sample.until)


def _letters(attributes: Sequence[str]) -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(attributes)]
