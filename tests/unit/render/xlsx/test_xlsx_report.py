from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from auditor.core.model.assessment import Assessment
from auditor.core.model.status import Status
from auditor.render.glossary import STATUS_LABEL
from auditor.render.json_v1 import document_digest
from auditor.render.xlsx.book import MAX_CELL, Book, Column, Identity, Sheet, cut, text
from auditor.render.xlsx.report import XlsxRenderer
from tests.unit.render.sample import FORMULA, sample

IDENTITY = Identity("t", "Example & Sons", datetime(2026, 1, 1, tzinfo=UTC), "run 1")


def _book(assessment: Assessment) -> object:
    return load_workbook(io.BytesIO(XlsxRenderer().render(assessment)))


def _rows(book: object, name: str) -> list[tuple[object, ...]]:
    return list(book[name].iter_rows(min_row=2, values_only=True))  # type: ignore[index]


def test_every_finding_stands_in_the_workbook_with_its_status_in_words() -> None:
    assessment = sample()

    rows = _rows(_book(assessment), "findings")

    counted = {status: sum(row[0] == STATUS_LABEL[status] for row in rows) for status in Status}
    assert counted == {status: assessment.counts[status.value] for status in Status}


def test_populations_sum_up_to_all_findings() -> None:
    assessment = sample()

    rows = _rows(_book(assessment), "populations")

    assert sum(int(str(row[5])) for row in rows) == len(assessment.findings)


def test_every_requirement_control_waiver_reading_and_untested_check_has_its_row() -> None:
    assessment = sample()

    book = _book(assessment)

    assert [row[1] for row in _rows(book, "requirements")] == [
        requirement.id for f in assessment.frameworks for requirement in f.requirements
    ]
    assert {row[0] for row in _rows(book, "controls")} == {
        result.control.id for result in assessment.controls
    }
    assert {row[0] for row in _rows(book, "waivers")} == {
        signed.waiver.id for signed in assessment.waivers
    }
    assert len(_rows(book, "readings")) == len(assessment.readings)
    assert [(row[0], row[1]) for row in _rows(book, "not tested")] == [
        (item.control, item.check) for item in assessment.not_tested
    ]


def test_what_was_not_read_is_listed_with_its_cause() -> None:
    causes = {row[2] for row in _rows(_book(sample()), "not read")}

    assert "denied" in causes


def test_cover_names_run_digest_of_the_json_report_and_sheets() -> None:
    assessment = sample()

    cover = dict(load_workbook(io.BytesIO(XlsxRenderer().render(assessment)))["cover"].values)

    assert cover["Run"] == assessment.run
    assert cover["JSON report"] == document_digest(assessment)
    assert cover["findings"] == f"{len(assessment.findings)} rows"


def test_run_outside_of_any_log_says_so() -> None:
    cover = dict(
        load_workbook(io.BytesIO(XlsxRenderer().render(replace(sample(), log=None))))[
            "cover"
        ].values
    )

    assert cover["Log"] == "not recorded: this run is in no log"


def test_equal_assessments_give_equal_bytes_without_a_clock() -> None:
    first, second = XlsxRenderer().render(sample()), XlsxRenderer().render(sample())

    assert first == second
    with ZipFile(io.BytesIO(first)) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert load_workbook(io.BytesIO(first)).properties.created == datetime(2026, 11, 20, 6)  # noqa: DTZ001 - openpyxl gives no zone


def test_no_cell_is_a_formula_or_a_link() -> None:
    book = load_workbook(io.BytesIO(XlsxRenderer().render(sample())))

    cells = [cell for page in book for row in page.iter_rows() for cell in row]

    assert any(FORMULA in str(cell.value) for cell in cells)
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert not any(cell.hyperlink for cell in cells)


def test_lists_have_filter_frozen_titles_and_a_print_set_up() -> None:
    book = load_workbook(io.BytesIO(XlsxRenderer().render(sample())))

    for page in book.worksheets[1:]:
        assert page.auto_filter.ref is not None, page.title
        assert page.freeze_panes == "C2", page.title
        assert page.print_title_rows == "$1:$1", page.title
        assert page.page_setup.orientation == "landscape", page.title
        assert "page &P of &N" in page.oddFooter.right.text, page.title


@pytest.mark.parametrize("sign", ["x", "\U0001f600"])
def test_text_longer_than_a_cell_says_how_much_is_missing(sign: str) -> None:
    shown = cut(sign * 40_000)

    assert len(shown.encode("utf-16-le")) // 2 <= MAX_CELL
    kept = shown.count(sign)
    assert shown.endswith(f"({40_000 - kept:,} more characters do not fit into a cell)")


def test_text_that_just_fits_is_not_cut() -> None:
    assert cut("x" * MAX_CELL) == "x" * MAX_CELL
    assert cut("x" * (MAX_CELL + 1)) != "x" * (MAX_CELL + 1)


def test_markup_of_the_writer_stays_a_text() -> None:
    hostile = "<r><t>all is well</t></r>"
    book = Book(IDENTITY)
    book.add(Sheet("one", (Column("a", 10),), [(hostile,)]))

    page = load_workbook(io.BytesIO(book.to_bytes()))["one"]

    assert page["A2"].value == text(hostile) == f"{hostile} "


def test_rows_beyond_the_limit_are_counted_in_the_sheet() -> None:
    book = Book(IDENTITY)
    rows = ((f"row {number}",) for number in range(20))

    written = book.add(Sheet("one", (Column("a", 10),), rows, most=12))

    page = load_workbook(io.BytesIO(book.to_bytes()))["one"]
    assert (written.rows, written.left_out) == (10, 10)
    assert page.max_row == 12
    assert (
        page["A12"].value == "10 more rows do not fit into a sheet: all of it is in the JSON report"
    )


def test_empty_list_says_none_and_cut_cells_are_counted() -> None:
    book = Book(IDENTITY)
    book.add(Sheet("none", (Column("a", 10),), []))

    written = book.add(Sheet("long", (Column("a", 10),), [("x" * 99_999,)]))

    assert written.cut == 1
    assert load_workbook(io.BytesIO(book.to_bytes()))["none"]["A2"].value == "none"
