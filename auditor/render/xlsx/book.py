"""A workbook in the making: sheets of rows, laid out to be read, filtered and printed.

Every text is written as a text: nothing of it becomes a formula or a link. Equal sheets give equal
bytes: the date of creation is the caller's, the times within the file are fixed. What Excel cannot
hold (32,767 characters of a cell, 1,048,576 rows) is cut, and the place says what is missing.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Literal

from auditor.errors import DependencyError
from auditor.render.escape import visible

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MAX_CELL = 32_767
"""UTF-16 code units of a cell."""
MAX_ROWS = 1_048_576
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_A4 = 9
_PAGE_WIDTH = 220  # characters on a printed page that can still be read
_HEADER = 180  # characters of a page header; Excel refuses more than 255 with its codes
_REPLACED = str.maketrans({"\ufffe": "\\u{fffe}", "\uffff": "\\u{ffff}"})  # XML 1.0 has none
_SHADES: Mapping[str, tuple[str, str]] = {
    "bad": ("#FBE9E7", "#A3221B"),
    "unsure": ("#FDF1DC", "#7D4B00"),
    "person": ("#F1EAFA", "#5E378F"),
    "waived": ("#E2F2F5", "#0D5666"),
    "good": ("#E4F3EA", "#195E37"),
    "untested": ("#E6EDF8", "#2B4B7E"),
    "quiet": ("#ECEFF3", "#4A5563"),
}
TONES: Mapping[str, str] = {
    "fail": "bad",
    "deviations": "bad",
    "error": "unsure",
    "undecided": "unsure",
    "incomplete": "unsure",
    "manual": "person",
    "waived": "waived",
    "pass": "good",
    "no deviations": "good",
    "no deviation": "good",
    "not tested": "untested",
    "not tested: no control": "untested",
    "partly tested": "untested",
    "not applicable": "quiet",
    "not operated": "quiet",
}
"""Words of a status to their shade. The words stay: colour alone says nothing."""
Cell = str | int
Row = tuple[Cell, ...]
Rows = Iterator[Row]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `width` in characters; `kind` decides how its cells look."""

    title: str
    width: int
    kind: Literal["text", "code", "status", "number", "input"] = "text"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list: the same number of cells in each row as there are columns.

    Args:
        note: Where all of it is, for the row that says what was left out.
        most: Rows at most, the one with the titles among them.
    """

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    note: str = "all of it is in the JSON report"
    most: int = MAX_ROWS


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a sheet: rows in it, rows left out, cells cut."""

    name: str
    rows: int
    left_out: int
    cut: int


@dataclass(frozen=True, slots=True)
class Identity:
    """Who and what: for the properties of the file and the head of each printed page."""

    title: str
    organisation: str
    created: datetime
    reference: str


@dataclass(slots=True)
class Book:
    """One workbook; `add` its sheets in order, then `to_bytes`."""

    identity: Identity
    _out: io.BytesIO = field(default_factory=io.BytesIO)
    _book: Workbook = field(init=False)
    _formats: dict[str, Format] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._book = _workbook(self._out)
        self._book.set_properties(
            {
                "title": text(self.identity.title),
                "author": text(self.identity.organisation),
                "comments": "What was tested and found; no opinion.",
                "created": self.identity.created.astimezone(UTC).replace(tzinfo=None),
            }
        )
        self._book.set_size(2400, 1400)

    def add(self, sheet: Sheet) -> Written:
        """Write a list."""
        page = self._page(sheet.name)
        last = len(sheet.columns) - 1
        for index, column in enumerate(sheet.columns):
            page.set_column(index, index, column.width)
            page.write_string(0, index, column.title, self._format("title"))
        rows = iter(sheet.rows)
        count = cut = 0
        for row in islice(rows, sheet.most - 2):
            count += 1
            for index, (value, column) in enumerate(zip(row, sheet.columns, strict=True)):
                cut += self._cell(page, count, index, value, column)
        left_out = self._rest(page, sheet, count, rows)
        page.freeze_panes(1, min(2, last))
        page.autofilter(0, 0, max(count, 1), last)
        page.repeat_rows(0)
        _fit(page, sheet)
        return Written(sheet.name, count, left_out, cut)

    def cover(self, name: str = "cover") -> Cover:
        """A first sheet of names and values, filled later."""
        page = self._page(name)
        page.set_column(0, 0, 24)
        page.set_column(1, 1, 110)
        page.hide_gridlines(2)
        return Cover(self, page)

    def to_bytes(self) -> bytes:
        """The file."""
        self._book.close()
        return self._out.getvalue()

    def _page(self, name: str) -> Worksheet:
        page: Worksheet = self._book.add_worksheet(name)
        page.set_landscape()
        page.set_paper(_A4)
        page.fit_to_pages(1, 0)  # a list may be wider
        page.set_margins(left=0.5, right=0.5, top=0.8, bottom=0.7)
        who = text(self.identity.organisation)[: _HEADER // 2].replace("&", "&&")
        what = text(self.identity.reference)[: _HEADER // 2].replace("&", "&&")
        page.set_header(f"&L&8{who or ' '}&R&8&A")
        page.set_footer(f"&L&8 {what}&R&8page &P of &N")
        return page

    def _rest(
        self, page: Worksheet, sheet: Sheet, count: int, rows: Iterable[Sequence[Cell]]
    ) -> int:
        left_out = sum(1 for _row in rows)
        if left_out:
            said = f"{left_out:,} more rows do not fit into a sheet: {sheet.note}"
            page.write_string(count + 1, 0, said, self._format("strong"))
        elif not count:
            page.write_string(1, 0, "none", self._format("quiet"))
        return left_out

    def _cell(
        self, page: Worksheet, row: int, index: int, value: Cell, column: Column
    ) -> Literal[0, 1]:
        """Write a cell; 1 where it was cut."""
        if isinstance(value, int):
            page.write_number(row, index, value, self._format("number"))
            return 0
        shown = text(value)
        said = cut(shown)
        style = TONES.get(value, column.kind) if column.kind == "status" else column.kind
        page.write_string(row, index, said, self._format(style))
        return int(said is not shown)  # type: ignore[return-value] # of a comparison

    def _format(self, name: str) -> Format:
        if name not in self._formats:
            self._formats[name] = self._book.add_format(_style(name))
        return self._formats[name]


@dataclass(frozen=True, slots=True)
class Cover:
    """A sheet of names and values from the top down."""

    _book: Book
    _page: Worksheet
    _row: list[int] = field(default_factory=lambda: [0])

    def heading(self, said: str, *, first: bool = False) -> None:
        """A line over what follows."""
        self._row[0] += 0 if first else 1
        style = self._book._format("first" if first else "heading")  # noqa: SLF001 - of its book
        self._page.write_string(self._row[0], 0, cut(text(said)), style)
        self._row[0] += 1

    def line(self, name: str, value: Cell, kind: str = "text") -> None:
        """A name and its value."""
        formats = self._book._format  # noqa: SLF001 - of its book
        self._page.write_string(self._row[0], 0, name, formats("label"))
        if isinstance(value, int):
            self._page.write_number(self._row[0], 1, value, formats("left"))
        else:
            self._page.write_string(self._row[0], 1, cut(text(value)), formats(kind))
        self._row[0] += 1


def _fit(page: Worksheet, sheet: Sheet) -> None:
    """As many pages beside each other as it takes to stay readable; each names its row."""
    pages = -(-sum(column.width for column in sheet.columns) // _PAGE_WIDTH)
    page.fit_to_pages(pages, 0)
    if pages > 1:
        page.repeat_columns(0)


def text(value: str) -> str:
    """A text that shows what it is made of and that the writer takes as a text."""
    shown = visible(value).translate(_REPLACED)
    # The writer takes such a string for marked-up text, and writes it as it is.
    return f"{shown} " if shown.startswith("<r>") and shown.endswith("</r>") else shown


def cut(shown: str, most: int = MAX_CELL) -> str:
    """What a cell holds of a text; it says how many characters are left out."""
    if len(shown) <= most // 2 or len(shown.encode("utf-16-le")) // 2 <= most:
        return shown
    kept = shown.encode("utf-16-le")[: 2 * (most - 100)].decode("utf-16-le", "ignore")
    left_out = len(shown) - len(kept)
    return f"{kept}... ({left_out:,} more characters do not fit into a cell)"


def _style(name: str) -> dict[str, object]:
    base: dict[str, object] = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
    cell = base | {"text_wrap": True, "border": 1, "border_color": "#D4DAE2"}
    if name in _SHADES or name in TONES.values():
        fill, ink = _SHADES[name]
        return cell | {"bg_color": fill, "font_color": ink, "bold": True}
    special: Mapping[str, dict[str, object]] = {
        "title": cell | {"bold": True, "bg_color": "#16202E", "font_color": "#FFFFFF"},
        "code": cell | {"font_name": "Consolas", "font_size": 9},
        "number": cell | {"num_format": "#,##0", "align": "right"},
        "input": cell | {"bg_color": "#FFFDE7", "locked": False},
        "strong": base | {"bold": True, "font_color": "#A3221B"},
        "label": base | {"bold": True, "font_color": "#55606F"},
        "left": base | {"num_format": "#,##0", "align": "left"},
        "first": base | {"bold": True, "font_size": 18},
        "heading": base | {"bold": True, "font_size": 12, "bottom": 1},
        "plain": base | {"text_wrap": True},
        "mono": base | {"text_wrap": True, "font_name": "Consolas", "font_size": 9},
    }
    return special.get(name, cell)


def _workbook(out: io.BytesIO) -> Workbook:
    try:
        from xlsxwriter import Workbook  # an optional extra
    except ImportError as error:
        raise DependencyError(
            "XLSX needs XlsxWriter, which is not installed", hint="pip install 'auditor[xlsx]'"
        ) from error
    return Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
