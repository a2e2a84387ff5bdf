"""The commands that read what a scan recorded, and those that need no run."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.core.times import format_instant
from auditor.keys.file import generate_key
from tests.unit.app.company import CONTROL, Company, target
from tests.unit.cli.conftest import Auditor

NOW = datetime.now(UTC)
IN_FORCE: dict[str, Any] = {
    "approved_at": format_instant(NOW - timedelta(days=30)),
    "expires": format_instant(NOW + timedelta(days=30)),
}


@pytest.fixture
def scanned(here: Company, auditor: Auditor) -> Company:
    """With one run."""
    assert auditor("scan").code == 1
    return here


def test_report_renders_the_latest_run_to_stdout_or_to_files(
    scanned: Company, auditor: Auditor
) -> None:
    assert "a is not ok" in auditor("report").out
    document = auditor("report", "--format", "json").json
    assert auditor("report", "--run", document["run"], "--format", "json").json == document
    said = auditor("report", "--output", "json=r.json")
    assert said.out == ""
    assert "wrote r.json" in said.err
    assert json.loads((scanned.folder / "r.json").read_text("utf-8"))["run"] == document["run"]


def test_runs_are_listed_for_people_and_for_programs(scanned: Company, auditor: Auditor) -> None:
    assert "failing" in auditor("run", "list").out
    (row,) = auditor("run", "list", "--format", "json").json
    assert row["state"] == "failing"
    assert row["counts"]["fail"] == 2
    assert scanned.folder.exists()


def test_without_a_run_the_list_says_what_to_type(here: Company, auditor: Auditor) -> None:
    said = auditor("run", "list")
    assert said.code == 0
    assert "Next: auditor scan" in said.out
    assert here.folder.exists()


def test_a_finding_is_shown_with_its_assertion_and_its_evidence(
    scanned: Company, auditor: Auditor
) -> None:
    findings = auditor("run", "show", "latest", "--format", "json").json["findings"]
    failing = next(f for f in findings if f["status"] == "fail" and f["check"] == "thing")
    shown = auditor("why", failing["fingerprint"][:12])
    assert shown.code == 0
    for part in ("FAIL", "resource.ok", "make the thing ok again", '"name": "a"', "sha256"):
        assert part in shown.out
    by_id = auditor("why", f"{CONTROL}/thing@one/a", "--format", "json")
    assert by_id.json["fingerprint"] == failing["fingerprint"]
    assert scanned.folder.exists()


def test_a_finding_that_was_not_read_says_what_is_missing_and_what_to_do(
    here: Company, auditor: Auditor
) -> None:
    here.configure(targets=[target(mode="denied")])
    auditor("scan")
    findings = auditor("run", "show", "--format", "json").json["findings"]
    shown = auditor("why", findings[0]["fingerprint"]).out
    assert "missing      fake:List" in shown
    assert "next         grant fake:List" in shown


@pytest.mark.parametrize("name", ["nothing", "abc", "0000000000"])
def test_a_finding_that_does_not_exist_says_where_they_are_listed(
    scanned: Company, auditor: Auditor, name: str
) -> None:
    said = auditor("why", name)
    assert said.code == 2
    assert "auditor report --format json" in said.err
    assert scanned.folder.exists()


def test_rejudging_gives_the_same_bytes_and_later_other_findings(
    scanned: Company, auditor: Auditor
) -> None:
    assert auditor("run", "rejudge").out == "identical\n"
    later = auditor("run", "rejudge", "latest", "--now", "2099-01-01T00:00:00Z")
    assert later.code == 0
    assert "findings differ" in later.out
    wrong = auditor("run", "rejudge", "--now", "tomorrow")
    assert wrong.code == 2
    assert "with a zone" in wrong.err
    assert scanned.folder.exists()


def test_the_log_is_shown_from_any_entry(scanned: Company, auditor: Auditor) -> None:
    lines = auditor("ledger", "show").out.splitlines()
    assert [line.split()[2] for line in lines][-1] == "run.end"
    entries = auditor("ledger", "show", "--from", "2", "--format", "json").out.splitlines()
    assert [json.loads(entry)["index"] for entry in entries] == list(range(2, len(lines)))
    assert scanned.folder.exists()


def test_the_checkpoint_is_printed_exactly_and_verify_takes_it(
    scanned: Company, auditor: Auditor
) -> None:
    head = auditor("ledger", "checkpoint")
    kept = scanned.folder / "evidence" / "log" / "checkpoint"
    assert head.out == kept.read_text("utf-8")
    (scanned.folder / "head.txt").write_text(head.out, "utf-8")
    assert auditor("verify", "--since", "head.txt").code == 0


def test_without_a_log_there_is_no_checkpoint(here: Company, auditor: Auditor) -> None:
    said = auditor("ledger", "checkpoint")
    assert said.code == 2
    assert "hint: auditor scan" in said.err
    shown = auditor("ledger", "show")
    assert shown.out == ""
    assert "the log has 0 entries" in shown.err
    assert here.folder.exists()


def test_verify_prints_numbered_steps(scanned: Company, auditor: Auditor) -> None:
    said = auditor("verify")
    assert said.code == 0
    assert [line[:3] for line in said.out.splitlines() if line.startswith("(")] == [
        f"({number})"[:3] for number in range(9)
    ]
    assert said.out.rstrip().endswith("(exit 0)")
    assert scanned.folder.exists()


def test_verify_names_a_deleted_blob_and_is_exit_5(scanned: Company, auditor: Auditor) -> None:
    blob = next(p for p in (scanned.folder / "evidence" / "blobs").rglob("*") if p.is_file())
    blob.unlink()
    said = auditor("verify")
    assert said.code == 5
    assert "BAD" in said.out
    assert blob.name in said.out


def test_verify_with_the_trust_of_somebody_else_cannot_tell(
    scanned: Company, auditor: Auditor, tmp_path: Path
) -> None:
    assert auditor("init", str(tmp_path / "other"), "--target", "host").code == 0
    said = auditor("verify", "--trust", str(tmp_path / "other" / "trust"))
    assert said.code != 0
    assert "--trust DIR" in said.err or "BAD" in said.out
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    without = auditor("verify", "--trust", str(nothing))
    assert without.code == 2
    assert "hint: get it from" in without.err
    assert scanned.folder.exists()


# Waivers


def test_waivers_are_signed_listed_and_honoured(here: Company, auditor: Auditor) -> None:
    assert auditor("waivers", "list").out == "no waivers\n"
    ciso = generate_key(here.folder / "keys" / "ciso.pem", "ecdsa-p256-sha256")
    (here.folder / "trust" / "ciso.pub").write_text(ciso.public_key, "utf-8")
    path = here.write_waiver(**IN_FORCE)
    assert "does not count: it is not signed" in auditor("waivers", "list").out
    signed = auditor("waivers", "sign", str(path), "--key", str(ciso.path))
    assert signed.code == 0
    assert "in force" in auditor("waivers", "list").out
    findings = auditor("scan", "--severity", "high", "--format", "json").json["findings"]
    assert sorted(f["status"] for f in findings) == ["pass", "waived"]


def test_an_expired_waiver_is_listed_as_such(here: Company, auditor: Auditor) -> None:
    ciso = generate_key(here.folder / "keys" / "ciso.pem", "ecdsa-p256-sha256")
    (here.folder / "trust" / "ciso.pub").write_text(ciso.public_key, "utf-8")
    here.write_waiver(ciso)
    assert "until 2026-06-01T00:00:00Z  expired" in auditor("waivers", "list").out


def test_signing_with_what_is_no_key_says_so(here: Company, auditor: Auditor) -> None:
    path = here.write_waiver()
    said = auditor("waivers", "sign", str(path), "--key", str(here.config))
    assert said.code == 2
    assert "not a private key" in said.err


# The library


def test_controls_are_listed_and_shown(here: Company, auditor: Auditor) -> None:
    listed = auditor("controls", "list")
    assert "1 control" in listed.out
    assert [c["id"] for c in auditor("controls", "list", "--format", "json").json] == [CONTROL]
    shown = auditor("controls", "show", CONTROL)
    for part in ("head-of-things", "CC6.1 (supporting)", "resource.ok", "look at the thing"):
        assert part in shown.out
    assert auditor("controls", "show", CONTROL, "--format", "json").json["id"] == CONTROL
    assert (
        auditor("controls", "list", "--framework", "iso27001").out.strip().startswith("0 control")
    )
    wrong = auditor("controls", "list", "--framework", "soc3")
    assert wrong.code == 2
    assert "did you mean `soc2`" in wrong.err
    assert here.folder.exists()


def test_lint_is_exit_2_for_errors_and_names_file_and_line(here: Company, auditor: Auditor) -> None:
    assert auditor("controls", "lint").code == 0
    path = here.folder / "library" / "access" / CONTROL / "control.yaml"
    text = path.read_text("utf-8").replace("expr: resource.ok", "expr: resource.okay", 1)
    path.write_text(text, "utf-8")
    said = auditor("controls", "lint")
    assert said.code == 2
    assert f"access/{CONTROL}/control.yaml:" in said.out
    rows = auditor("controls", "lint", "--format", "json").json
    assert any(row["level"] == "error" and "okay" in row["message"] for row in rows)


GOOD_CASE = """
- name: a thing that is ok
  now: "2026-03-31T12:00:00Z"
  evidence:
    thing: {resources: [{name: a, ok: true}]}
    other: {resources: [{name: a, ok: true}]}
  expect: {control: pass, findings: {thing/a: pass}}
- name: a thing that is broken
  extends: a thing that is ok
  each: {thing: [{ok: false}]}
- name: things that could not be read
  extends: a thing that is ok
  denied: {thing: "fake:List"}
  expect: {findings: {thing: error}}
"""


def write_cases(company: Company, text: str) -> None:
    path = company.folder / "library" / "access" / CONTROL / "tests" / "cases.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")


def test_cases_that_agree_are_exit_0_and_counted(here: Company, auditor: Auditor) -> None:
    write_cases(here, GOOD_CASE)
    said = auditor("controls", "test")
    assert said.code == 0, said.out
    assert "1 control" in said.out
    assert "0 failing" in said.out
    verbose = auditor("controls", "test", CONTROL, "--verbose")
    assert f"ok {CONTROL}: a thing that is ok" in verbose.out
    assert f"{CONTROL}/thing@thing/a" in verbose.out


@pytest.mark.parametrize(
    ("right", "wrong", "said_of_it"),
    [
        ("thing/a: pass", "thing/a: fail", "thing/a is pass, expected fail"),
        ("thing/a: pass", "thing/b: pass", "thing/b is not there"),
        ("control: pass", "control: fail", "the control is pass, expected fail"),
        ("[{ok: false}]", "[{ok: true}]", "expected one new failing finding in thing, got []"),
        ("expect: {findings: {thing: error}}", "expect: {}", "it expects nothing"),
    ],
)
def test_cases_that_differ_are_exit_1_and_say_how(
    here: Company, auditor: Auditor, right: str, wrong: str, said_of_it: str
) -> None:
    write_cases(here, GOOD_CASE.replace(right, wrong, 1))
    said = auditor("controls", "test")
    assert said.code == 1
    assert f"FAIL {CONTROL}" in said.out
    assert said_of_it in said.out


def test_a_control_without_cases_and_cases_of_no_check_are_errors(
    here: Company, auditor: Auditor
) -> None:
    assert "there is no tests/cases.yaml" in auditor("controls", "test").err
    write_cases(here, GOOD_CASE.replace("    other:", "    nothing:", 1))
    said = auditor("controls", "test")
    assert said.code == 2
    assert "evidence of unknown checks: nothing" in said.err
    missing = auditor("controls", "test", "things")
    assert missing.code == 2
    assert f"no control `things`; known are {CONTROL}" in missing.err


def test_coverage_counts_requirements_with_checks(here: Company, auditor: Auditor) -> None:
    said = auditor("controls", "coverage", "--framework", "soc2")
    assert said.code == 0
    assert "soc2: 1 of " in said.out
    rows = auditor("controls", "coverage", "--framework", "soc2", "--format", "json").json
    assert [r["requirement"] for r in rows if r["checks"]] == ["CC6.1"]
    for arguments in (["--framework", "soc3"], ["--collector", "fak"]):
        wrong = auditor("controls", "coverage", *arguments)
        assert wrong.code == 2
        assert "did you mean" in wrong.err
    assert here.folder.exists()


# The program itself


@pytest.mark.parametrize("command", [[], ["--help"]])
def test_help_lists_every_command_and_the_exit_codes(auditor: Auditor, command: list[str]) -> None:
    said = auditor(*command)
    for part in ("controls", "scan", "verify", "Exit codes", "130 interrupted"):
        assert part in said.out + said.err


@pytest.mark.parametrize(
    "command",
    ["controls", "demo", "init", "ledger", "report", "run", "scan", "verify", "waivers"],
)
def test_every_command_has_examples_in_its_help(auditor: Auditor, command: str) -> None:
    said = auditor(command, "--help")
    assert said.code == 0
    assert f"auditor {command}" in said.out.split("Usage:")[1]


def test_an_unknown_command_is_exit_2_with_the_nearest(auditor: Auditor) -> None:
    said = auditor("verfy")
    assert said.code == 2
    assert "no command `verfy`, did you mean `verify`?" in said.err


def test_an_unknown_option_is_exit_2(auditor: Auditor) -> None:
    said = auditor("scan", "--sevrity", "high")
    assert said.code == 2
    assert "--severity" in said.err


def test_nothing_about_the_defect_of_a_collector_is_lost(here: Company, auditor: Auditor) -> None:
    here.configure(targets=[target(mode="raises after one")])
    said = auditor("scan")
    assert said.code == 3
    assert "RuntimeError: the wire was cut" in said.out
