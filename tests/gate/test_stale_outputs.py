"""A file of an earlier run is never left where one of this run is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gate.conftest import Gate
from tests.gate.repository import Repository

BASELINE = ("--baseline", "git:main:baseline.zip")
OLD = "gate: open, says a run of yesterday"


@pytest.fixture
def stale(change: Repository) -> Path:
    """The folder with a comment and a SARIF file of yesterday."""
    for name in ("comment.md", "gate.sarif.out"):
        (change.folder / name).write_text(OLD, "utf-8")
    return change.folder


@pytest.mark.parametrize(
    "arguments",
    [
        (*BASELINE, "--fail-on", "everything"),
        (*BASELINE, "--max-age", "soon"),
        ("--baseline", "git:"),
        (*BASELINE, "--output", "json=nowhere/x"),
        (*BASELINE, "--target", "nobody"),
    ],
)
def test_a_wrong_option_leaves_a_comment_that_says_so_and_no_other_file(
    stale: Path, auditor: Gate, arguments: tuple[str, ...]
) -> None:
    outputs = ("--output", "markdown=comment.md", "--output=sarif=gate.sarif.out")
    assert auditor("gate", *outputs, *arguments).code == 2
    assert "Nothing was compared" in (stale / "comment.md").read_text("utf-8")
    assert not (stale / "gate.sarif.out").exists()


@pytest.mark.parametrize(
    "arguments",
    [(*BASELINE, "--no-such-option"), (), (*BASELINE, "--min-coverage", "101")],
)
@pytest.mark.parametrize(
    "output", [("--output=markdown=comment.md",), ("--output", "markdown=comment.md")]
)
def test_an_option_that_cannot_be_read_leaves_no_file_either(
    stale: Path, auditor: Gate, arguments: tuple[str, ...], output: tuple[str, ...]
) -> None:
    assert auditor("gate", *arguments, *output).code == 2
    assert not (stale / "comment.md").exists()
    assert (stale / "gate.sarif.out").read_text("utf-8") == OLD, "nobody named it"


def test_what_is_no_format_help_and_a_link_s_target_are_left_alone(
    stale: Path, auditor: Gate
) -> None:
    (stale / "link.md").symlink_to("comment.md")
    assert auditor("gate", "--output", "comment.md").code == 2
    assert auditor("gate", "--output", "nonsense=comment.md").code == 2
    assert auditor("gate", "--output", "markdown=comment.md", "--help").code == 0
    assert auditor("gate", "--output").code == 2
    assert auditor("gate", "--output", "markdown=link.md").code == 2
    assert (stale / "comment.md").read_text("utf-8") == OLD
    assert not (stale / "link.md").is_symlink()


def test_an_earlier_file_that_cannot_be_removed_stops_the_gate(stale: Path, auditor: Gate) -> None:
    said = auditor("gate", *BASELINE, "--output", "markdown=/proc/self/comm")
    assert (said.code, "an earlier /proc/self/comm cannot be removed" in said.err) == (2, True)
    assert len(list((stale / "evidence" / "runs").iterdir())) == 1, "nothing was scanned"
