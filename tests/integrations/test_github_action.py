"""The script of the composite action, run as a runner runs it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest
import yaml

from tests.integrations.conftest import INTEGRATIONS, ROOT, Run
from tests.unit.app.company import Company, target

pytestmark = [pytest.mark.service]
SCRIPT = str(INTEGRATIONS / "github" / "run.sh")


def outputs(machine: dict[str, str]) -> dict[str, str]:
    lines = Path(machine["GITHUB_OUTPUT"]).read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_a_failing_scan_fails_the_job_and_leaves_every_report(
    run: Run, work: Company, machine: dict[str, str]
) -> None:
    done = run(SCRIPT)
    assert done.code == 1, done.err
    assert "::error title=auditor::Something fails" in done.out
    reports = work.folder / "auditor-reports"
    assert json.loads((reports / "auditor.json").read_text("utf-8"))["outcome"] == "failing"
    assert json.loads((reports / "auditor.sarif").read_text("utf-8"))["version"] == "2.1.0"
    assert parse(reports / "auditor.xml").getroot().get("failures") == "2"  # noqa: S314 - ours
    assert "a is not ok" in Path(machine["GITHUB_STEP_SUMMARY"]).read_text("utf-8")
    assert outputs(machine) == {
        "exit-code": "1",
        "sarif": "auditor-reports/auditor.sarif",
        "comment": "auditor-reports/auditor.md",
    }


def test_an_honest_scan_passes(run: Run, work: Company, machine: dict[str, str]) -> None:
    work.configure(targets=[target()])
    done = run(SCRIPT)
    assert (done.code, outputs(machine)["exit-code"]) == (0, "0"), done.err
    assert "::error" not in done.out


def test_what_cannot_be_read_is_another_code_than_what_fails(run: Run, work: Company) -> None:
    work.configure(targets=[target(mode="denied")])
    done = run(SCRIPT)
    assert done.code == 3
    assert "Evidence is incomplete" in done.out


def test_a_wrong_configuration_is_no_green_job(
    run: Run, work: Company, machine: dict[str, str]
) -> None:
    work.config.unlink()
    assert run(SCRIPT).code == 2
    assert outputs(machine) == {"exit-code": "2", "sarif": "", "comment": ""}
    assert "before it could report" in Path(machine["GITHUB_STEP_SUMMARY"]).read_text("utf-8")


def test_arguments_are_lines_and_never_shell(run: Run, work: Company) -> None:
    hostile = "--target=$(touch pwned); touch pwned\n--severity=high"
    assert run(SCRIPT, INPUT_ARGUMENTS=hostile).code == 2
    assert not (work.folder / "pwned").exists()
    assert run(SCRIPT, INPUT_ARGUMENTS="--severity=high\n--target=one").code == 1


def test_a_baseline_that_is_not_there_is_never_a_green_job(run: Run, work: Company) -> None:
    work.configure(targets=[target()])
    done = run(SCRIPT, INPUT_BASELINE="missing-baseline.zip")
    assert done.code == 2, done.out + done.err


def test_throwaway_keys_make_a_run_that_is_no_baseline(
    run: Run, work: Company, machine: dict[str, str]
) -> None:
    for secret in ("run.pem", "log.pem"):
        (work.folder / "keys" / secret).unlink()  # as on a runner of a fork
    assert run(SCRIPT).code == 2
    done = run(SCRIPT, INPUT_KEYS="throwaway")
    assert done.code == 1, done.err
    assert "no baseline, no evidence" in done.out
    assert not (work.folder / "evidence").exists()
    document = json.loads((work.folder / "auditor-reports" / "auditor.json").read_text("utf-8"))
    assert document["organisation"] == "Example Ltd (throwaway keys: no evidence)"
    (made,) = Path(machine["RUNNER_TEMP"]).glob("auditor-throwaway.*")
    own = run("auditor", "verify", str(made / "evidence"), "--trust", str(made / "trust"))
    assert own.code == 0, own.out
    trust = str(work.folder / "trust")
    assert run("auditor", "verify", str(made / "evidence"), "--trust", trust).code != 0


def test_throwaway_keys_tell_no_channel(run: Run, work: Company) -> None:
    channel = {"name": "ops", "kind": "slack", "url_env": "CHAT"}
    work.configure(notifications={"channels": [channel]}, witnesses=[])
    run(SCRIPT, INPUT_KEYS="throwaway")
    made = yaml.safe_load((work.folder / "auditor.throwaway.yaml").read_text("utf-8"))
    assert "notifications" not in made
    assert made["targets"] == [target(bad=["a"])]


def test_every_input_of_the_action_reaches_the_script() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    used = json.dumps(action["runs"])
    assert [name for name in action["inputs"] if f"inputs.{name}" not in used] == []
    script = Path(SCRIPT).read_text("utf-8")
    environ = action["runs"]["steps"][1]["env"]
    assert [name for name in environ if name not in script] == []


def test_a_key_from_a_secret_signs_with_its_passphrase(run: Run, work: Company) -> None:
    keys = work.folder / "keys"
    for name, algorithm in (("run", "run"), ("log", "log")):
        (keys / f"{name}.pem").unlink()
        made = run(
            *("auditor", "keys", "new", f"keys/{name}.pem", "--algorithm", algorithm),
            AUDITOR_KEY_PASSPHRASE="open sesame",
        )
        assert made.code == 0, made.err
        assert "ENCRYPTED" in (keys / f"{name}.pem").read_text("utf-8")
    assert run(SCRIPT).code == 2
    assert run(SCRIPT, AUDITOR_KEY_PASSPHRASE="wrong").code == 2
    assert run(SCRIPT, AUDITOR_KEY_PASSPHRASE="open sesame").code == 1


def commit_baseline(run: Run, company: Company) -> None:
    """On main: a signed bundle of a run without failures, and the trust it is judged by."""
    company.configure(targets=[target()])
    assert run("auditor", "scan").code == 0
    assert run("auditor", "export", "--run", "latest", "-o", "baseline.zip").code == 0
    (company.folder / ".gitignore").write_text("evidence/\nkeys/\ntemp/\n", "utf-8")
    run("git", "init", "--quiet", "--initial-branch", "main", ".")
    run("git", "add", ".")
    person = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    assert run("git", *person, "commit", "--quiet", "-m", "baseline").code == 0


def test_a_change_that_is_worse_than_the_baseline_fails_with_comment_and_summary(
    run: Run, work: Company, machine: dict[str, str]
) -> None:
    commit_baseline(run, work)
    same = run(SCRIPT, INPUT_BASELINE="git:main:baseline.zip")
    assert same.code == 0, same.out + same.err
    work.configure(targets=[target(bad=["a"])])
    worse = run(SCRIPT, INPUT_BASELINE="git:main:baseline.zip", INPUT_FAIL_ON="new\nweakening")
    assert worse.code == 1, worse.out + worse.err
    assert "::error" in worse.out
    reports = work.folder / "auditor-reports"
    assert "a is not ok" in (reports / "auditor.md").read_text("utf-8")
    assert "a is not ok" in Path(machine["GITHUB_STEP_SUMMARY"]).read_text("utf-8")
    assert parse(reports / "auditor.xml").getroot().get("failures") == "2"  # noqa: S314 - ours


def commands(log: str) -> list[str]:
    """What a runner takes for commands: `::` at the beginning of a line, `##[` anywhere."""
    found, word = [], None
    for line in log.splitlines():
        text = line.lstrip()
        if word is not None:
            word = None if text == f"::{word}::" else word
        elif text.startswith("::stop-commands::"):
            word = text.removeprefix("::stop-commands::")
        elif text.startswith("::") or "##[" in text:
            found.append(text)
    return found


def test_nothing_that_was_collected_becomes_a_command_of_the_runner(
    run: Run, work: Company
) -> None:
    (control,) = work.folder.glob("library/*/*/control.yaml")
    text = control.read_text("utf-8").replace("} is not ok", "} ##[add-mask]o")
    commit_baseline(run, work)
    control.write_text(text, "utf-8")
    work.configure(targets=[target(bad=["a"])])
    for baseline, first in (("", "::error title=auditor::"), ("git:main:baseline.zip", "::error ")):
        done = run(SCRIPT, INPUT_BASELINE=baseline)
        assert done.code == 1, done.out
        assert "a ##[add-mask]o" in done.out
        found = commands(done.out)
        assert found[0].startswith(first)
        assert all(line.startswith(("::error ", "::notice ", "::warning ")) for line in found)


def test_a_run_with_throwaway_keys_is_refused_as_a_baseline(
    run: Run, work: Company, machine: dict[str, str]
) -> None:
    commit_baseline(run, work)
    run(SCRIPT, INPUT_KEYS="throwaway")
    throwaway = ("--config", "auditor.throwaway.yaml")
    made = run("auditor", "export", *throwaway, "--run", "latest", "-o", "unfit.zip")
    assert made.code == 0, made.err
    done = run(SCRIPT, INPUT_BASELINE="unfit.zip", INPUT_ARGUMENTS="--trust=trust")
    assert done.code == 5, done.out + done.err
    assert "::error" in done.out
    assert Path(machine["GITHUB_STEP_SUMMARY"]).read_text("utf-8")
