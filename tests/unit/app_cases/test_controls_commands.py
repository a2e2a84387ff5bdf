"""`auditor controls lint|new|test`: what is printed, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.cli import run
from auditor.errors import ExitCode

Out = pytest.CaptureFixture[str]


@pytest.fixture
def library(tmp_path: Path, capfd: Out) -> str:
    """A library with one new control."""
    folder = tmp_path / "controls"
    arguments = ["controls", "new", "demo/mine", "--collector", "tls", "--resource", "tls.name"]
    assert run([*arguments, "--controls", str(folder)]) == ExitCode.OK
    assert "Next:" in capfd.readouterr().out
    return str(folder)


def edit(library: str, file: str, old: str, new: str) -> None:
    path = Path(library, "demo", "mine", file)
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")


def test_lint_of_a_new_control_warns_and_ends_well(library: str, capfd: Out) -> None:
    assert run(["controls", "lint", "--controls", library]) == ExitCode.OK
    assert "1 controls: 0 errors, 7 warnings" in capfd.readouterr().out


def test_lint_as_sarif_names_the_place_of_a_typo(library: str, capfd: Out) -> None:
    edit(library, "control.yaml", 'expr: resource.endpoint != ""', 'expr: resource.endpiont != ""')
    code = run(["controls", "lint", "--controls", library, "--format", "sarif"])
    assert code == ExitCode.USAGE
    (driver,) = json.loads(capfd.readouterr().out)["runs"]
    errors = [result for result in driver["results"] if result["level"] == "error"]
    assert [result["ruleId"] for result in errors] == ["known-field"]


def test_lint_as_json_has_a_row_for_each_diagnostic(library: str, capfd: Out) -> None:
    assert run(["controls", "lint", "--controls", library, "--format", "json"]) == ExitCode.OK
    rows = json.loads(capfd.readouterr().out)
    assert {row["rule"] for row in rows} == {"unfinished"}


def test_the_hint_of_a_diagnostic_is_printed(library: str, capfd: Out) -> None:
    edit(library, "control.yaml", "on_empty: error", "on_empty: pass_stated")
    assert run(["controls", "lint", "--controls", library]) == ExitCode.USAGE
    assert "hint: add `depends_on`" in capfd.readouterr().out


def test_the_rules_are_printed(capfd: Out) -> None:
    assert run(["controls", "lint", "--rules"]) == ExitCode.OK
    assert "## vacuous" in capfd.readouterr().out


def test_cases_that_disagree_and_what_was_never_seen_fail(library: str, capfd: Out) -> None:
    code = run(["controls", "test", "--controls", library, "--coverage", "--mutate", "-v"])
    assert code == ExitCode.FAILING
    out = capfd.readouterr().out
    assert "FAIL mine: the flaw that this check must find" in out
    assert "ok mine: everything as it should be" in out
    assert "never seen: name/placeholder never false" in out
    assert "mine: mutants: 5 killed, 0 excused, 0 survived" in out
    assert "coverage: 1 of 2 outcomes seen (50 %)" in out
    assert "1 controls, 2 cases, 4 expectations, 1 failing" in out


def test_a_finished_control_passes_and_a_survivor_fails(library: str, capfd: Out) -> None:
    edit(
        library,
        "tests/cases.yaml",
        "# patch: {name: {0: {FIELD: VALUE}}}",
        "patch: {name: {0: {port: 2}}}",
    )
    edit(library, "control.yaml", 'expr: resource.endpoint != ""', "expr: resource.port == 1")
    arguments = ["controls", "test", "mine", "--controls", library, "--coverage", "--mutate"]
    assert run(arguments) == ExitCode.OK
    assert "2 of 2 outcomes seen" in capfd.readouterr().out
    edit(
        library, "control.yaml", "resource.port == 1", 'resource.port == 1 && resource.host != "x"'
    )
    assert run(arguments) == ExitCode.FAILING
    assert "survived: name: host emptied (in every case)" in capfd.readouterr().out
    edit(library, "control.yaml", "freshness: 24h", "freshness: 24h\n    irrelevant: {port: it is}")
    assert run(arguments) == ExitCode.FAILING
    assert "not needed: name: `irrelevant` port excuses nothing" in capfd.readouterr().out


def test_changed_expressions_are_listed_and_fail_nothing(library: str, capfd: Out) -> None:
    placeholder = "# patch: {name: {0: {FIELD: VALUE}}}"
    edit(library, "tests/cases.yaml", placeholder, "patch: {name: {0: {port: 9}}}")
    edit(library, "control.yaml", 'expr: resource.endpoint != ""', "expr: resource.port <= 1")
    code = run(["controls", "test", "--controls", library, "--mutate-expressions"])
    assert code == ExitCode.OK
    out = capfd.readouterr().out
    assert "no case notices: name/placeholder: resource.port <= 2" in out
    assert "changed expressions: 1 killed, 1 survived" in out


def test_update_refuses_a_loosening_and_writes_it_when_told(library: str, capfd: Out) -> None:
    update = ["controls", "test", "--controls", library, "--update"]
    assert run(update) == ExitCode.FAILING
    assert "REFUSED mine" in capfd.readouterr().out
    assert run([*update, "--accept-loosening"]) == ExitCode.OK
    assert "LOOSENED mine" in capfd.readouterr().out
    assert run(["controls", "test", "--controls", library]) == ExitCode.OK
    edit(
        library,
        "tests/cases.yaml",
        "extends: everything as it should be",
        "extends: everything as it should be\n  drop: {name: [0]}",
    )
    assert run(update) == ExitCode.FAILING
    out = capfd.readouterr().out
    assert "BY HAND mine" in out
    assert "updated mine: the flaw that this check must find: control: pass -> error" in out


def test_accepting_a_loosening_without_an_update_is_a_usage_error(library: str) -> None:
    assert run(["controls", "test", "--controls", library, "--accept-loosening"]) == ExitCode.USAGE
