"""`auditor ledger erase` and what `auditor why` still shows afterwards."""

from __future__ import annotations

import base64
import gzip
import zipfile
from pathlib import Path

import pytest

from auditor.cli import run
from auditor.errors import ExitCode
from tests.unit.app.people_collector import PLACES, people, people_check
from tests.unit.app.test_collector_registry import install
from tests.unit.cli.conftest import Auditor

MAIL = people_check("resource.mail == null")


def test_values_are_erased_once_and_then_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    company = people(tmp_path / "work", [MAIL])
    assessment = company.scan()
    anna = next(finding for finding in assessment.findings if finding.key == "anna")
    place = ["--config", str(company.config)]

    assert run(["why", anna.id, *place]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert '"anna.lindqvist@example.org" (personal)' in shown
    assert "personal     mail, phone, devices.address: shown here" in shown

    erase = ["ledger", "erase", "--run", assessment.run, *place]
    assert run([*erase, "--field", "mail"]) == ExitCode.OK
    assert capsys.readouterr().out == f"run {assessment.run}: 2 values erased, 3 left\n"
    assert run(erase) == ExitCode.OK
    assert capsys.readouterr().out == f"run {assessment.run}: 3 values erased, 0 left\n"
    assert run(erase) == ExitCode.OK
    assert "of 1 observations nothing was left before" in capsys.readouterr().out

    assert run(["why", anna.id, *place]) == ExitCode.OK
    assert "anna.lindqvist" not in capsys.readouterr().out
    assert run([*erase, "--field", "nam"]) == ExitCode.USAGE


def test_an_error_message_tells_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "ghp_" + "a1" * 18
    assert run(["why", "x", "--config", f"{tmp_path}/{secret}.yaml"]) == ExitCode.USAGE
    printed = capsys.readouterr()
    assert secret not in printed.out + printed.err
    assert "[redacted].yaml" in printed.err


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ((), ("anna.lindqvist@example.org", "192.0.2.77")),
        (("--redact",), ()),
        (("--redact", "--show", "people.person.mail"), ("anna.lindqvist@example.org",)),
    ],
)
def test_a_bundle_holds_the_personal_fields_that_are_shown_and_still_verifies(
    tmp_path: Path,
    auditor: Auditor,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    kept: tuple[str, ...],
) -> None:
    install(tmp_path / "site", **PLACES)
    monkeypatch.syspath_prepend(tmp_path / "site")
    company = people(tmp_path / "work", [MAIL])
    company.scan()
    monkeypatch.chdir(company.folder)
    done = auditor("export", "--run", "latest", *arguments, "-o", "x.zip")
    assert done.code == 0, done.err
    with zipfile.ZipFile("x.zip") as archive:
        data = b"".join(
            gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
            for content in map(archive.read, archive.namelist())
        )
        vault = b"".join(
            base64.urlsafe_b64decode(line + b"=" * (-len(line) % 4))
            for name in archive.namelist()
            if name.startswith("vault/")
            for line in gzip.decompress(archive.read(name)).splitlines()
        )
    found = data + vault
    for text in ("anna.lindqvist@example.org", "192.0.2.77"):
        assert (text.encode() in found) == (text in kept), text
    verified = auditor("verify", "x.zip", "--trust", "trust", "--format", "json")
    hidden = "anna.lindqvist@example.org" not in kept  # the check reads it
    assert verified.code == (3 if hidden else 0), verified.out
    verdicts = {step["number"]: step["verdict"] for step in verified.json["steps"]}
    assert verdicts[6] in {"ok", "warning"}
