"""`auditor scan`: what stdout gets, what stderr gets, and the exit code."""

from __future__ import annotations

import pytest

from tests.unit.app.company import CONTROL, Company, check, target, write_library
from tests.unit.cli.conftest import Auditor


def test_failing_things_are_exit_1_and_stdout_is_one_json_document(
    here: Company, auditor: Auditor
) -> None:
    said = auditor("scan", "--format", "json")
    assert said.code == 1
    assert said.json["outcome"] == "failing"
    assert "one: 4 resources" in said.err
    assert (here.folder / "evidence").is_dir()


def test_text_is_the_default_and_names_what_fails(here: Company, auditor: Auditor) -> None:
    said = auditor("scan", "--no-color")
    assert said.code == 1
    assert "a is not ok" in said.out
    assert "$ auditor why" in said.out
    assert "\x1b[" not in said.out
    assert here.folder.exists()


def test_exit_zero_softens_failing_and_incomplete_runs(here: Company, auditor: Auditor) -> None:
    assert auditor("scan", "--exit-zero").code == 0
    here.configure(targets=[target(mode="denied")])
    assert auditor("scan").code == 3
    assert auditor("scan", "--exit-zero").code == 0


def test_exit_zero_does_not_soften_nothing_evaluated_or_wrong_usage(
    here: Company, auditor: Auditor
) -> None:
    assert auditor("scan", "--exit-zero", "--severity", "critical").code == 4
    assert auditor("scan", "--exit-zero", "--control", "nope").code == 2
    here.configure(targets=[])
    assert auditor("scan", "--exit-zero").code == 4


@pytest.mark.parametrize(
    ("threshold", "code"), [("critical", 0), ("high", 1), ("low", 1), ("info", 1)]
)
def test_fail_on_severity_moves_the_exit_code_and_not_the_verdict(
    here: Company, auditor: Auditor, threshold: str, code: int
) -> None:
    said = auditor("scan", "--fail-on-severity", threshold, "--format", "json")
    assert said.code == code
    assert said.json["counts"]["fail"] == 2
    assert here.folder.exists()


def test_fail_on_severity_does_not_hide_what_could_not_be_read(
    here: Company, auditor: Auditor
) -> None:
    here.configure(targets=[target(mode="denied")])
    assert auditor("scan", "--fail-on-severity", "critical").code == 3


def test_severity_leaves_lesser_checks_out(here: Company, auditor: Auditor) -> None:
    said = auditor("scan", "--severity", "high", "--format", "json")
    assert {f["check"] for f in said.json["findings"]} == {"thing"}
    assert here.folder.exists()


def test_plan_says_what_would_be_read_and_reads_and_writes_nothing(
    here: Company, auditor: Auditor
) -> None:
    here.configure(targets=[target(mode="raises at once")])
    said = auditor("scan", "--plan")
    assert said.code == 0
    assert said.out.startswith("one: fake.other, fake.thing\n    1 x one: list fake.other\n")
    assert "2 checks on 1 target" in said.err
    assert not (here.folder / "evidence").exists()


def test_a_plan_of_nothing_is_nothing_evaluated(here: Company, auditor: Auditor) -> None:
    write_library(here.folder / "library", [check("thing", "high", scope="target.name == 'x'")])
    said = auditor("scan", "--plan")
    assert said.code == 4
    assert "false for every target" in said.err


def test_a_check_brings_what_it_depends_on(here: Company, auditor: Auditor) -> None:
    said = auditor("scan", "--check", f"{CONTROL}/other", "--format", "json")
    assert {f["check"] for f in said.json["findings"]} == {"thing", "other"}
    assert here.folder.exists()


def test_reports_go_to_files_and_are_named(here: Company, auditor: Auditor) -> None:
    said = auditor("scan", "--output", "json=r.json", "--output", "html=r.html")
    assert "wrote r.json" in said.err
    assert (here.folder / "r.html").read_text("utf-8").startswith("<!")
    assert auditor("verify", "r.json").code == 0


def test_an_output_that_cannot_be_written_is_exit_2_after_the_result(
    here: Company, auditor: Auditor
) -> None:
    said = auditor("scan", "--format", "json", "--output", "json=/proc/r.json")
    assert said.code == 2
    assert said.json["outcome"] == "failing"
    assert "auditor report --output" in said.err
    assert auditor("run", "list").out.count("failing") == 1
    assert here.folder.exists()


def test_probes_are_read_only_when_they_are_allowed(here: Company, auditor: Auditor) -> None:
    write_library(here.folder / "library", [check("probe", "high")])
    refused = auditor("scan")
    assert refused.code == 3
    assert "--allow-probes" in refused.out
    assert auditor("scan", "--allow-probes").code == 1


def test_an_interrupt_is_130_and_the_run_can_be_resumed_to_its_end(
    here: Company, auditor: Auditor
) -> None:
    here.configure(targets=[target(mode="interrupted")])
    said = auditor("scan")
    assert said.code == 130
    assert said.err.endswith("interrupted\n")
    assert "interrupted" in auditor("run", "list").out
    run = auditor("run", "list", "--format", "json").json[0]["run"]
    assert f"auditor scan --resume {run}" in said.err
    assert auditor("scan", "--resume", run, "--control", "x").code == 2
    assert auditor("scan", "--resume", run).code == 130  # this collector stops after each type
    done = auditor("scan", "--resume", run, "--format", "json")
    assert (done.code, done.json["run"]) == (0, run)
    assert auditor("scan", "--resume", run).code == 2


def test_another_configuration_can_be_named_by_option_or_variable(
    here: Company, auditor: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.config.rename(here.folder / "other.yaml")
    missing = auditor("scan", "--plan")
    assert missing.code == 2
    assert "auditor init" in missing.err
    assert auditor("scan", "--plan", "--config", "other.yaml").code == 0
    monkeypatch.setenv("AUDITOR_CONFIG", "other.yaml")
    assert auditor("scan", "--plan").code == 0
