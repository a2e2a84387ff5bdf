"""The Statement of Applicability over the shipped framework and a recorded run."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from openpyxl import load_workbook
from pypdf import PdfReader

from auditor.app.soa import annex_of, begin_soa, lint_soa, load_soa, make_statement
from auditor.core.model.framework import Framework
from auditor.core.model.soa import ROWS, SoaRow, Statement, row_issues
from auditor.errors import DefinitionError, UsageError
from auditor.render.soa_pdf import render_statement_pdf
from auditor.render.xlsx.statement import render_statement_xlsx
from auditor.shipped import shipped
from tests.unit.render.sample import CONTROLS, FORMULA, FRAMEWORKS, sample

ISO = FRAMEWORKS[1]
SHIPPED = Framework.model_validate(
    yaml.safe_load((shipped("controls") / "frameworks" / "iso27001.yaml").read_text("utf-8"))
)


def _write(folder: Path, text: str) -> Path:
    path = folder / "soa.yaml"
    path.write_text(text, "utf-8")
    return path


def _statement(folder: Path, **decisions: str) -> Statement:
    document = yaml.safe_load(begin_soa(ISO, CONTROLS))
    for row in document["rows"]:
        if row["id"] in decisions:
            row["decision"] = decisions[row["id"]]
            row["justification"] = f"decided: {FORMULA}"
            row["implementation"] = "implemented"
    file, source = load_soa(_write(folder, yaml.safe_dump(document, sort_keys=False)), ISO)
    return make_statement(file, source, sample())


def test_new_file_has_all_93_rows_undecided(tmp_path: Path) -> None:
    file, _source = load_soa(_write(tmp_path, begin_soa(SHIPPED, CONTROLS)), SHIPPED)

    assert len(file.rows) == ROWS == len(annex_of(SHIPPED))
    assert {row.decision for row in file.rows} == {"undecided"}
    assert {row.implementation for row in file.rows} == {"undecided"}


def test_new_file_names_the_controls_that_are_mapped() -> None:
    text = begin_soa(ISO, CONTROLS)

    assert '# controls: console-mfa\n  - id: "A.8.5"' in text
    assert '# controls: none\n  - id: "A.5.1"' in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"A.8.5"', '"A.8.55"', r"soa\.yaml:\d+:\d+: `A\.8\.55` is no control of Annex A, did you"),
        ('"A.8.5"', '"A.8.3"', r"`A\.8\.3` stands here twice"),
        ('"A.8.5"', '"A.8.3"', r"1 rows are missing: A\.8\.5"),
        ('"A.8.5"', "8.5", "put the id in quotes"),
        ("decision: undecided", "decision: yes", "decision"),
        ("decision: undecided", "decison: included", "did you mean `decision`"),
    ],
)
def test_wrong_file_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = _write(tmp_path, begin_soa(ISO, CONTROLS).replace(old, new, 1))

    with pytest.raises(DefinitionError, match=said):
        load_soa(path, ISO)


@pytest.mark.parametrize(
    ("row", "controls", "deviations", "issues"),
    [
        ({}, 1, None, ["undecided"]),
        ({"decision": "included", "justification": "r", "implementation": "partly"}, 1, 3, []),
        (
            {"decision": "included", "implementation": "planned"},
            1,
            0,
            ["decided without a justification"],
        ),
        (
            {"decision": "included", "justification": "r"},
            0,
            None,
            [
                "included, and no control is mapped to it",
                "included, and its implementation is undecided",
            ],
        ),
        (
            {"decision": "excluded", "justification": "r"},
            2,
            0,
            ["excluded, and a control is mapped to it"],
        ),
        ({"decision": "excluded", "justification": "no premises"}, 0, 0, []),
        (
            {"decision": "included", "justification": "r", "implementation": "implemented"},
            1,
            1,
            ["called implemented, and its controls show deviations"],
        ),
    ],
)
def test_what_does_not_fit_in_a_row_is_named(
    row: dict[str, str], controls: int, deviations: int | None, issues: list[str]
) -> None:
    assert list(row_issues(SoaRow(id="A.5.1", **row), controls, deviations)) == issues


def test_lint_names_file_and_line_of_each_row_to_settle(tmp_path: Path) -> None:
    text = begin_soa(ISO, CONTROLS)
    file, source = load_soa(_write(tmp_path, text), ISO)

    problems = lint_soa(file, source, CONTROLS)

    assert len(problems) == len(file.rows)
    line = text.splitlines().index('  - id: "A.8.5"') + 1
    assert any(
        p.where == f"soa.yaml:{line}:9" and "A.8.5: undecided" in p.message for p in problems
    )


def test_statement_lays_the_run_beside_each_row(tmp_path: Path) -> None:
    statement = _statement(tmp_path, **{"A.8.5": "included"})

    lines = {line.row.id: line for line in statement.lines}
    assert lines["A.8.5"].controls == ("console-mfa (full)",)
    assert lines["A.8.5"].state == "deviations"
    assert lines["A.8.5"].deviations > 0
    assert lines["A.8.5"].evidence
    assert "called implemented, and its controls show deviations" in lines["A.8.5"].issues
    assert lines["A.5.1"].state == "no_control"
    assert (statement.count("included"), statement.count("undecided")) == (1, 4)


def test_run_for_another_framework_is_refused(tmp_path: Path) -> None:
    file, source = load_soa(_write(tmp_path, begin_soa(ISO, CONTROLS)), ISO)

    with pytest.raises(UsageError, match="not made for iso27001"):
        make_statement(file, source, sample(frameworks=FRAMEWORKS[:1]))


def test_workbook_prints_undecided_as_such_and_no_formula(tmp_path: Path) -> None:
    statement = _statement(tmp_path, **{"A.8.5": "excluded"})

    data = render_statement_xlsx(statement)

    assert render_statement_xlsx(statement) == data
    book = load_workbook(io.BytesIO(data))
    rows = {row[0]: row for row in list(book["statement"].values)[1:]}
    assert rows["A.5.1"][2] == "undecided"
    assert rows["A.8.5"][2:4] == ("excluded", f"decided: {FORMULA}")
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    issues = [row[2] for row in list(book["to be settled"].values)[1:] if row[0] == "A.8.5"]
    assert issues == [
        "excluded, and a control is mapped to it",
        "called implemented, and its controls show deviations",
    ]
    assert dict(list(book["cover"].values))["undecided"] == 4


def test_pdf_has_every_row_its_file_and_equal_bytes(tmp_path: Path) -> None:
    statement = _statement(tmp_path, **{"A.8.5": "included"})

    data = render_statement_pdf(statement)

    assert render_statement_pdf(statement) == data
    reader = PdfReader(io.BytesIO(data), strict=True)
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert all(line.row.id in text for line in statement.lines)
    assert "not approved" in text
    assert reader.attachments["soa.yaml"][0] == statement.source.encode()


def test_unrecorded_run_and_empty_statement_say_so(tmp_path: Path) -> None:
    statement = replace(_statement(tmp_path), log="", lines=())

    text = "\n".join(
        page.extract_text() for page in PdfReader(io.BytesIO(render_statement_pdf(statement))).pages
    )
    cover = dict(list(load_workbook(io.BytesIO(render_statement_xlsx(statement)))["cover"].values))

    assert "this run is in no log" in text
    assert "Nothing." in text
    assert cover["Log"] == "not recorded: this run is in no log"
