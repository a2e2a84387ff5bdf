"""Keys in AWS KMS: `awskms:KEY-ID`, an ARN or `alias/NAME`; ECC_NIST_P256 for runs.

securesystemslib imports the key and has the client; the request to sign is made here. KMS takes the
message itself up to 4,096 bytes (`MessageType=RAW`) and its digest beyond that. Both give the same
kind of signature. RAW is used where it fits, because stand-ins such as moto take every message for
raw. Only P-256 keys are imported: a log's key cannot be here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from auditor.attest.signing import Algorithm, key_id, load_public_key, public_pem
from auditor.errors import ConfigError
from auditor.keys.remote import service_errors

MAX_RAW = 4096
"""Bytes that KMS signs as they are."""
_REGION = "AWS_DEFAULT_REGION"
_INSTALL = "pip install 'auditor[kms]'"
_SIGNING = "ECDSA_SHA_256"
_ARN = re.compile(
    r"arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+", re.ASCII
)
_NAME = re.compile(r"[A-Za-z0-9-]+|alias/[A-Za-z0-9/_-]+", re.ASCII)


@dataclass(frozen=True, slots=True, repr=False)
class KmsKey:
    """A signer whose private key stays in AWS KMS.

    Args:
        uri: As it was configured.
        name: Key id, ARN or alias.
        client: boto3's client of KMS.
        public_key: PEM.
    """

    uri: str
    name: str
    client: Any
    public_key: str

    def __repr__(self) -> str:
        return f"KmsKey({self.uri!r}, key_id={self.key_id!r})"

    @property
    def algorithm(self) -> Algorithm:
        """Always `ecdsa-p256-sha256`."""
        return "ecdsa-p256-sha256"

    @property
    def key_id(self) -> str:
        """SHA-256 (hex) of the public key."""
        return key_id(self.public_key)

    def sign(self, data: bytes) -> bytes:
        """The signature of the data, DER.

        Raises:
            ConfigError: KMS refuses.
        """
        raw = len(data) <= MAX_RAW
        with service_errors(self.uri):
            answer = self.client.sign(
                KeyId=self.name,
                Message=data if raw else hashlib.sha256(data).digest(),
                MessageType="RAW" if raw else "DIGEST",
                SigningAlgorithm=_SIGNING,
            )
            return bytes(answer["Signature"])


def open_uri(uri: str, environ: Mapping[str, str]) -> KmsKey:
    """The key of an `awskms:` URI; credentials and region as boto3 finds them.

    Raises:
        ConfigError: A wrong URI, another kind of key, or KMS refuses.
        DependencyError: boto3 is not installed.
    """
    name = uri.partition(":")[2]
    arn = _ARN.fullmatch(name)
    if arn is None and _NAME.fullmatch(name) is None:
        raise ConfigError("expected awskms: and a key id, a key's ARN or alias/NAME", where=uri)
    region = environ.get(_REGION)
    if arn is not None and region not in (None, arn[1]):
        message = f"the key is in {arn[1]}, and {_REGION} says {region}"
        raise ConfigError(message, hint=f"set {_REGION}={arn[1]}", where=uri)
    library: Any = import_module("securesystemslib.signer")  # for keys that a service keeps

    with service_errors(uri, _INSTALL):
        kind: Any = library.SIGNER_FOR_URI_SCHEME["awskms"]
        _uri, public = kind.import_(name, "ecdsa-sha2-nistp256")
        client = kind(name, public).client
    return KmsKey(uri, name, client, public_pem(load_public_key(public.keyval["public"])))
