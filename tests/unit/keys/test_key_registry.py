"""Which key a path or URI means, and that no signature leaves that would not verify."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from auditor.attest.signing import (
    ALGORITHMS,
    Algorithm,
    checked_signature,
    note_key,
    note_key_pem,
    verify_signature,
)
from auditor.errors import ConfigError, DependencyError, VerificationError
from auditor.keys import awskms, hsm, remote
from auditor.keys.file import FileKey, generate_key
from auditor.keys.opened import OpenKey
from auditor.keys.registry import OPENERS, open_key, scheme_of


@dataclass
class Liar:
    """Has the public half of one key and signs with another."""

    shown: FileKey
    used: FileKey

    @property
    def key_id(self) -> str:
        return self.shown.key_id

    @property
    def algorithm(self) -> Algorithm:
        return self.shown.algorithm

    @property
    def public_key(self) -> str:
        return self.shown.public_key

    def sign(self, data: bytes) -> bytes:
        return self.used.sign(data)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_path_opens_a_file_from_the_folder(tmp_path: Path, algorithm: Algorithm) -> None:
    made = generate_key(tmp_path / "k.pem", algorithm)
    key = open_key("k.pem", tmp_path, {}, algorithm=algorithm)
    assert (key.key_id, key.algorithm, key.public_key) == (
        made.key_id,
        algorithm,
        made.public_key,
    )
    assert key.place == str(tmp_path / "k.pem")
    verify_signature(key.public_key, algorithm, b"data", key.sign(b"data"))
    assert made.key_id in repr(key)


def test_the_passphrase_comes_from_the_environment(tmp_path: Path) -> None:
    generate_key(tmp_path / "k.pem", "ed25519", b"horse")
    assert open_key("k.pem", tmp_path, {"AUDITOR_KEY_PASSPHRASE": "horse"}).key_id
    with pytest.raises(ConfigError, match="encrypted"):
        open_key("k.pem", tmp_path, {"AUDITOR_KEY_PASSPHRASE": ""})


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("ecdsa-p256-sha256", "ECDSA P-256"),
        ("ed25519", "HashiCorp Vault"),
        ("ml-dsa-44", "an ML-DSA-44 key in a PKCS#8 file"),
    ],
)
def test_a_key_for_something_else_is_refused_with_the_kinds_that_can_be(
    tmp_path: Path, wanted: Algorithm, said: str
) -> None:
    other: Algorithm = "ed25519" if wanted != "ed25519" else "ecdsa-p256-sha256"
    generate_key(tmp_path / "k.pem", other)
    with pytest.raises(ConfigError, match=said) as caught:
        open_key("k.pem", tmp_path, {}, algorithm=wanted)
    assert str(tmp_path / "k.pem") in str(caught.value)


def test_a_signature_by_another_key_is_refused_at_once(tmp_path: Path) -> None:
    shown, used = (generate_key(tmp_path / name, "ed25519") for name in ("a.pem", "b.pem"))
    with pytest.raises(VerificationError, match="does not verify under the signer's own key"):
        checked_signature(Liar(shown, used), b"data")
    with pytest.raises(VerificationError) as caught:
        OpenKey(Liar(shown, used), "awskms:x").sign(b"data")
    assert caught.value.where == "awskms:x"


def test_every_ed25519_signer_can_name_a_log(tmp_path: Path) -> None:
    key = open_key(str(generate_key(tmp_path / "k.pem", "ed25519").path), tmp_path, {})
    named = key.note_key("example.org/log")
    assert named == note_key(key.public_key, "example.org/log")
    assert note_key_pem(named) == key.public_key
    with pytest.raises(ConfigError, match="white space"):
        key.note_key("a log")


def test_a_run_key_cannot_name_a_log_and_its_place_is_said(tmp_path: Path) -> None:
    generate_key(tmp_path / "k.pem", "ecdsa-p256-sha256")
    with pytest.raises(ConfigError, match="must be an Ed25519 key") as caught:
        open_key("k.pem", tmp_path, {}).note_key("example.org/log")
    assert "k.pem" in caught.value.where


@pytest.mark.parametrize(
    ("place", "scheme"),
    [("k.pem", None), ("./a:b.pem", None), ("C:\\keys\\run.pem", None), ("hsm:", "hsm")]
    + [(f"{name}:x", name) for name in OPENERS],
)
def test_paths_and_uris_are_told_apart(place: str, scheme: str | None) -> None:
    assert scheme_of(place) == scheme


def test_an_unknown_scheme_is_not_taken_for_a_file() -> None:
    with pytest.raises(ConfigError, match="no kind of key `tpm2:`") as caught:
        scheme_of("tpm2:0x81000001")
    assert "awskms:" in caught.value.hint


# URIs of tokens

MODULE = {"PYKCS11LIB": "/lib/token.so"}


def test_an_rfc_7512_uri_is_read() -> None:
    uri = "pkcs11:token=My%20token;object=run;id=%01%ff;serial=ab?module-path=/lib/x.so"
    place = hsm.parse_uri(uri, MODULE)
    assert (place.module, place.token, place.serial) == ("/lib/x.so", "My token", b"ab")
    assert (place.label, place.id) == ("run", b"\x01\xff")
    assert hsm.parse_uri("pkcs11:object=run;type=private", MODULE).module == "/lib/token.so"


@pytest.mark.parametrize(
    ("uri", "name", "token"),
    [
        ("hsm:", b"\x02", None),
        ("hsm:0", b"\x00", None),
        ("hsm:257?label=My+token", b"\x01\x01", "My token"),
    ],
)
def test_an_hsm_uri_is_read_as_securesystemslib_writes_it(
    uri: str, name: bytes, token: str | None
) -> None:
    place = hsm.parse_uri(uri, MODULE)
    assert (place.id, place.token, place.module) == (name, token, "/lib/token.so")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("pkcs11:object=run?pin-value=1234", "a PIN has no place in a URI"),
        ("pkcs11:object=run;pin-source=file", "a PIN has no place in a URI"),
        ("pkcs11:object=run;manufacturer=x", "manufacturer"),
        ("pkcs11:object=run?module-name=x", "module-name"),
        ("hsm:2?slot=1", "slot"),
        ("hsm:two", "hsm:NUMBER"),
        ("pkcs11:object=a;object=b", "each attribute once"),
        ("pkcs11:run", "name=value"),
        ("pkcs11:token=x", "by `object` or `id`"),
        ("pkcs11:object=run;type=cert", "by `object` or `id`"),
    ],
)
def test_a_uri_that_is_not_understood_is_refused(uri: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        hsm.parse_uri(uri, MODULE)
    assert "1234" not in str(caught.value)


def test_without_a_module_or_pin_the_variable_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        hsm.open_uri("hsm:2", {})
    assert "PYKCS11LIB" in caught.value.hint
    with pytest.raises(ConfigError, match="needs a PIN") as caught:
        hsm.open_uri("hsm:2", MODULE)
    assert "AUDITOR_HSM_PIN" in caught.value.hint


# URIs of services


@pytest.mark.parametrize(
    ("uri", "install"),
    [
        ("gcpkms:projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1", "gcpkms"),
        ("azurekms://safe.vault.azure.net/keys/run/0123abcd", "azurekms"),
        ("hv:run/1", "vault"),
        ("hv:run", "vault"),
    ],
)
def test_a_service_without_its_sdk_says_what_to_type(
    tmp_path: Path, uri: str, install: str
) -> None:
    with pytest.raises(DependencyError) as caught:
        open_key(uri, tmp_path, {})
    assert caught.value.hint == f"pip install 'securesystemslib[{install}]'"
    assert caught.value.where == uri


@pytest.mark.parametrize("uri", ["gcpkms:x", "azurekms://elsewhere/keys/a", "hv:", "hv:a/b/c"])
def test_a_wrong_uri_of_a_service_is_answered_with_an_example(tmp_path: Path, uri: str) -> None:
    with pytest.raises(ConfigError, match="expected") as caught:
        open_key(uri, tmp_path, {})
    assert caught.value.where == uri


@pytest.mark.parametrize("name", ["", "a b", "arn:aws:s3:::x", "alias/", "../x"])
def test_a_wrong_uri_of_aws_kms_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="a key's ARN or alias"):
        awskms.open_uri(f"awskms:{name}", {})


def test_an_arn_of_another_region_is_refused_before_anything_is_asked() -> None:
    arn = "arn:aws:kms:eu-west-1:123456789012:key/0123"
    with pytest.raises(ConfigError) as caught:
        awskms.open_uri(f"awskms:{arn}", {"AWS_DEFAULT_REGION": "us-east-1"})
    assert caught.value.hint == "set AWS_DEFAULT_REGION=eu-west-1"


def test_errors_of_a_service_become_ours() -> None:
    with pytest.raises(ConfigError, match="KeyError"), remote.service_errors("hv:a/1"):
        raise KeyError("no such key")
    with pytest.raises(VerificationError) as caught, remote.service_errors("hv:a/1"):
        raise VerificationError("no")
    assert caught.value.where == "hv:a/1"


library: Any = import_module("securesystemslib.signer")


class Service:
    """A key service in memory, as securesystemslib lets anybody add one; keeps one key."""

    def __init__(self, kept: Any, newest: str) -> None:
        self.kept, self.newest = kept, newest

    def import_(self, *parts: str) -> tuple[str, Any]:
        return self.newest.format(*parts), self.kept.public_key

    def from_priv_key_uri(self, *_arguments: object) -> Any:
        return self.kept


@pytest.mark.parametrize(
    ("make", "algorithm"),
    [("generate_ed25519", "ed25519"), ("generate_ecdsa", "ecdsa-p256-sha256")],
)
def test_a_key_of_a_service_signs_and_its_version_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: str, algorithm: Algorithm
) -> None:
    kept = getattr(library.CryptoSigner, make)()
    monkeypatch.setitem(library.SIGNER_FOR_URI_SCHEME, "hv", Service(kept, "hv:{}/1"))
    for uri in ("hv:run", "hv:run/1"):
        key = open_key(uri, tmp_path, {}, algorithm=algorithm)
        verify_signature(key.public_key, algorithm, b"data", key.sign(b"data"))
        assert key.key_id in repr(key.signer)
    with pytest.raises(ConfigError, match="the newest version is hv:run/1"):
        open_key("hv:run/2", tmp_path, {})


def test_the_parts_of_an_azure_uri_are_what_the_key_is_imported_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = library.CryptoSigner.generate_ecdsa()
    service = Service(kept, "azurekms://{}.vault.azure.net/keys/{}/v1")
    monkeypatch.setitem(library.SIGNER_FOR_URI_SCHEME, "azurekms", service)
    for version in ("", "/v1"):
        assert open_key(f"azurekms://safe.vault.azure.net/keys/run{version}", tmp_path, {}).key_id
    with pytest.raises(ConfigError, match="newest version"):
        open_key("azurekms://safe.vault.azure.net/keys/run/v0", tmp_path, {})
