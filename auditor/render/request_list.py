"""The index of a request list (PBC, "provided by client"): Markdown and a workbook.

Each line says where an item is, under which digest and index of the log, or that it is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from auditor.core.times import format_instant
from auditor.render.inert import markdown_code, markdown_text
from auditor.render.xlsx.book import Book, Column, Identity, Rows, Sheet
from auditor.render.xlsx.report import sheets


@dataclass(frozen=True, slots=True)
class Request:
    """One item that an auditor asks for.

    Args:
        area: Chapter of the list.
        control: Of which control; "" for all of them.
        item: What it is.
        file: Where it is in the pack; "" where it is missing.
        digest: Of its plain bytes; "" where it has none of its own.
        index: Entry of the log that names it; None where none does.
        note: Why it is missing, or what to know of it.
    """

    area: str
    control: str
    item: str
    file: str = ""
    digest: str = ""
    index: int | None = None
    note: str = ""

    @property
    def missing(self) -> bool:
        """It is not in the pack."""
        return not self.file


@dataclass(frozen=True, slots=True)
class RequestList:
    """All items, area by area.

    Args:
        made_at: Time of the last entry of the log: equal logs give equal lists.
        log: Name, size and root of the log.
    """

    organisation: str
    period: str
    made_at: datetime
    log: str
    requests: Sequence[Request]

    @property
    def missing(self) -> int:
        """How many items are not there."""
        return sum(request.missing for request in self.requests)


def render_index_markdown(requests: RequestList) -> bytes:
    """The index for people."""
    lines = [
        f"# Request list: {markdown_text(requests.organisation)}, {requests.period}\n",
        f"{len(requests.requests):,} items, {requests.missing:,} of them missing.\n",
        f"Log: {markdown_code(requests.log)}, read at {format_instant(requests.made_at)}.\n",
        _HOW,
    ]
    for area, items in groupby(requests.requests, key=lambda one: one.area):
        lines.append(f"\n## {area}\n")
        lines.append(
            "| control | item | file | log entry | digest | note |\n|---|---|---|---|---|---|"
        )
        lines += map(_line, items)
    return ("\n".join(lines) + "\n").encode()


_HOW = """\
Digests are of the plain bytes; `evidence.zip` holds them gzipped (`gunzip < FILE | sha256sum`), and
`auditor verify evidence.zip --trust DIR` checks it as a whole."""


def _line(one: Request) -> str:
    cells = (
        _code(one.control) if one.control else "all",
        markdown_text(one.item),
        "**missing**" if one.missing else _code(one.file),
        "" if one.index is None else str(one.index),
        _code(one.digest) if one.digest else "",
        markdown_text(one.note),
    )
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """A code span in a cell of a table: there a bar would end the cell also within the span."""
    return markdown_code(text).replace("|", "\\|")


def render_index_xlsx(requests: RequestList) -> bytes:
    """The index as a workbook.

    Raises:
        DependencyError: XlsxWriter is not installed.
    """
    identity = Identity(
        title=f"Request list, {requests.period}",
        organisation=requests.organisation,
        created=requests.made_at,
        reference=f"request list, {requests.period}",
    )
    book = Book(identity)
    cover = book.cover()
    written = book.add(Sheet("requests", _COLUMNS, _rows(requests), "all of it is in index.md"))
    cover.heading(f"Request list: {requests.organisation}", first=True)
    cover.line("Period", requests.period)
    cover.line("Items", len(requests.requests))
    cover.line("Missing", requests.missing)
    cover.line("Log", requests.log, "mono")
    cover.line("Log read at", format_instant(requests.made_at))
    cover.line("Verify", "auditor verify evidence.zip --trust DIR")
    sheets(cover, [written])
    return book.to_bytes()


_COLUMNS = (
    Column("State", 10),
    Column("Area", 18),
    Column("Control", 26, "code"),
    Column("Item", 46),
    Column("File", 52, "code"),
    Column("Log entry", 10, "number"),
    Column("Digest", 40, "code"),
    Column("Note", 44),
)


def _rows(requests: RequestList) -> Rows:
    for one in requests.requests:
        yield (
            "MISSING" if one.missing else "there",
            one.area,
            one.control or "all",
            one.item,
            one.file,
            "" if one.index is None else one.index,
            one.digest,
            one.note,
        )
