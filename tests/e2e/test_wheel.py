"""The wheel as somebody else installs it: alone, as an outside auditor does, and with extras."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.program import Done, working_folder, write_control
from tests.e2e.program import auditor as in_checkout

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
NOT_FOR_VERIFIERS = ("boto3", "botocore", "kubernetes", "weasyprint", "moto")


def uv(*arguments: str, cwd: Path = ROOT) -> str:
    """Run uv, which `make setup` puts beside this interpreter."""
    beside = Path(sys.executable).with_name("uv")
    program = str(beside) if beside.is_file() else shutil.which("uv")
    assert program, "there is no uv beside this interpreter or on the PATH: make setup"
    done = subprocess.run(
        [program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def installed(venv: Path, wheel: Path, extra: str = "") -> Path:
    """The interpreter of an empty environment with the wheel, at the versions of the lock file."""
    uv("venv", "--quiet", "--python", sys.executable, str(venv))
    python = venv / "bin" / "python"
    what = f"auditor{extra} @ {wheel.as_uri()}"
    uv("pip", "install", "--quiet", "--python", str(python), "--constraint", str(LOCK), what)
    return python


def run(python: Path, folder: Path, *arguments: str) -> Done:
    """The installed `auditor`; the checkout is not on its path."""
    done = subprocess.run(
        [str(python.with_name("auditor")), *arguments],
        cwd=folder,
        env=_clean(os.environ),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    hidden = ("AWS_", "AUDITOR_", "PYTHON", "COV", "VIRTUAL_ENV")
    return {name: value for name, value in environment.items() if not name.startswith(hidden)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--wheel", "--quiet", "--out-dir", str(folder))
    (built,) = folder.glob("auditor-*.whl")
    return built


@pytest.fixture(scope="module")
def plain(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("plain") / "venv", wheel)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evidence that the checkout recorded, for the installed verifier to look at."""
    folder = working_folder(tmp_path_factory.mktemp("made") / "work", controls=["library"])
    write_control(folder / "library")
    assert in_checkout(folder, "scan", "--output", "json=report.json").code == 0
    return folder


def test_a_plain_installation_has_no_cloud_no_renderer_and_no_server(
    plain: Path, tmp_path: Path
) -> None:
    code = "import importlib.util as u, sys; print([m for m in sys.argv[1:] if u.find_spec(m)])"
    done = subprocess.run(
        [str(plain), "-c", code, *NOT_FOR_VERIFIERS, "auditor"],
        cwd=tmp_path,
        env=_clean(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['auditor']"


def test_a_plain_installation_verifies_what_others_recorded(plain: Path, scanned: Path) -> None:
    done = run(plain, scanned, "verify", ".")
    assert done.code == 0, done.out + done.err
    assert run(plain, scanned, "verify", "report.json").code == 0


def test_a_plain_installation_finds_a_changed_byte(
    plain: Path, scanned: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "work"
    shutil.copytree(scanned, copy)
    blob = next(p for p in (copy / "evidence" / "blobs").rglob("*") if p.is_file())
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    assert run(plain, copy, "verify").code == 5


def test_a_plain_installation_verifies_and_judges_a_bundle_again(
    plain: Path, scanned: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "x.zip"
    made = in_checkout(
        scanned, "export", "--run", "latest", "--report", "report.json", "-o", str(bundle)
    )
    assert made.code == 0, made.err
    trust = tmp_path / "trust"
    shutil.copytree(scanned / "trust", trust)
    done = run(plain, tmp_path, "verify", "x.zip", "--trust", "trust")
    assert done.code == 0, done.out + done.err
    again = run(plain, tmp_path, "reperform", "x.zip")
    assert again.code == 0, again.out + again.err
    assert "same bytes" in again.out
    exported = run(plain, scanned, "export", "--run", "latest", "-o", str(tmp_path / "y.zip"))
    assert exported.code == 0, exported.err
    data = bytearray(bundle.read_bytes())
    data[len(data) // 3] ^= 1
    bundle.write_bytes(data)
    assert run(plain, tmp_path, "verify", "x.zip", "--trust", "trust").code == 5


def test_a_plain_installation_brings_the_library_with_it(plain: Path, tmp_path: Path) -> None:
    listed = run(plain, tmp_path, "controls", "list", "--format", "json")
    assert {"console-mfa", "storage-private"} <= {control["id"] for control in listed.json}
    assert run(plain, tmp_path, "controls", "lint").code == 0
    shown = run(plain, tmp_path, "controls", "show", "console-mfa")
    assert shown.code == 0
    assert "CC6.1" in shown.out


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["demo", "company"], "pip install 'auditor[demo]'"),
        (["init", "--target", "aws"], "pip install 'auditor[aws]'"),
        (["report", "--output", "pdf=r.pdf"], "pip install 'auditor[pdf]'"),
    ],
)
def test_what_an_extra_brings_says_its_name_where_it_is_missing(
    plain: Path, scanned: Path, tmp_path: Path, arguments: list[str], hint: str
) -> None:
    folder = tmp_path
    if arguments[0] == "report":
        folder = tmp_path / "work"
        shutil.copytree(scanned, folder)
    before = sorted(path.name for path in folder.iterdir())
    done = run(plain, folder, *arguments)
    assert done.code == 2
    assert hint in done.err
    assert "Traceback" not in done.err
    assert sorted(path.name for path in folder.iterdir()) == before


def test_with_the_extra_demo_the_demonstration_runs(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("with-demo")
    python = installed(base / "venv", wheel, "[demo]")
    done = run(python, base, "demo", "company")
    assert done.code == 0, done.err
    assert (base / "company" / "report.pdf").is_file()
