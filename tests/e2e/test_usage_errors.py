"""What does not exist is an error with the nearest name, never an empty success."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.program import auditor, working_folder, write_control

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = working_folder(tmp_path_factory.mktemp("usage") / "work", controls=["library"])
    write_control(made / "library")
    return made


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["scan", "--check", "disk-space/usag"], 2, "did you mean `disk-space/usage`?"),
        (["scan", "--check", "nope"], 2, "no check `nope`"),
        (["scan", "--framework", "soc3"], 2, "did you mean `soc2`?"),
        (["scan", "--control", "disk-spice"], 2, "did you mean `disk-space`?"),
        (["scan", "--target", "that-host"], 2, "did you mean `this-host`?"),
        (["scan", "--environment", "pord"], 2, "did you mean `prod`?"),
        (["scan", "--severity", "critical"], 4, "no check is left"),
        (["scan", "--format", "jsn"], 2, "did you mean `json`?"),
        (["scan", "--output", "pdf=/no/such/folder/x.pdf"], 2, "does not exist"),
        (["scan", "--output", "report.pdf"], 2, "expected FORMAT=FILE"),
        (["scan", "--config", "nowhere.yaml"], 2, "auditor init"),
        (["report"], 2, "there is no complete run yet"),
        (["report", "--run", "20200101"], 2, "there is no run"),
        (["run", "rejudge", "latest", "--now", "2026-03-31"], 2, "with a zone"),
        (["verify", "no-such-path"], 2, "there is no no-such-path"),
        (["controls", "list", "--controls", "no-such-folder"], 2, "does not exist"),
        (["controls", "show", "disk-spaces"], 2, "did you mean `disk-space`?"),
        (["contrls"], 2, "did you mean `controls`?"),
        (["init", "."], 2, "exists already"),
    ],
)
def test_what_does_not_exist(folder: Path, arguments: list[str], code: int, said: str) -> None:
    done = auditor(folder, *arguments)
    assert said in done.err
    assert done.code == code
    assert done.out == ""


def test_an_empty_controls_folder_is_exit_4(tmp_path: Path) -> None:
    folder = working_folder(tmp_path / "work", controls=["library"])
    (folder / "library").mkdir()
    done = auditor(folder, "scan")
    assert done.code == 4
    assert "no control found" in done.err


def test_zero_targets_are_exit_4(tmp_path: Path) -> None:
    folder = working_folder(tmp_path / "work", controls=["library"], targets=[])
    write_control(folder / "library")
    done = auditor(folder, "scan")
    assert done.code == 4
    assert "there is no target" in done.err


def test_a_scope_that_leaves_nothing_is_exit_4_and_says_why(tmp_path: Path) -> None:
    folder = working_folder(tmp_path / "work", controls=["library"])
    path = write_control(folder / "library")
    text = path.read_text("utf-8")
    changed = text.replace("  key:", "  scope: target.environment == 'staging'\n  key:", 1)
    path.write_text(changed, "utf-8")
    done = auditor(folder, "scan")
    assert done.code == 4
    assert "is false for every target" in done.err


def test_a_misspelt_field_is_named_with_file_line_and_column(tmp_path: Path) -> None:
    folder = working_folder(tmp_path / "work", controls=["library"])
    path = write_control(folder / "library")
    lines = path.read_text("utf-8").replace("  assert:", "  asserts:").splitlines()
    path.write_text("\n".join(lines), "utf-8")
    line = next(i for i, text in enumerate(lines, 1) if "asserts:" in text)
    done = auditor(folder, "scan")
    assert done.code == 2
    place = f"library/operations/disk-space/control.yaml:{line}:3"
    assert f"{place}: unknown field `asserts`, did you mean `assert`?" in done.err


def test_a_parameter_looser_than_allowed_is_refused(tmp_path: Path) -> None:
    folder = working_folder(
        tmp_path / "work", controls=["library"], environments={"prod": {"limit": 999}}
    )
    parameters = {
        "limit": {"type": "int", "default": 800, "loosest": 900, "doc": "how full a disk may be"}
    }
    write_control(folder / "library", parameters=parameters)
    done = auditor(folder, "scan")
    assert done.code == 2
    assert "disk-space.limit: 999 is looser than the loosest allowed 900" in done.err


def test_a_control_cannot_be_replaced_in_silence(tmp_path: Path) -> None:
    folder = working_folder(tmp_path / "work", controls=["library", "ours"])
    write_control(folder / "library")
    path = write_control(folder / "ours")
    for framework in (folder / "ours" / "frameworks").iterdir():
        framework.unlink()
    done = auditor(folder, "scan")
    assert done.code == 2
    assert "is already defined in library/operations/disk-space/control.yaml" in done.err
    path.write_text("extends: disk-space\nowner: {role: head-of-disks}\n", "utf-8")
    assert auditor(folder, "scan").code == 0
    shown = auditor(folder, "controls", "show", "disk-space")
    assert "head-of-disks" in shown.out
