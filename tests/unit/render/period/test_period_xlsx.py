from __future__ import annotations

import io
import re
from zipfile import ZipFile

from openpyxl import load_workbook

from auditor.core.model.period_report import PeriodReport, PeriodState
from auditor.render.escape import visible
from auditor.render.period.json_v1 import document_digest
from auditor.render.period.words import STATE_LABEL
from auditor.render.period.xlsx import PeriodXlsxRenderer
from tests.unit.render.hostile_corpus import CORPUS
from tests.unit.render.period.small_period import small_period

# Not of XML 1.0; they are shown as escapes.
_FORBIDDEN = re.compile("[\ufffe\uffff]")


def _book(report: PeriodReport) -> object:
    return load_workbook(io.BytesIO(PeriodXlsxRenderer().render(report)))


def _rows(book: object, name: str) -> list[tuple[object, ...]]:
    return list(book[name].iter_rows(min_row=2, values_only=True))  # type: ignore[index]


def test_every_list_of_the_report_has_its_rows() -> None:
    report = small_period()
    book = _book(report)

    wanted = {
        "requirements": len(report.requirements),
        "controls": len(report.controls),
        "no evidence": sum(len(control.gaps) for control in report.controls),
        "findings": len(report.findings),
        "changes": len(report.changes),
        "populations": sum(len(control.checks) for control in report.controls),
        "waivers": len(report.waivers),
        "attestations": len(report.attestations),
        "not read": len(report.coverage),
        "runs": len(report.runs),
        "log": len(report.problems) + len(report.events) + len(report.unmatched_responses),
    }

    assert all(wanted.values())
    assert {name: len(_rows(book, name)) for name in wanted} == wanted


def test_state_of_each_control_is_said_in_words() -> None:
    report = small_period()

    rows = {str(row[0]): row for row in _rows(_book(report), "controls")}

    assert {name: row[2] for name, row in rows.items()} == {
        control.id: STATE_LABEL[control.state] for control in report.controls
    }
    assert {row[2] for row in rows.values()} == {STATE_LABEL[state] for state in PeriodState}


def test_cover_names_period_log_and_digest_of_the_json_report() -> None:
    report = small_period()

    cover = dict(list(_book(report)["cover"].values))  # type: ignore[index]

    assert cover["JSON report"] == document_digest(report)
    assert cover["Root"] == report.log.root
    assert cover["findings"] == f"{len(report.findings):,} rows"


def test_hostile_text_is_text_and_changes_no_structure() -> None:
    hostile = PeriodXlsxRenderer().render(small_period(tuple(CORPUS.values())))
    plain = PeriodXlsxRenderer().render(small_period(("plain",) * len(CORPUS)))

    cells = [
        [
            (c.coordinate, c.data_type)
            for page in load_workbook(io.BytesIO(data))
            for row in page.iter_rows()
            for c in row
        ]
        for data in (hostile, plain)
    ]
    assert cells[0] == cells[1]
    book = load_workbook(io.BytesIO(hostile))
    texts = "\n".join(str(c.value) for page in book for row in page.iter_rows() for c in row)
    for text in CORPUS.values():
        shown = _FORBIDDEN.sub(lambda sign: f"\\u{{{ord(sign[0]):x}}}", visible(text))
        assert shown in texts
    with ZipFile(io.BytesIO(hostile)) as archive:
        assert not any(b"<f>" in archive.read(n) for n in archive.namelist())
        assert not any(b"<hyperlink" in archive.read(n) for n in archive.namelist())


def test_equal_reports_give_equal_bytes() -> None:
    assert PeriodXlsxRenderer().render(small_period()) == PeriodXlsxRenderer().render(
        small_period()
    )
