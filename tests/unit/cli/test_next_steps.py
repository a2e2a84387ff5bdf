"""What is missing is said together with the next action, and never answered with 0."""

from __future__ import annotations

from auditor.errors import ExitCode
from tests.unit.app.company import CONTROL, Company, write_library
from tests.unit.app.company import check as control_check
from tests.unit.cli.conftest import Auditor

BEFORE_THE_LOG = "2001-Q3"


def test_a_period_without_a_run_is_reported_and_is_no_success(
    here: Company, auditor: Auditor
) -> None:
    assert auditor("scan").code in {ExitCode.OK, ExitCode.FAILING}
    for output in ((), ("--output", "json=q3.json")):
        said = auditor("report", "--period", BEFORE_THE_LOG, *output)
        assert said.code == ExitCode.NOTHING_EVALUATED
        assert f"there is no complete run in {BEFORE_THE_LOG}" in said.err
        assert "auditor run list" in said.err
    assert (here.folder / "q3.json").is_file()


def test_a_statement_of_applicability_begins_with_init(here: Company, auditor: Auditor) -> None:
    del here
    for command in (("lint",), ("report", "--output", "xlsx=s.xlsx")):
        said = auditor("soa", *command)
        assert said.code == ExitCode.USAGE
        assert "there is no soa.yaml" in said.err
        assert "auditor soa init" in said.err


def test_what_cannot_be_told_names_what_would_help(here: Company, auditor: Auditor) -> None:
    assert auditor("scan").code in {ExitCode.OK, ExitCode.FAILING}
    more = here.folder / "library" / "access" / "more" / "control.yaml"
    more.parent.mkdir()
    text = write_library(here.folder / "library", [control_check("other", "low")])
    more.write_text(text.read_text("utf-8").replace(f"id: {CONTROL}", "id: more"), "utf-8")
    write_library(here.folder / "library", [control_check("thing", "high")])
    assert auditor("scan").code in {ExitCode.OK, ExitCode.FAILING}
    chosen = ("--control", "more", "--only-needed")
    assert auditor("export", *chosen, "-o", "x.zip").code == ExitCode.OK

    unknown = auditor("verify", "x.zip")
    assert unknown.code == ExitCode.INCOMPLETE
    assert "with the policy of whoever recorded this" in unknown.err

    left_out = auditor("verify", "x.zip", "--trust", "trust")
    assert left_out.code == ExitCode.INCOMPLETE
    assert "--trust" not in left_out.err
    assert "get what these steps name" in left_out.err
