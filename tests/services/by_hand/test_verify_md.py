"""The commands of a bundle's VERIFY.md, run as they stand there, by bash, openssl and jq."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from auditor.app.export.choice import Wish
from auditor.app.export.make import Extras
from auditor.app.export.period import Period
from auditor.app.period.bounds import parse_bounds
from auditor.app.sampling.drawing import freeze
from auditor.app.sampling.records import sample_entries
from auditor.attest.package import MANIFEST, OWN, SIGNATURE, SUMS
from auditor.keys.file import generate_key
from tests.unit.app.bundles import Members, make, on_day, sealed, unpacked, with_report
from tests.unit.app.company import BEGIN, CONTROL, Company, found, target, ticking

pytestmark = pytest.mark.service
ROOT = Path(__file__).parents[3]
EXTRACT = r"""sed -n '/^```bash$/,/^```$/{/^```/d;p}'"""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    made = found(tmp_path_factory.mktemp("by-hand") / "work", target())
    for day in range(0, 70, 10):
        on_day(made, day)
    bounds = parse_bounds(f"{BEGIN:%Y-%m-%d}..{BEGIN + timedelta(days=40):%Y-%m-%d}")
    clock = ticking(BEGIN + timedelta(days=61))
    freeze(made.project(), CONTROL, bounds, clock, lambda _line: None)
    return made


@pytest.fixture(scope="module")
def members(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Members:
    base = tmp_path_factory.mktemp("bundle")
    run = on_day(company, 80)
    report = with_report(company, run, base / "report.json", 81)
    extras = Extras(reports=(report,), since_sizes=(7,), trust=company.project().trust_folder)
    make(company, Wish(runs=(run,)), base / "x.zip", extras)
    return unpacked(base / "x.zip")


def by_hand(folder: Path, members: Members, trust: Path, script: Path | None = None) -> list[str]:
    """What the commands print; they are taken from the guide by the command that it names."""
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    scripts = folder.parent / f"{folder.name}.sh"
    guide = script or folder / "VERIFY.md"
    subprocess.run(f"{EXTRACT} '{guide}' > '{scripts}'", shell=True, check=True)  # noqa: S602
    done = subprocess.run(
        ["bash", str(scripts)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "TRUST": str(trust), "TMPDIR": str(folder.parent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == "", done.stderr
    lines = done.stdout.splitlines()
    assert (done.returncode == 0) == (lines[-1] == "everything above is ok")
    return lines


def answers(lines: list[str]) -> dict[str, list[str]]:
    """Titles by answer."""
    found_: dict[str, list[str]] = {"ok": [], "BAD": [], "cannot tell": []}
    for line in lines[:-1]:
        for word, titles in found_.items():
            if line.startswith(f"{word} "):
                titles.append(line.removeprefix(word).strip())
    return found_


def test_every_command_of_the_guide_succeeds_on_an_untouched_bundle(
    company: Company, members: Members, tmp_path: Path
) -> None:
    lines = by_hand(tmp_path / "b", members, company.project().trust_folder)
    assert lines[-1] == "everything above is ok", "\n".join(lines)
    said = answers(lines)
    assert len(said["ok"]) == len(lines) - 1
    assert {title[:3] for title in said["ok"]} == {"(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)"}


def test_the_guide_of_a_period_checks_every_run_of_it(company: Company, tmp_path: Path) -> None:
    period = Period(BEGIN + timedelta(days=5), BEGIN + timedelta(days=45))
    make(company, Wish(period=period), tmp_path / "x.zip")
    members, trust = unpacked(tmp_path / "x.zip"), company.project().trust_folder
    page = ROOT / "docs" / "how-to" / "verify-by-hand.md"
    for number, script in enumerate((None, page)):
        lines = by_hand(tmp_path / f"b{number}", members, trust, script)
        assert lines[-1] == "everything above is ok", "\n".join(lines)
        assert sum("statement of" in line for line in lines) == 4 + 1  # and that of the run before
        assert sum("policy and verdicts of" in line for line in lines) == 1
        assert sum("rests on" in line for line in lines) == 1  # the population of a sample


def test_the_page_in_the_documentation_has_the_same_commands(
    company: Company, members: Members, tmp_path: Path
) -> None:
    """An auditor who does not believe the bundle's own guide takes the commands from here."""
    page = ROOT / "docs" / "how-to" / "verify-by-hand.md"
    lines = by_hand(tmp_path / "b", members, company.project().trust_folder, page)
    assert lines[-1] == "everything above is ok", "\n".join(lines)
    assert {title[:3] for title in answers(lines)["ok"]} >= {"(1)", "(2)", "(3)", "(4)", "(5)"}


def _flip(pattern: str) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        name = next(name for name in sorted(members) if name.startswith(pattern))
        data = bytearray(members[name])
        data[len(data) // 2] ^= 1
        members[name] = bytes(data)

    return change


@pytest.mark.parametrize("pattern", ["blobs/", "controls/", "proofs/", "reports/", "trust/"])
def test_a_changed_file_is_named_by_its_checksum(
    company: Company, members: Members, tmp_path: Path, pattern: str
) -> None:
    changed = dict(members)
    _flip(pattern)(changed)
    lines = by_hand(tmp_path / "b", changed, company.project().trust_folder)
    assert "(1) SHA256SUMS" in answers(lines)["BAD"]


def resealed(change: Callable[[Members], None]) -> Callable[[Members, Company, Path], Members]:
    """As an insider with the run key does it: manifest and sums fit the changed members."""

    def edit(members: Members, company: Company, _tmp: Path) -> Members:
        change(members)
        return sealed(members, company.project().run_key())

    return edit


def _edited(name: str, old: bytes, new: bytes) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        path = next(path for path in sorted(members) if path.startswith(name))
        assert old in members[path]
        members[path] = members[path].replace(old, new, 1)

    return change


def _other_evidence(members: Members) -> None:
    blobs = sorted(name for name in members if name.startswith("blobs/"))
    members[blobs[0]], members[blobs[1]] = members[blobs[1]], members[blobs[0]]


def _last_entry(members: Members) -> None:
    last = max(int(name[8:-5]) for name in members if name.startswith("entries/"))
    _edited(f"entries/{last}.json", b'"v":"log', b'"v":"lag')(members)


def _stranger(members: Members, _company: Company, folder: Path) -> Members:
    return sealed(members, generate_key(folder / "stranger.pem", "ecdsa-p256-sha256"))


def _unsigned(members: Members, company: Company, _folder: Path) -> Members:
    signature = members[SIGNATURE]
    changed = sealed(members, company.project().run_key(), left_out=[])
    other = b"B" if signature[-60:-59] == b"A" else b"A"
    return {**changed, SIGNATURE: signature[:-60] + other + signature[-59:]}


TAMPERED: dict[str, tuple[Callable[[Members, Company, Path], Members], str, str]] = {
    "a file besides": (
        lambda m, _c, _t: {**m, "entries/1.json": b"{}"}, "BAD", "(1) no file besides",
    ),
    "manifest by a stranger": (_stranger, "cannot tell", "(2) signature of the manifest"),
    "manifest's signature": (_unsigned, "BAD", "(2) signature of the manifest"),
    "checkpoint": (
        resealed(_edited("log/checkpoint", b"\n4", b"\n5")),
        "BAD", "(3) signature of the checkpoint",
    ),
    "entry of the run": (
        resealed(_edited("entries/37", b'"index":37', b'"index":39')), "BAD", "follow each other",
    ),
    "last entry": (resealed(_last_entry), "BAD", "is in the log"),
    "statement": (
        resealed(_edited("runs/", b'"payload":"e', b'"payload":"f')), "BAD", "(5) statement of",
    ),
    "evidence": (resealed(_other_evidence), "BAD", "(6) evidence of"),
    "report": (
        resealed(_edited("reports/", b'"run"', b'"RUN"')), "BAD", "(7) reports/report.json",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_bundle_fails_in_the_right_check(
    company: Company, members: Members, tmp_path: Path, name: str
) -> None:
    edit, answer, title = TAMPERED[name]
    changed = edit(dict(members), company, tmp_path)
    lines = by_hand(tmp_path / "b", changed, company.project().trust_folder)
    assert any(title in said for said in answers(lines)[answer]), "\n".join(lines)
    assert lines[-1] == "not everything is ok"


def test_keys_come_from_the_auditors_folder_and_not_from_the_bundle(
    members: Members, tmp_path: Path
) -> None:
    other = found(tmp_path / "other", target())
    lines = by_hand(tmp_path / "b", members, other.project().trust_folder)
    said = answers(lines)
    assert "(3) signature of the checkpoint" in said["cannot tell"]
    assert "(2) signature of the manifest" in said["cannot tell"]
    assert lines[-1] == "not everything is ok"


def test_the_tools_that_the_guide_names_are_here() -> None:
    for tool in ("bash", "openssl", "jq", "sha256sum", "gzip"):
        assert shutil.which(tool), f"there is no {tool}: tests/servers.sh installs it"
    assert set(OWN) == {MANIFEST, SIGNATURE, SUMS}


def test_a_population_that_was_changed_is_found_by_hand(company: Company, tmp_path: Path) -> None:
    period = Period(BEGIN + timedelta(days=25), BEGIN + timedelta(days=35))
    make(company, Wish(period=period), tmp_path / "x.zip")
    members = unpacked(tmp_path / "x.zip")
    store = company.project().store
    (population,) = [one.freeze.blob for one in sample_entries(store) if one.freeze is not None]
    members[population.path] = gzip.compress(b"another", mtime=0)
    changed = sealed(members, company.project().run_key())
    said = answers(by_hand(tmp_path / "b", changed, company.project().trust_folder))
    assert [title.split(" rests on")[0][:14] for title in said["BAD"]] == ["(6) what entry"]
