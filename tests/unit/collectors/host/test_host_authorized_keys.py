"""authorized_keys: fingerprints as ssh-keygen writes them, and never a key."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auditor.collectors.host.parse.authorized_keys import parse_authorized_keys

_Private = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def _line(key: _Private) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


_ED25519 = _line(ed25519.Ed25519PrivateKey.generate())


def test_plain_key() -> None:
    keys, problems = parse_authorized_keys(f"# mine\n\n{_ED25519} alice@laptop two words\n")
    assert problems == []
    blob = base64.b64decode(_ED25519.split()[1])
    expected = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    key = keys[0]
    assert (key.line, key.algorithm, key.bits) == (3, "ssh-ed25519", 256)
    assert key.fingerprint == f"SHA256:{expected}"
    assert key.comment == "alice@laptop two words"
    assert not key.restricted
    assert _ED25519.split()[1] not in repr(key)


def test_bits_of_rsa_and_ecdsa() -> None:
    small = _line(rsa.generate_private_key(65537, 2048))
    curve = _line(ec.generate_private_key(ec.SECP384R1()))
    keys, _ = parse_authorized_keys(f"{small}\n{curve}\n")
    assert [key.bits for key in keys] == [2048, 384]
    assert [key.comment for key in keys] == ["", ""]


def test_options_with_quotes_and_commas() -> None:
    options = 'command="echo \\"a, b\\"",from="10.0.0.0/8",no-pty,expiry-time="20300102"'
    keys, problems = parse_authorized_keys(f"{options} {_ED25519} c\n")
    assert problems == []
    assert keys[0].options == ("command", "expiry-time", "from", "no-pty")
    assert keys[0].restricted
    assert keys[0].expires == datetime(2030, 1, 2, tzinfo=UTC)


def test_authority() -> None:
    keys, _ = parse_authorized_keys(f"cert-authority {_ED25519}\n")
    assert keys[0].options == ("cert-authority",)


@pytest.mark.parametrize(
    "line",
    [
        "ssh-ed25519",
        "ssh-ed25519 !!!! c",
        "ssh-ed25519 AAAA c",
        f"ssh-rsa {_ED25519.split()[1]} c",
        f'command="open {_ED25519}',
        f'expiry-time="soon" {_ED25519}',
        "words that are no key",
    ],
    # The key is new in each process, and workers must agree on the names of tests.
    ids=["type alone", "no base64", "short", "other type", "open quote", "bad time", "words"],
)
def test_line_that_is_no_key_is_a_problem(line: str) -> None:
    keys, problems = parse_authorized_keys(line)
    assert keys == []
    assert [number for number, _ in problems] == [1]
