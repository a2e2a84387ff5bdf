"""Credentials in the user data of instances. Only the kinds of what is found leave this module.

User data is a script or a configuration of cloud-init: plain, compressed (gzip), or a MIME message
of such parts (cloud-init, "User data formats"), and files inside it may be written in base64. All
of that is opened and searched with the rules of `auditor.core.scrub`; neither the text nor a part
of it is kept, put into a message or raised.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from email import message_from_bytes

from auditor.collectors.aws.facts.unreadable import mapping, text
from auditor.core.scrub import scrub

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_MAX_BYTES = 4 << 20  # user data has at most 16 KiB, compressed or not
_MAX_DEPTH = 4
_MIME = re.compile(rb"\s*(?:content-type|mime-version)\s*:", re.IGNORECASE)
_ENCODED = re.compile(rb"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40,}={0,2}(?![A-Za-z0-9+/=])")
# Lines of one text in base64, as `base64` and MIME wrap it; the last one may be short.
_WRAPPED = re.compile(
    rb"(?:^[ \t]*[A-Za-z0-9+/]{40,}[ \t]*\r?\n)+[ \t]*[A-Za-z0-9+/]+={0,2}[ \t]*\r?$", re.MULTILINE
)


def user_data_present(attribute: object) -> bool:
    """Whether the instance has user data; AWS then gives its value."""
    return mapping(attribute, "UserData").get("Value") is not None


def user_data_secrets(attribute: object) -> list[str]:
    """The kinds of credentials found in user data (`aws_access_key`, `url_password`), sorted.

    Args:
        attribute: `UserData` of the answer; an instance without user data has an empty one.

    Raises:
        ValueError: It is not base64, is damaged, or is too large when opened.
    """
    value = mapping(attribute, "UserData").get("Value")
    if value is None:
        return []
    try:
        content = base64.b64decode(text(value, "UserData"), validate=True)
    except binascii.Error:
        raise ValueError("user data is not base64") from None
    return sorted({kind for part in _opened(content, _MAX_DEPTH) for kind in _kinds(part)})


def _kinds(content: bytes) -> Iterator[str]:
    """Latin-1 gives every byte a character: nothing is skipped for being no UTF-8."""
    yield from scrub(content.decode("latin-1")).kinds


def _opened(content: bytes, depth: int) -> Iterator[bytes]:
    """The content and everything that is packed into it.

    Raises:
        ValueError: It is damaged, too large, or packed too deep to be read.
    """
    if depth < 0:
        raise ValueError("user data is packed too deep to be read")
    if content.startswith(_GZIP):
        yield from _opened(_decompressed(content), depth - 1)
        return
    yield content
    if _MIME.match(content):
        for part in message_from_bytes(content).walk():
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and payload != content:
                yield from _opened(payload, depth - 1)
        return
    if depth:
        for pattern in (_ENCODED, _WRAPPED):
            for match in pattern.finditer(content):
                yield from _decoded(b"".join(match[0].split()), depth - 1)


def _decoded(run: bytes, depth: int) -> Iterator[bytes]:
    """What a run of characters of base64 stands for, if it is base64 at all (a digest is none)."""
    try:
        content = base64.b64decode(run, validate=True)
    except binascii.Error:
        return
    if content.startswith(_GZIP):
        try:
            content = _decompressed(content)
        except ValueError:
            return  # begins like gzip by chance
    yield from _opened(content, depth)


def _decompressed(content: bytes) -> bytes:
    unpacking = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = unpacking.decompress(content, _MAX_BYTES)
    except zlib.error:
        raise ValueError("compressed user data is damaged") from None
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise ValueError("compressed user data is cut or too large")
    return plain
