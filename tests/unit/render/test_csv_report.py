from __future__ import annotations

import csv
import io

import pytest

from auditor.core.model.status import Status
from auditor.render.csv_v1 import COLUMNS, CsvRenderer, cell
from tests.unit.render.sample import NOT_TESTED, sample


def _rows() -> list[dict[str, str]]:
    text = CsvRenderer().render(sample()).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_each_finding_and_each_check_not_tested_is_a_row() -> None:
    rows = _rows()
    prints = [row["fingerprint"] for row in rows]

    assert tuple(rows[0]) == COLUMNS
    assert prints[: len(sample().findings)] == [f.fingerprint for f in sample().findings]
    assert [row["check"] for row in rows[len(sample().findings) :]] == [m.check for m in NOT_TESTED]


def test_statuses_are_those_of_the_findings() -> None:
    found = [row["status"] for row in _rows()]

    assert {status: found.count(status) for status in Status} == sample().counts
    assert found.count("not_tested") == len(NOT_TESTED)


def test_row_names_evidence_cause_and_requirements() -> None:
    row = next(row for row in _rows() if row["cause"] == "denied")

    assert row["action"] == "s3:GetBucketPolicy"
    assert row["requirements"] == "soc2:CC6.1 iso27001:A.8.3"
    assert row["observation"].startswith("sha256:")
    assert row["judged_at"] == "2026-11-20T06:00:00Z"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "plain"),
        ("", ""),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\uff1d1", "'\uff1d1"),
        ("  =1", "'  =1"),
        ("\t=1", r"\t=1"),
        ("\r=1", r"\r=1"),
        ("'quoted", "''quoted"),
        ("a-b=c", "a-b=c"),
        ("a; =1", "a; '=1"),
        ("a;b", "a;b"),
    ],
)
def test_no_cell_begins_a_formula(text: str, written: str) -> None:
    assert cell(text) == written
