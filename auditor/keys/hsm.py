"""Keys in PKCS#11 tokens: hardware modules, smart cards, SoftHSM.

Two forms of URI: `pkcs11:` as RFC 7512 has it (token, serial, object, id; module-path), and
`hsm:[ID][?label=TOKEN]` as securesystemslib has it, with the module in PYKCS11LIB. Written on
python-pkcs11 itself, because securesystemslib's signer knows neither Ed25519 nor RFC 7512. Each
signature has its own session: tokens have few, and a scan lasts long. The PIN comes from the
environment; an attribute that is not understood is refused, never ignored.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, unquote_to_bytes

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from auditor.attest.signing import Algorithm, PublicKey, algorithm_of, key_id, public_pem
from auditor.errors import ConfigError, DependencyError

if TYPE_CHECKING:
    import pkcs11

MODULE = "PYKCS11LIB"
PIN = "AUDITOR_HSM_PIN"
_DEFAULT_ID = 2  # PIV slot 9c, digital signature: the default of securesystemslib's `hsm:`
_HALF = 32  # bytes of r and of s on P-256; bytes of an Ed25519 point
_OCTET_STRING = b"\x04\x20"
_SECRETS = {"pin-value", "pin-source"}
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_ATTRIBUTE = re.compile(r"([a-z-]+)=([^;]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key is: each of the attributes that is not None must fit."""

    uri: str
    module: str
    token: str | None = None
    serial: bytes | None = None
    label: str | None = None
    id: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TokenKey:
    """A signer whose private key stays in a token."""

    place: Place
    pin: str | None
    public: PublicKey

    def __repr__(self) -> str:
        return f"TokenKey({self.place.uri!r}, key_id={self.key_id!r})"

    @property
    def algorithm(self) -> Algorithm:
        """`ecdsa-p256-sha256` or `ed25519`."""
        return algorithm_of(self.public)

    @property
    def public_key(self) -> str:
        """The public key, PEM."""
        return public_pem(self.public)

    @property
    def key_id(self) -> str:
        """SHA-256 (hex) of the public key."""
        return key_id(self.public_key)

    def sign(self, data: bytes) -> bytes:
        """The signature of the data: DER for ECDSA, 64 bytes for Ed25519.

        Raises:
            ConfigError: The token refuses.
        """
        import pkcs11  # the extra `hsm`

        with _session(self.place, self.pin) as session:
            key = _find(session, pkcs11.ObjectClass.PRIVATE_KEY, self.place)
            if self.algorithm == "ed25519":
                return bytes(key.sign(data, mechanism=pkcs11.Mechanism.EDDSA))
            digest = hashlib.sha256(data).digest()
            pair = bytes(key.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))
        r, s = pair[:_HALF], pair[_HALF:]
        return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def open_uri(uri: str, environ: Mapping[str, str]) -> TokenKey:
    """The key of a `pkcs11:` or `hsm:` URI.

    Raises:
        ConfigError: A wrong URI, no module, token, key or PIN, or a kind of key not used here.
        DependencyError: python-pkcs11 is not installed.
    """
    try:
        import pkcs11  # the extra `hsm`
    except ImportError as error:
        raise DependencyError(
            "keys in PKCS#11 tokens need python-pkcs11",
            hint="pip install 'auditor[hsm]'",
            where=uri,
        ) from error
    place = parse_uri(uri, environ)
    pin = environ.get(PIN)
    with _session(place, pin) as session:
        key = _find(session, pkcs11.ObjectClass.PUBLIC_KEY, place)
        public = _public(key, place)
        _find(session, pkcs11.ObjectClass.PRIVATE_KEY, place)
    return TokenKey(place, pin, public)


def parse_uri(uri: str, environ: Mapping[str, str]) -> Place:
    """Read a URI.

    Raises:
        ConfigError: An attribute that is wrong, unknown or a secret, or no module.
    """
    scheme, _, rest = uri.partition(":")
    path, _, query = rest.partition("?")
    return (
        _hsm(uri, path, query, environ) if scheme == "hsm" else _rfc7512(uri, path, query, environ)
    )


def _hsm(uri: str, path: str, query: str, environ: Mapping[str, str]) -> Place:
    if path and _NUMBER.fullmatch(path) is None:
        raise ConfigError("expected hsm:NUMBER?label=TOKEN", where=uri)
    options = dict(parse_qsl(query, keep_blank_values=True))
    _refuse(uri, set(options) - {"label"})
    number = int(path) if path else _DEFAULT_ID
    name = number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")
    return Place(uri, _module(uri, None, environ), token=options.get("label"), id=name)


def _rfc7512(uri: str, path: str, query: str, environ: Mapping[str, str]) -> Place:
    found: dict[str, str] = {}
    for part in filter(None, path.split(";")):
        match = _ATTRIBUTE.fullmatch(part)
        if match is None or match[1] in found:
            raise ConfigError(f"got {part!r}, expected each attribute once, name=value", where=uri)
        found[match[1]] = match[2]
    options = dict(item.partition("=")[::2] for item in query.split("&") if item)
    _refuse(uri, set(found) - {"token", "serial", "object", "id", "type"})
    _refuse(uri, set(options) - {"module-path"})
    if found.get("type", "private") != "private" or not {"object", "id"} & set(found):
        raise ConfigError("it must name a private key by `object` or `id`", where=uri)
    return Place(
        uri,
        _module(uri, options.get("module-path"), environ),
        token=unquote(found["token"]) if "token" in found else None,
        serial=unquote_to_bytes(found["serial"]) if "serial" in found else None,
        label=unquote(found["object"]) if "object" in found else None,
        id=unquote_to_bytes(found["id"]) if "id" in found else None,
    )


def _refuse(uri: str, names: set[str]) -> None:
    if names & _SECRETS:
        raise ConfigError(
            "a PIN has no place in a URI, which messages and configuration show",
            hint=f"take it out, and set {PIN}",
            where=uri.partition("?")[0],
        )
    if names:
        raise ConfigError(
            f"attributes that are not understood: {', '.join(sorted(names))}",
            hint="pkcs11:token=NAME;object=LABEL;id=%02?module-path=FILE, or hsm:2?label=NAME",
            where=uri,
        )


def _module(uri: str, given: str | None, environ: Mapping[str, str]) -> str:
    module = unquote(given) if given else environ.get(MODULE, "")
    if not module:
        raise ConfigError(
            "no PKCS#11 module is named",
            hint=f"set {MODULE} to the file of the token's library, or add ?module-path=FILE",
            where=uri,
        )
    return module


@contextmanager
def _session(place: Place, pin: str | None) -> Iterator[pkcs11.Session]:
    """An authenticated session with the one token that fits.

    Raises:
        ConfigError: There is no such token, or it refuses.
    """
    import pkcs11  # the extra `hsm`

    if not pin:
        raise ConfigError("the token needs a PIN", hint=f"set {PIN}", where=place.uri)
    wanted: dict[str, Any] = {"token_label": place.token, "token_serial": place.serial}
    try:
        flags = pkcs11.TokenFlag.TOKEN_INITIALIZED
        token = pkcs11.lib(place.module).get_token(token_flags=flags, **wanted)
        with token.open(user_pin=pin) as session:
            yield session
    except (pkcs11.NoSuchToken, pkcs11.MultipleTokensReturned) as error:
        raise ConfigError(
            "the module has not exactly one token that fits",
            hint="name it: token=LABEL or serial=NUMBER",
            where=place.uri,
        ) from error
    except pkcs11.PKCS11Error as error:
        said = str(error) or type(error).__name__
        raise ConfigError(
            f"the token or its module refuses: {said}",
            hint=f"check the module's file, the token and {PIN}",
            where=place.uri,
        ) from error


def _find(session: pkcs11.Session, kind: pkcs11.ObjectClass, place: Place) -> Any:
    """The one object of this class that the URI names."""
    import pkcs11  # the extra `hsm`

    wanted: dict[pkcs11.Attribute, Any] = {pkcs11.Attribute.CLASS: kind}
    if place.label is not None:
        wanted[pkcs11.Attribute.LABEL] = place.label
    if place.id is not None:
        wanted[pkcs11.Attribute.ID] = place.id
    # Searched to its end: a search that is left open makes trouble when the session is closed.
    found = list(session.get_objects(wanted))
    if len(found) != 1:
        count = "more than one" if found else "no"
        what = kind.name.lower().replace("_", " ")
        raise ConfigError(f"the token has {count} such {what}", where=place.uri)
    return found[0]


def _public(key: Any, place: Place) -> PublicKey:
    """The public half of a key of the token."""
    import pkcs11  # the extra `hsm`
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from pkcs11.util.ec import encode_ec_public_key

    if key.key_type == pkcs11.KeyType.EC_EDWARDS:
        # PKCS#11 3.0 wraps the point in an OCTET STRING, and some modules give it bare.
        point = bytes(key[pkcs11.Attribute.EC_POINT])
        return Ed25519PublicKey.from_public_bytes(point.removeprefix(_OCTET_STRING)[-_HALF:])
    if key.key_type == pkcs11.KeyType.EC:
        public = load_der_public_key(encode_ec_public_key(key))
        if isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
            return public
    raise ConfigError(
        "expected a key on the curve P-256 for runs, or Ed25519 for a log", where=place.uri
    )
