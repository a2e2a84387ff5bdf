"""`auditor demo` as a newcomer runs it, and the folder that it leaves."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.program import Done, auditor

pytestmark = pytest.mark.e2e

# What may stand in the environment of somebody who works with real accounts behind a proxy.
FOREIGN = {
    "AWS_PROFILE": "nonsense",
    "AWS_ENDPOINT_URL_IAM": "http://127.0.0.1:9",
    "AWS_CA_BUNDLE": "/no/such/bundle.pem",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}


@dataclass(frozen=True, slots=True)
class Demo:
    """The command's answer and its folder."""

    done: Done
    folder: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run in a folder that an earlier demonstration left, as its marker says."""
    base = tmp_path_factory.mktemp("demo")
    old = base / "larkspur"
    old.mkdir()
    (old / ".auditor-demo").write_text("Made by `auditor demo`.\n", "utf-8")
    (old / "stale.txt").write_text("of last week", "utf-8")
    return Demo(auditor(base, "demo", "larkspur", env=FOREIGN), old)


def test_it_exits_0_the_story_holds_and_the_evidence_too(demo: Demo) -> None:
    assert demo.done.code == 0, demo.done.err
    assert "NOT AS EXPECTED" not in demo.done.err
    assert "scan ended with exit code 3; the evidence holds" in demo.done.err
    assert "larkspur-exports" in demo.done.out


def test_an_earlier_demonstration_is_replaced(demo: Demo) -> None:
    assert not (demo.folder / "stale.txt").exists()
    assert (demo.folder / ".auditor-demo").is_file()


def test_it_leaves_reports_in_three_formats(demo: Demo) -> None:
    assert (demo.folder / "report.pdf").read_bytes().startswith(b"%PDF")
    assert "Larkspur Ltd" in (demo.folder / "report.html").read_text("utf-8")
    document = json.loads((demo.folder / "report.json").read_text("utf-8"))
    assert document["outcome"] == "incomplete"
    assert {"pass", "fail", "error", "waived"} <= {n for n, k in document["counts"].items() if k}


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious", "utf-8")
    done = auditor(tmp_path.parent, "demo", str(tmp_path))
    assert done.code == 2
    assert "is not empty" in done.err
    assert "auditor demo ANOTHER-FOLDER" in done.err
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_its_report_verifies_and_an_edited_one_does_not(demo: Demo, tmp_path: Path) -> None:
    for name in ("report.pdf", "report.html", "report.json"):
        assert auditor(demo.folder, "verify", name).code == 0
    edited = tmp_path / "report.json"
    edited.write_bytes((demo.folder / "report.json").read_bytes().replace(b"fail", b"pass", 1))
    assert auditor(demo.folder, "verify", str(edited)).code == 5


def test_every_command_that_it_names_works(demo: Demo) -> None:
    named = [line for line in demo.done.err.splitlines() if " && " in line]
    assert named
    for line in named:
        words = line.split(" && ", 1)[1].split()
        command = next(i for i, word in enumerate(words) if word in ("why", "verify", "reperform"))
        assert auditor(demo.folder, *words[command:]).code == 0, line


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["report"], "Larkspur Ltd"),
        (["run", "rejudge", "latest"], "identical"),
        (["verify"], "(exit 0)"),
        (["reperform", "bundle.zip"], "same bytes"),
        (["waivers", "list"], "W-2026-002"),
        (["ledger", "show"], "run.end"),
        (["controls", "coverage", "--framework", "soc2"], "requirements have at least one check"),
    ],
)
def test_the_other_commands_work_in_its_folder(demo: Demo, arguments: list[str], part: str) -> None:
    done = auditor(demo.folder, *arguments)
    assert done.code == 0, done.err
    assert part in done.out


def test_a_finding_of_it_is_shown_with_its_evidence(demo: Demo) -> None:
    document = json.loads((demo.folder / "report.json").read_text("utf-8"))
    bob = next(
        f
        for f in document["findings"]
        if f["check"] == "console-users" and str(f["resource"]).endswith("user/bob")
    )
    done = auditor(demo.folder, "why", bob["fingerprint"][:12])
    assert done.code == 0
    assert "FAIL" in done.out
    assert '"mfa_active": false' in done.out


def test_the_expired_waiver_is_not_honoured_and_the_other_is(demo: Demo) -> None:
    lines = auditor(demo.folder, "waivers", "list").out.splitlines()
    states = {line.split()[0]: line.rsplit("  ", 1)[1] for line in lines}
    assert states == {"W-2026-001": "in force", "W-2026-002": "expired"}


def test_a_scan_after_its_end_finds_nobody_there_and_passes_nothing(
    demo: Demo, tmp_path: Path
) -> None:
    copy = tmp_path / "work"
    shutil.copytree(demo.folder, copy)
    done = auditor(copy, "scan", "--target", "aws", "--target", "shop", "--format", "json")
    assert done.code == 3, done.err
    findings = done.json["findings"]
    assert {f["status"] for f in findings if f["target"] == "aws"} == {"error"}
    # That an endpoint of the inventory does not answer is a deviation of its own.
    shop = {(f["check"], f["status"]) for f in findings if f["target"] == "shop"}
    assert {status for check, status in shop if check != "inventory"} == {"error"}
    assert {status for check, status in shop if check == "inventory"} <= {"error", "fail"}
