"""Config maps: which of their keys hold a secret, in `data` and in `binaryData`. No value is kept.

Text is judged by the rules that redact evidence. Binary values are looked at for what they are:
private keys in DER, entries with keys in Java's and PKCS #12's stores, Kerberos key tables, and
text inside of gzip. What is packed in another way is not looked into, and refused: it is not
passed over as if it held nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key

from auditor.collectors.kubernetes.facts.environment import is_plain_secret
from auditor.collectors.kubernetes.world import Item, World, mapping, text
from auditor.core.scrub import names_secret

_MAX_UNPACKED = 32 << 20
_GZIP = b"\x1f\x8b"
_PACKED: Mapping[bytes, str] = {
    b"PK\x03\x04": "a zip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\xfd7zXZ\x00": "xz data",
    b"\x28\xb5\x2f\xfd": "zstd data",
}
_BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")  # a block, or the end of none
_KEY_TABLE = b"\x05\x02"  # MIT krb5, keytab file format 2
_JKS, _JCEKS = b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"
_TRUSTED = 2  # entries of a Java store: 1 private key, 2 trusted certificate, 3 secret key
_DER_SEQUENCE = b"\x30"
# RFC 7292, A: keyBag and pkcs8ShroudedKeyBag. Their types are in clear where the usual programs
# write them: keys are encrypted one by one, and certificates all together.
_KEY_BAGS = tuple(bytes.fromhex("060b2a864886f70d010c0a01") + end for end in (b"\x01", b"\x02"))


def secret_keys(_value: object, item: Item, _world: World) -> list[str]:
    """Keys of a config map whose values are or hold secrets.

    Raises:
        ValueError: A binary value is not base64, or is packed so that nobody can say.
    """
    texts = mapping(item.object.get("data")).items()
    binaries = mapping(item.object.get("binaryData")).items()
    found = {key for key, value in texts if is_plain_secret(key, text(value))}
    return sorted(found | {key for key, value in binaries if _is_secret(key, text(value))})


def _is_secret(key: str, encoded: str) -> bool:
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
        # What is no text refers to nothing: under the name of a secret it is one.
        named = names_secret(key) and _utf8(data) is None
        return named or is_plain_secret(key, _as_text(data)) or any(map(_holds_key, _layers(data)))
    except (binascii.Error, zlib.error, struct.error, ValueError) as error:
        raise ValueError(f"binaryData of {key!r}: {error}") from error


def _layers(data: bytes) -> Iterator[bytes]:
    """The value, and what is in it where it is compressed (one level: two are refused)."""
    yield data
    if data.startswith(_GZIP):
        data = _unpacked(data)
        if data.startswith(_GZIP):
            raise ValueError("it is compressed more than once, and not looked into")
        yield data
    for magic, what in _PACKED.items():
        if data.startswith(magic):
            raise ValueError(f"it is {what}, which is not looked into")
    if _BZIP2.match(data):
        raise ValueError("it is bzip2 data, which is not looked into")


def _unpacked(data: bytes) -> bytes:
    """All members of gzip data (RFC 1952), as long as they are not too long together."""
    found = b""
    while data.startswith(_GZIP):
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        found += member.decompress(data, _MAX_UNPACKED + 1 - len(found))
        if len(found) > _MAX_UNPACKED or not member.eof:
            raise ValueError(f"it is cut off, or unpacks to more than {_MAX_UNPACKED} bytes")
        data = member.unused_data
    return found


def _holds_key(data: bytes) -> bool:
    if data.startswith((_JKS, _JCEKS)):
        return any(tag != _TRUSTED for tag in _entries(data))
    if data.startswith(_DER_SEQUENCE) and (
        any(bag in data for bag in _KEY_BAGS) or _is_private_key(data)
    ):
        return True
    return data.startswith(_KEY_TABLE) or is_plain_secret("", _as_text(data))


def _as_text(data: bytes) -> str:
    """Text as it is; of anything else each byte is a character, so that what is ASCII is seen."""
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    found = _utf8(data)
    return data.decode("latin-1") if found is None else found


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_private_key(der: bytes) -> bool:
    try:
        load_der_private_key(der, password=None)
    except (TypeError, UnsupportedAlgorithm):  # encrypted, or of another kind: a key all the same
        return True
    except ValueError:
        return False
    return True


def _entries(store: bytes) -> Iterator[int]:
    """Kinds of the entries of a Java store: for callers that stop at the first key."""
    _magic, version, count = struct.unpack_from(">4sII", store)
    at = 12
    for _entry in range(count):
        tag, alias = struct.unpack_from(">IH", store, at)
        yield tag
        at += 6 + alias + 8  # and the time of its making
        if version > 1:
            at += 2 + struct.unpack_from(">H", store, at)[0]  # type of the certificate
        at += 4 + struct.unpack_from(">I", store, at)[0]
    if at > len(store):
        raise ValueError("a store of Java that is cut off")
