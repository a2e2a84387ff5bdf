"""A software token (SoftHSM2) in a folder of its own, with keys of each kind."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11.util.ec import encode_named_curve_parameters

PIN = "271828"
LABEL = "audit token"
MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
)
_ED25519 = bytes.fromhex("06032b6570")  # OBJECT IDENTIFIER 1.3.101.112, as RFC 8410 has it


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is ready; `module` is the library that reaches it."""

    module: str

    @property
    def environ(self) -> dict[str, str]:
        return {"PYKCS11LIB": self.module, "AUDITOR_HSM_PIN": PIN}

    def uri(self, label: str) -> str:
        return f"pkcs11:token=audit%20token;object={label}?module-path={self.module}"


def make_token(folder: Path) -> Token:
    """Initialise a token with `run` (P-256, id 2), `log` (Ed25519, id 3) and others.

    SoftHSM reads its configuration once in a process, so there is one folder for all tests.
    """
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    lines = [f"directories.tokendir = {folder}/tokens", "objectstore.backend = file"]
    config.write_text("\n".join([*lines, "log.level = ERROR", ""]), "utf-8")
    os.environ["SOFTHSM2_CONF"] = str(config)
    pins = ["--pin", PIN, "--so-pin", "314159"]
    command = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, *pins]
    subprocess.run(command, check=True, capture_output=True)
    module = next(path for path in MODULES if Path(path).exists())
    token = pkcs11.lib(module).get_token(token_label=LABEL)
    with token.open(user_pin=PIN, rw=True) as session:
        _elliptic(session, "secp256r1", "run", 2)
        _edwards(session, "log", 3)
        _elliptic(session, "secp256r1", "second", 4)
        _elliptic(session, "secp384r1", "too-large", 5)
        session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="rsa", id=b"\x06")
        for number in (7, 8):
            _elliptic(session, "secp256r1", "twins", number)
        _elliptic(session, "secp256r1", "half", 9)
        kind = pkcs11.ObjectClass.PRIVATE_KEY
        session.get_key(object_class=kind, label="half").destroy()
    return Token(module)


def _elliptic(session: Any, curve: str, label: str, number: int) -> None:
    values = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
    parameters = session.create_domain_parameters(pkcs11.KeyType.EC, values, local=True)
    parameters.generate_keypair(store=True, label=label, id=bytes([number]))


def _edwards(session: Any, label: str, number: int) -> None:
    values = {pkcs11.Attribute.EC_PARAMS: _ED25519}
    parameters = session.create_domain_parameters(pkcs11.KeyType.EC_EDWARDS, values, local=True)
    mechanism = pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN
    parameters.generate_keypair(mechanism=mechanism, store=True, label=label, id=bytes([number]))
