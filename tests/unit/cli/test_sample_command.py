"""`auditor sample` over a recorded run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.errors import ExitCode
from tests.unit.app.company import CONTROL, Company
from tests.unit.cli.conftest import Auditor

YEAR = str(datetime.now(UTC).year)


@pytest.fixture
def scanned(here: Company, auditor: Auditor) -> Company:
    """With one run."""
    assert auditor("scan").code == 1
    return here


def test_population_is_frozen_first_and_drawn_with_the_nonce_that_comes_back(
    scanned: Company, auditor: Auditor
) -> None:
    frozen = auditor("sample", "--control", CONTROL, "--period", YEAR)
    assert frozen.code == 0
    index = frozen.out.split("entry ")[1].split(",")[0]
    assert f"auditor sample --frozen {index} --nonce" in frozen.err

    drawn = auditor(
        "sample", "--frozen", index, "--nonce", "from us", "--size", "2", "--output", "s.json"
    )

    assert drawn.code == 0
    assert "draw        2 items (asked for)" in drawn.out
    draw = drawn.out.split("logged as   entry ")[1].split("\n")[0]
    assert auditor("sample", "verify", draw).out == drawn.out
    assert auditor("sample", "verify", "s.json").out == drawn.out
    assert len(auditor("sample", "list").out.splitlines()) == 2
    assert auditor("verify", ".").code == ExitCode.OK
    assert scanned.folder.exists()


def test_file_without_a_project_derives_and_cannot_tell_the_rest(
    scanned: Company, auditor: Auditor
) -> None:
    auditor("sample", "--control", CONTROL, "--period", YEAR, "--nonce", "n", "--output", "s.json")
    other = scanned.folder / "elsewhere"
    other.mkdir()
    (scanned.folder / "s.json").rename(other / "s.json")
    os.chdir(other)

    said = auditor("sample", "verify", "s.json")

    assert said.code == ExitCode.INCOMPLETE
    assert "cannot tell" in said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give --control and --period"),
        (("--control", CONTROL), "give --control and --period"),
        (("--control", CONTROL, "--period", YEAR, "--frozen", "1"), "give --control"),
        (("--frozen", "1"), "needs --nonce"),
        (("--control", CONTROL, "--period", YEAR, "--output", "s.xlsx"), "needs --nonce"),
        (("--frozen", "0", "--nonce", "n"), "no sample's"),
        (("verify", "nothing.json"), "no entry's number and no file"),
    ],
)
def test_contradictory_words_are_usage_errors(
    scanned: Company, auditor: Auditor, arguments: tuple[str, ...], said: str
) -> None:
    answer = auditor("sample", *arguments)

    assert answer.code == ExitCode.USAGE
    assert said in answer.err
    assert scanned.folder.exists()


def test_nothing_sampled_says_what_to_type(scanned: Company, auditor: Auditor) -> None:
    assert "Next: auditor sample" in auditor("sample", "list").err
    assert scanned.folder.exists()


def test_statement_requests_bridge_and_workbooks_come_from_the_recorded_run(
    scanned: Company, auditor: Auditor
) -> None:
    soa = scanned.folder / "soa.yaml"
    assert "every row is undecided" in auditor("soa", "init").err
    assert soa.is_file()
    assert auditor("soa", "init").code == ExitCode.USAGE
    linted = auditor("soa", "lint")
    assert linted.code == ExitCode.FAILING
    assert len(linted.out.splitlines()) == 93
    made = auditor("soa", "report", "--output", "xlsx=s.xlsx", "--output", "pdf=s.pdf")
    assert made.code == 0
    assert "93 of 93 rows are undecided" in made.err
    assert auditor("soa", "report", "--output", "html=s.html").code == ExitCode.USAGE

    pack = auditor("pbc", "--period", YEAR, "-o", "requests.zip")
    assert "1 missing" in pack.err
    assert "missing: Samples" in pack.out

    bridge = auditor("bridge", "--from", f"{YEAR}-01-01", "--to", f"{int(YEAR) + 1}-01-01")
    assert "## Failures" in bridge.out
    to_file = auditor(
        "bridge", "--from", f"{YEAR}-01-01", "--to", f"{int(YEAR) + 1}-01-01", "-o", "b.md"
    )
    assert to_file.out == ""
    assert (scanned.folder / "b.md").read_bytes().decode() == bridge.out

    assert auditor("report", "--output", "xlsx=r.xlsx").code == 0
    assert auditor("report", "--period", YEAR, "--output", "xlsx=p.xlsx").code == 0
    assert auditor("verify", ".").code == ExitCode.OK
    with zipfile.ZipFile("requests.zip") as archive:
        archive.extract("evidence.zip")
    assert auditor("verify", "evidence.zip", "--trust", "trust").code == ExitCode.OK


def test_recipes_of_the_documentation_draw_the_same_sample(
    scanned: Company, auditor: Auditor
) -> None:
    page = (Path(__file__).parents[3] / "docs/reference/sampling.md").read_text("utf-8")
    python, shell = (
        page.split(f"```{language}\n")[1].split("```")[0] for language in ("python", "sh")
    )
    arguments = ("--control", CONTROL, "--period", YEAR, "--nonce", "it's 7", "--size", "3")
    auditor("sample", *arguments, "--output", "sample.json")
    document = json.loads((scanned.folder / "sample.json").read_text("utf-8"))

    subprocess.run([sys.executable, "-c", python], check=True)
    said = subprocess.run(["bash", "-c", shell], check=True, capture_output=True, text=True)

    digest, *names = said.stdout.splitlines()
    assert names == document["items"]
    assert len(names) == 3
    assert json.loads(document["draw_entry"])["body"]["population"].endswith(digest.split()[0])
