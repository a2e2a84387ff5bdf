"""Keys of services that securesystemslib reaches: Google Cloud KMS, Azure Key Vault, Vault.

One adapter for all of them; the table says which extra installs what a service needs. The public
key is asked for when the key is opened. Credentials are found by each service's own SDK. What a
service is asked to sign is hashed here, except by Vault, which wants the message itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from auditor.attest.signing import Algorithm, algorithm_of, key_id, load_public_key, public_pem
from auditor.errors import AuditorError, ConfigError, DependencyError

_AZURE = re.compile(r"azurekms://([A-Za-z0-9-]+)\.vault\.azure\.net/keys/([A-Za-z0-9-]+)(/\w+)?")
_VAULT = re.compile(r"hv:([A-Za-z0-9._-]+)(/[1-9][0-9]*)?", re.ASCII)
_GCP = re.compile(r"gcpkms:(projects/[^\s?#]+/cryptoKeyVersions/[0-9]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    Args:
        install: What to type where its SDK is missing.
        form: Of the URI; its groups without a leading slash are what the class imports a key by.
        example: For the message.
    """

    install: str
    form: re.Pattern[str]
    example: str


SERVICES: Mapping[str, Service] = {
    "gcpkms": Service(
        "pip install 'securesystemslib[gcpkms]'",
        _GCP,
        "gcpkms:projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1",
    ),
    "azurekms": Service(
        "pip install 'securesystemslib[azurekms]'",
        _AZURE,
        "azurekms://VAULT.vault.azure.net/keys/NAME/VERSION",
    ),
    "hv": Service("pip install 'securesystemslib[vault]'", _VAULT, "hv:NAME/1"),
}


@dataclass(frozen=True, slots=True, repr=False)
class RemoteKey:
    """A signer of securesystemslib; `signer` makes the signatures."""

    uri: str
    signer: Any
    public_key: str

    def __repr__(self) -> str:
        return f"RemoteKey({self.uri!r}, key_id={self.key_id!r})"

    @property
    def algorithm(self) -> Algorithm:
        """Which signatures it makes."""
        return algorithm_of(load_public_key(self.public_key))

    @property
    def key_id(self) -> str:
        """SHA-256 (hex) of the public key."""
        return key_id(self.public_key)

    def sign(self, data: bytes) -> bytes:
        """The signature of the data.

        Raises:
            ConfigError: The service refuses.
        """
        with service_errors(self.uri):
            return bytes.fromhex(self.signer.sign(data).signature)


def open_uri(uri: str, environ: Mapping[str, str]) -> RemoteKey:
    """The key of a URI of one of SERVICES.

    Raises:
        ConfigError: A wrong URI, or the service does not give the key.
        DependencyError: The service's SDK is not installed.
    """
    del environ  # each SDK finds its credentials by itself
    scheme = uri.partition(":")[0]
    service = SERVICES[scheme]
    match = service.form.fullmatch(uri)
    if match is None:
        raise ConfigError(f"expected {service.example}", where=uri)
    library: Any = import_module("securesystemslib.signer")  # for keys that a service keeps

    kind: Any = library.SIGNER_FOR_URI_SCHEME[scheme]
    with service_errors(uri, service.install):
        found, public = kind.import_(*[part for part in match.groups() if part and part[0] != "/"])
        pinned = match[match.lastindex or 0].startswith("/")
        if pinned and found != uri:
            raise ConfigError(f"the newest version is {found}, and only that one can be opened")
        return RemoteKey(found, kind.from_priv_key_uri(found, public), _pem(public))


@contextmanager
def service_errors(uri: str, install: str = "") -> Iterator[None]:
    """Turn what securesystemslib and the SDKs raise into errors of ours.

    Raises:
        DependencyError: securesystemslib misses the SDK.
        ConfigError: Anything else: no network, credentials or permission, no such key.
    """
    from securesystemslib.exceptions import UnsupportedLibraryError  # idem

    try:
        yield
    except AuditorError as error:
        error.where = error.where or uri
        raise
    except UnsupportedLibraryError as error:
        raise DependencyError(str(error), hint=install, where=uri) from error
    except Exception as error:  # an SDK's own, of which not one is known here
        raise ConfigError(
            f"the key service refuses: {type(error).__name__}: {error}",
            hint="check the URI, the network, and the credentials of the service's own tools",
            where=uri,
        ) from error


def _pem(public: Any) -> str:
    """The PEM of a public key of securesystemslib, which holds Ed25519 keys as hex."""
    return public_pem(load_public_key(_text(public)))


def _text(public: Any) -> str:
    value: str = public.keyval["public"]
    if public.keytype != "ed25519":
        return value
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return public_pem(Ed25519PublicKey.from_public_bytes(bytes.fromhex(value)))
