"""Keys in a PKCS#11 token: what they sign, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from cryptography import x509

from auditor.app.signing_keys.changes import rotate
from auditor.app.verifying import find_subject, verify
from auditor.attest.signing import verify_signature
from auditor.errors import ConfigError
from auditor.keys.certificate import Subject, request, self_signed
from auditor.keys.registry import open_key
from tests.services.keys.tokens import Token
from tests.unit.app.company import found, target

pytestmark = pytest.mark.service


@pytest.mark.parametrize("label", ["run", "log"])
@pytest.mark.parametrize("size", [0, 5, 100_000])
def test_a_key_of_the_token_signs(token: Token, tmp_path: Path, label: str, size: int) -> None:
    key = open_key(token.uri(label), tmp_path, token.environ)
    assert key.algorithm == ("ed25519" if label == "log" else "ecdsa-p256-sha256")
    data = b"x" * size
    verify_signature(key.public_key, key.algorithm, data, key.sign(data))
    assert "271828" not in repr(key.signer)


@pytest.mark.parametrize("uri", ["hsm:", "hsm:2", "hsm:2?label=audit+token", "pkcs11:id=%02"])
def test_each_form_of_uri_finds_the_same_key(token: Token, tmp_path: Path, uri: str) -> None:
    named = open_key(token.uri("run"), tmp_path, token.environ)
    assert open_key(uri, tmp_path, token.environ).key_id == named.key_id


def test_a_key_of_the_token_gets_a_certificate_and_a_request(token: Token, tmp_path: Path) -> None:
    key = open_key(token.uri("run"), tmp_path, token.environ)
    subject = Subject("Example Ltd")
    pem = self_signed(key, subject, datetime.now(UTC), timedelta(days=1))
    made = x509.load_pem_x509_certificate(pem.encode())
    made.verify_directly_issued_by(made)
    assert x509.load_pem_x509_csr(request(key, subject).encode()).is_signature_valid


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("none", "has no such public key"),
        ("half", "has no such private key"),
        ("twins", "more than one such public key"),
        ("too-large", "expected a key on the curve P-256"),
        ("rsa", "expected a key on the curve P-256"),
    ],
)
def test_what_is_not_one_key_of_a_known_kind_is_refused(
    token: Token, tmp_path: Path, label: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        open_key(token.uri(label), tmp_path, token.environ)
    assert caught.value.where == token.uri(label)


@pytest.mark.parametrize(
    ("uri", "changes", "said"),
    [
        ("hsm:2", {"AUDITOR_HSM_PIN": "000000"}, "PinIncorrect"),
        ("hsm:2", {"PYKCS11LIB": "/none.so"}, "cannot open shared object"),
        ("hsm:2?label=other", {}, "not exactly one token"),
    ],
)
def test_a_token_that_cannot_be_opened_says_why(
    token: Token, tmp_path: Path, uri: str, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        open_key(uri, tmp_path, token.environ | changes)
    assert "000000" not in str(caught.value)


def test_a_key_that_is_for_runs_cannot_sign_the_log(token: Token, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Ed25519 key of a PKCS#11 token"):
        open_key(token.uri("run"), tmp_path, token.environ, algorithm="ed25519")


def test_runs_and_log_move_from_files_into_a_token_and_on(
    token: Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in token.environ.items():
        monkeypatch.setenv(name, value)
    company = found(tmp_path / "work", target(bad=["a"]))
    company.scan()
    steps: list[tuple[Literal["run", "log"], str]] = [("run", "run"), ("log", "log")]
    for use, label in [*steps, ("run", "second")]:
        uri = token.uri(label)
        key = open_key(uri, tmp_path, token.environ)
        rotate(company.project(), use, key, uri, company.clock)
        company.scan()
    keys = company.project().loaded.config.keys
    assert (keys.run, keys.log) == (token.uri("second"), token.uri("log"))
    now = company.clock() + timedelta(minutes=1)
    report = verify(find_subject(company.folder, None), trust=None, run=None, now=now)
    assert report.exit_code == 0
