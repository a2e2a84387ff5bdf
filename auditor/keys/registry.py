"""Which kind of key a path or URI means; the table of kinds.

A kind's module is imported when a key of it is opened, so that nobody needs the SDK of another.
Secrets come from the environment alone: a URI is shown in messages, logs and configuration.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol

from auditor.attest.signing import Algorithm, Signer
from auditor.errors import ConfigError
from auditor.keys.file import load_key
from auditor.keys.opened import OpenKey

PASSPHRASE = "AUDITOR_KEY_PASSPHRASE"  # noqa: S105 - the variable's name
OPENERS: Mapping[str, str] = {
    "hsm": "auditor.keys.hsm",
    "pkcs11": "auditor.keys.hsm",
    "awskms": "auditor.keys.awskms",
    "gcpkms": "auditor.keys.remote",
    "azurekms": "auditor.keys.remote",
    "hv": "auditor.keys.remote",
}
LOG_KINDS = "a PKCS#8 file, an Ed25519 key of a PKCS#11 token, or one of HashiCorp Vault (hv:)"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.ASCII)  # two letters at least: C: is a drive
_NEEDED: Mapping[Algorithm, str] = {
    "ecdsa-p256-sha256": "an ECDSA P-256 key, as services, tokens, certificates and PDF all have",
    "ed25519": f"an Ed25519 key: {LOG_KINDS}",
    "ml-dsa-44": "an ML-DSA-44 key in a PKCS#8 file",
}


class _Kind(Protocol):
    """What a module of a kind has."""

    def open_uri(self, uri: str, environ: Mapping[str, str]) -> Signer: ...


def scheme_of(place: str) -> str | None:
    """The scheme of a URI; None for a path.

    Raises:
        ConfigError: It looks like a URI of a kind that is not known.
    """
    match = _SCHEME.match(place)
    if match is None:
        return None
    if match[1] not in OPENERS:
        raise ConfigError(
            f"no kind of key `{match[1]}:`",
            hint=f"give a path, or a URI of {', '.join(f'{name}:' for name in sorted(OPENERS))}",
            where=place,
        )
    return match[1]


def open_key(
    place: str, folder: Path, environ: Mapping[str, str], *, algorithm: Algorithm | None = None
) -> OpenKey:
    """The key of a path or URI, ready to sign.

    Args:
        place: As `keys` in auditor.yaml has it.
        folder: Where relative paths begin.
        environ: Has the secrets: AUDITOR_KEY_PASSPHRASE for files, AUDITOR_HSM_PIN for tokens; a
            service's own credentials are found by its SDK.
        algorithm: What the key must be for; None takes any.

    Raises:
        ConfigError: No such key, it cannot be opened, or it is of another kind.
        DependencyError: The package for this kind of key is not installed; the hint installs it.
    """
    scheme = scheme_of(place)
    if scheme is None:
        path = (folder / place).resolve()
        passphrase = environ.get(PASSPHRASE)
        key = OpenKey(load_key(path, passphrase.encode() if passphrase else None), str(path))
    else:
        kind: _Kind = import_module(OPENERS[scheme])
        key = OpenKey(kind.open_uri(place, environ), place)
    if algorithm is not None and key.algorithm != algorithm:
        raise ConfigError(
            f"got a key for {key.algorithm}, expected {_NEEDED[algorithm]}",
            hint="auditor keys new FILE --algorithm run|log|log-pq makes a key file",
            where=key.place,
        )
    return key
