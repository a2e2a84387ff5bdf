"""VERIFY.md of a bundle that has everything: cosignatures, time-stamps, a PDF, personal fields."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.app.project import load_trust
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.note import Note
from tests.unit.app.bundles import Members, sealed, unpacked
from tests.vectors.tamper.case import Case
from tests.vectors.tamper.insider import run_key
from tests.vectors.tamper.story import WITNESSES, Honest

pytestmark = pytest.mark.service
EXTRACT = r"""sed -n '/^```bash$/,/^```$/{/^```/d;p}'"""


def by_hand(folder: Path, members: Members, trust: Path) -> list[str]:
    """What the commands of the bundle's own guide print."""
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    script = folder.parent / f"{folder.name}.sh"
    subprocess.run(f"{EXTRACT} '{folder}/VERIFY.md' > '{script}'", shell=True, check=True)  # noqa: S602
    done = subprocess.run(
        ["bash", str(script)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "TRUST": str(trust), "TMPDIR": str(folder.parent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == "", done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def members(honest: Honest) -> Members:
    return unpacked(honest.folder / "full.zip")


def test_every_command_succeeds_on_a_bundle_with_witnesses_and_time_stamps(
    honest: Honest, members: Members, tmp_path: Path
) -> None:
    lines = by_hand(tmp_path / "b", members, honest.trust)
    assert lines[-1] == "everything above is ok", "\n".join(lines)
    for name in WITNESSES:
        assert f"ok           (3) cosignature of {name}" in lines
    for run in ("C", "D"):
        assert f"ok           (5) time-stamp 1 of {honest.runs[run]}" in lines


def test_a_late_time_stamp_is_checked_too(honest: Honest, tmp_path: Path) -> None:
    from auditor.app.export.choice import Wish
    from auditor.app.export.make import Extras, export
    from tests.vectors.tamper.story import Story

    case = Case.copy(honest, tmp_path / "case")
    project = Story.on(case.work, honest.now).project()
    wish = Wish(runs=(honest.runs["B"],))
    export(project.store, wish, Extras(), project.run_key(), tmp_path / "b.zip")
    lines = by_hand(tmp_path / "b", unpacked(tmp_path / "b.zip"), honest.trust)
    assert f"ok           (5) later time-stamp of {honest.runs['B']}" in lines
    assert lines[-1] == "everything above is ok", "\n".join(lines)


def test_forged_cosignatures_and_tokens_are_named(
    honest: Honest, members: Members, tmp_path: Path
) -> None:
    case = Case.copy(honest, tmp_path / "case")
    changed = dict(members)
    signed = SignedCheckpoint.parse(members["log/checkpoint"])
    lines = list(signed.note.signatures)
    own, first, second = lines  # of the log, and of each witness
    from dataclasses import replace

    forged = [own, replace(first, signature=second.signature), second]
    changed["log/checkpoint"] = Note(signed.note.text, tuple(forged)).to_bytes()
    said = by_hand(tmp_path / "b", sealed(changed, run_key(case)), honest.trust)
    assert any(line.startswith("BAD") and "(3) cosignature of" in line for line in said)
    trust = tmp_path / "trust"
    shutil.copytree(honest.trust, trust)
    other = load_trust(trust).certificate_authorities[0].certificate
    policy = load_trust(trust)
    stranger = policy.timestamp_authorities[0].model_copy(update={"certificate": other})
    policy = policy.model_copy(update={"timestamp_authorities": (stranger,)})
    (trust / "policy.json").write_text(policy.to_json(), "utf-8")
    said = by_hand(tmp_path / "c", members, trust)
    assert f"BAD          (5) time-stamp 1 of {honest.runs['D']}" in said


def test_fewer_witnesses_than_the_policy_requires_are_not_enough(
    honest: Honest, members: Members, tmp_path: Path
) -> None:
    case = Case.copy(honest, tmp_path / "case")
    signed = SignedCheckpoint.parse(members["log/checkpoint"])
    changed = dict(members)
    changed["log/checkpoint"] = Note(signed.note.text, signed.note.signatures[:2]).to_bytes()
    said = by_hand(tmp_path / "b", sealed(changed, run_key(case)), honest.trust)
    assert "BAD          (3) as many witnesses as your policy requires" in said


def test_pyhanko_accepts_the_pdf_report_as_the_guide_says(honest: Honest, tmp_path: Path) -> None:
    roots = "".join(item.certificate for item in load_trust(honest.trust).certificate_authorities)
    tsa = load_trust(honest.trust).timestamp_authorities[0].certificate
    (tmp_path / "ca.pem").write_text(roots + tsa, "utf-8")
    report = honest.folder / "reports" / "report.pdf"
    command = [str(Path(sys.executable).with_name("pyhanko")), "sign", "validate"]
    command += ["--pretty-print", "--trust", str(tmp_path / "ca.pem"), str(report)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The signature is judged VALID" in done.stdout
