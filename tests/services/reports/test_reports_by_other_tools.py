"""The commands of docs/reference/reports.md, as they stand there: other people's tools agree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.reports.conftest import Office

pytestmark = pytest.mark.service
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "reports.md"
BLOCKS: list[str] = re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def folder(office: Office, signed_pdf: bytes, tmp_path: Path) -> Path:
    """What an outside auditor has: the report, the roots, the trust policy."""
    (tmp_path / "report.pdf").write_bytes(signed_pdf)
    (tmp_path / "root.pem").write_text(office.root.pem)
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "policy.json").write_text(office.trust().to_json())
    return tmp_path


def run(block: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "-eo", "pipefail", "-c", block]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def block(beginning: str) -> str:
    return next(text for text in BLOCKS if text.startswith(beginning))


def test_every_block_of_the_page_is_run_here() -> None:
    """Those that make reports are run by `tests/unit/cli/test_report_page.py`."""
    others = [text.split()[0] for text in BLOCKS if not text.startswith("auditor report")]
    assert others == ["auditor", "qpdf", "set", "pdfdetach"]


def test_our_own_program_tells_how_far_a_report_alone_goes(folder: Path) -> None:
    done = run(block("auditor"), folder)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "signed by a trusted run key, time-stamped at" in done.stdout
    assert "BAD" not in done.stdout


def test_qpdf_and_pyhankos_own_program_accept_the_signed_report(folder: Path) -> None:
    done = run(block("qpdf"), folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No syntax or stream encoding errors found" in done.stdout
    assert "The signature is judged VALID" in done.stdout
    assert "The signature covers the entire file" in done.stdout


def test_openssl_accepts_the_signature_and_refuses_other_content(folder: Path) -> None:
    text = block("set")
    done = run(text, folder)
    assert done.returncode == 0, done.stderr
    assert "successful" in done.stderr.lower()
    edited = run(text.replace("openssl", "printf x >> signed.bin\nopenssl"), folder)
    assert edited.returncode != 0


def test_the_attachments_lead_from_the_findings_to_the_log(folder: Path) -> None:
    done = run(block("pdfdetach"), folder)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split()[0] == lines[1]
    assert f"sha256:{lines[2].split()[0]}" == lines[3]
    assert lines[4:6] == ["example-ltd/auditor-log", "413"]
