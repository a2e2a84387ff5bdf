"""A release: built, listed, signed by our own code, and every change to it is found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from auditor.attest.bundle import Bundle
from auditor.keys.file import FileKey, generate_key
from integrations.release.release import BUNDLE, SBOM, build, main, sign
from integrations.release.sbom import read_lock, sbom, shipped
from tests.integrations.conftest import ROOT

pytestmark = pytest.mark.service
LOCK = ROOT / "requirements.lock"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> FileKey:
    folder = tmp_path_factory.mktemp("key")
    made = generate_key(folder / "release.pem", "ecdsa-p256-sha256")
    (folder / "release.pub").write_text(made.public_key, "utf-8")
    return made


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and release, made once."""
    folder = tmp_path_factory.mktemp("release")
    made = generate_key(folder / "release.pem", "ecdsa-p256-sha256")
    (folder / "release.pub").write_text(made.public_key, "utf-8")
    build(folder / "dist")
    sign(folder / "dist", str(folder / "release.pem"))
    return folder


@pytest.fixture
def dist(places: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(places / "dist", tmp_path / "dist"))


def verify(places: Path, dist: Path) -> int:
    return main(["--verify", "--public", str(places / "release.pub"), str(dist)])


def test_it_verifies_and_holds_wheel_sdist_and_list(
    places: Path, dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(places, dist) == 0
    said = capsys.readouterr().out
    assert ".whl" in said
    assert ".tar.gz" in said
    statement = json.loads(Bundle.parse((dist / BUNDLE).read_bytes()).envelope.payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert len(statement["subject"]) == 3


@pytest.mark.parametrize("suffix", [".whl", ".tar.gz", SBOM])
def test_a_changed_a_missing_and_an_added_file_are_found(
    places: Path, dist: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = (p for p in dist.iterdir() if p.name.endswith(suffix))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert verify(places, dist) == 5
    assert f"{path.name}: was changed" in capsys.readouterr().err
    path.unlink()
    assert verify(places, dist) == 5
    assert "is missing" in capsys.readouterr().err


def test_an_added_file_and_another_signer_are_found(
    places: Path, dist: Path, key: FileKey, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (dist / "extra.whl").write_bytes(b"x")
    assert verify(places, dist) == 5
    assert "extra.whl: was added" in capsys.readouterr().err
    (dist / "extra.whl").unlink()
    other = tmp_path / "other.pub"
    other.write_text(key.public_key, "utf-8")
    assert main(["--verify", "--public", str(other), str(dist)]) == 5


def test_a_release_without_a_key_or_into_a_full_folder_is_refused(
    places: Path, dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    public = str(places / "release.pub")
    assert main(["--public", public, str(dist)]) == 2
    assert main(["--public", public, "--key", str(places / "release.pem"), str(dist)]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_the_wheel_holds_what_users_need_and_no_test(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    names = ZipFile(wheel).namelist()
    assert "auditor/_data/schemas/event-1.json" in names
    assert not [name for name in names if name.startswith(("tests/", "integrations/"))]


def test_the_list_is_valid_cyclonedx_and_complete() -> None:
    packages = read_lock(LOCK.read_text("utf-8"))
    document = sbom("1.2.3", packages)
    text = json.dumps(document)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    names = {part.name for part in shipped(packages)}
    assert {"click", "cryptography", "boto3", "botocore", "weasyprint"} <= names
    assert not {"pytest", "mypy", "ruff"} & names
    assert all(part.hashes for part in shipped(packages))
    assert json.dumps(sbom("1.2.3", packages)) == text


def test_a_lock_that_is_not_understood_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2 of the lock"):
        read_lock("click==8.1\n  --index-url https://example.org\n")
