"""`auditor report --period` as people type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from auditor.cli import run
from auditor.shipped import shipped
from tests.quarter.conftest import copied
from tests.quarter.simulation import Quarter

Outcome = tuple[int, str, str]
Capture = pytest.CaptureFixture[bytes]


def report(capture: Capture, quarter: Quarter, *arguments: str) -> Outcome:
    """Exit code, stdout and stderr."""
    code = run(["report", "--config", str(quarter.config), *arguments])
    out, err = capture.readouterr()
    return code, out.decode(), err.decode()


def test_stdout_gets_the_document_and_it_has_its_schema(
    quarter: Quarter, capfdbinary: Capture
) -> None:
    code, out, err = report(capfdbinary, quarter, "--period", "2026-Q3", "--format", "json")
    assert code == 0, err
    schema = json.loads((shipped("schemas") / "period-1.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(json.loads(out))


def test_text_is_the_default_and_fits_the_terminal(quarter: Quarter, capfdbinary: Capture) -> None:
    arguments = ["--period", "2026-Q3", "--framework", "iso27001"]
    code, out, err = report(capfdbinary, quarter, *arguments)
    assert code == 0, err
    assert "Example Ltd, 2026-Q3" in out
    assert max(len(line) for line in out.splitlines()) <= 100


def test_a_file_is_written_noted_and_an_edited_one_is_found(
    quarter: Quarter, tmp_path: Path, capfdbinary: Capture
) -> None:
    own = copied(quarter, tmp_path / "work")
    path = tmp_path / "q3.json"
    code, out, err = report(capfdbinary, own, "--period", "2026-Q3", "--output", f"json={path}")
    assert (code, out) == (0, ""), err
    assert f"wrote {path}" in err
    checking = ["verify", str(path), "--store", str(own.folder)]
    run(checking)  # step 7 cannot tell: the collector in memory is not installed
    assert b"(8) ok  " in capfdbinary.readouterr().out
    path.write_bytes(path.read_bytes().replace(b'"late": true', b'"late": false'))
    assert run(checking) == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--period", "2026-Q9"], "got period '2026-Q9'"),
        (["--period", "2026-Q3", "--framework", "soc3"], "no framework `soc3`, did you mean"),
        (["--period", "2026-Q3", "--format", "jsn"], "no format `jsn`, did you mean `json`"),
        (["--period", "2026-Q3", "--output", "q3.json"], "expected FORMAT=FILE"),
        (["--period", "2026-Q3", "--output", "json=nowhere/q3.json"], "does not exist"),
        (["--period", "2026-Q3", "--run", "latest"], "give --run or --period"),
        (["--period", "2026-Q3", "--since", "1999"], "there is no run '1999'"),
        (["--framework", "soc2"], "are of a period"),
    ],
)
def test_what_is_wrong_is_a_usage_error(
    quarter: Quarter, capfdbinary: Capture, arguments: list[str], said: str
) -> None:
    code, _out, err = report(capfdbinary, quarter, *arguments)
    assert code == 2
    assert said in err
