"""authorized_keys (sshd(8)): facts of each key, never the key itself."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_TYPE = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9-]+(?:@openssh\.com)?", re.ASCII)
_CURVE_BITS = {"nistp256": 256, "nistp384": 384, "nistp521": 521, "ed25519": 256}
_RSA_MODULUS, _DSA_PRIME = 2, 1  # which of a key's strings (RFC 4253, 6.6)
_RESTRICTING = frozenset({"from", "command", "restrict"})
_OPTION = re.compile(r'([A-Za-z0-9-]+)(?:="((?:[^"\\]|\\.)*)")?(?:,|(?=\s)|$)', re.ASCII)


@dataclass(frozen=True, slots=True)
class AuthorizedKey:
    """One line."""

    line: int
    fingerprint: str
    algorithm: str
    bits: int | None
    comment: str
    options: tuple[str, ...]
    expires: datetime | None

    @property
    def restricted(self) -> bool:
        """Bound to an address, to a command, or to nothing but what is granted again."""
        return bool(_RESTRICTING & set(self.options))


def parse_authorized_keys(text: str) -> tuple[list[AuthorizedKey], list[tuple[int, str]]]:
    """The keys of a file, and the lines that are none, with their number."""
    keys: list[AuthorizedKey] = []
    problems: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        try:
            keys.append(_key(number, stripped))
        except ValueError as error:
            problems.append((number, str(error)))
    return keys, problems


def _key(number: int, line: str) -> AuthorizedKey:
    options: dict[str, str] = {}
    rest = line
    if not _TYPE.match(rest):
        options, rest = _options(line)
    words = [*rest.split(None, 2), "", ""]
    if not words[1] or not _TYPE.fullmatch(words[0]):
        raise ValueError("expected options, a key type, a key and a comment")
    try:
        blob = base64.b64decode(words[1], validate=True)
        named = next(_strings(blob)).decode("ascii")
    except (binascii.Error, StopIteration, UnicodeDecodeError) as error:
        raise ValueError("the key is not valid base64 of a key") from error
    if named != words[0]:
        raise ValueError(f"the key says {named!r}, the line {words[0]!r}")
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return AuthorizedKey(
        number,
        f"SHA256:{digest}",
        words[0],
        _bits(words[0], blob),
        words[2].strip(),
        tuple(sorted(options)),
        _expiry(options["expiry-time"]) if "expiry-time" in options else None,
    )


def _options(line: str) -> tuple[dict[str, str], str]:
    options: dict[str, str] = {}
    at = 0
    while match := _OPTION.match(line, at):
        options[match[1].lower()] = match[2] or ""
        at = match.end()
        if at < len(line) and line[at].isspace():
            return options, line[at:].strip()
    raise ValueError("its options cannot be read")


def _bits(algorithm: str, blob: bytes) -> int | None:
    for curve, bits in _CURVE_BITS.items():
        if curve in algorithm:
            return bits
    parts = list(_strings(blob))
    if algorithm == "ssh-rsa" and len(parts) > _RSA_MODULUS:
        return int.from_bytes(parts[_RSA_MODULUS], "big").bit_length()
    if algorithm == "ssh-dss" and len(parts) > _DSA_PRIME:
        return int.from_bytes(parts[_DSA_PRIME], "big").bit_length()
    return None


def _strings(blob: bytes) -> Iterator[bytes]:
    """The length-prefixed strings of a key (RFC 4251, 5)."""
    at = 0
    while at + 4 <= len(blob):
        size = int.from_bytes(blob[at : at + 4], "big")
        if at + 4 + size > len(blob):
            return
        yield blob[at + 4 : at + 4 + size]
        at += 4 + size


def _expiry(text: str) -> datetime:
    """`expiry-time="20300101"`, with a time of day or without, `Z` or local (read as UTC)."""
    digits = text.removesuffix("Z")
    for form in ("%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S"):
        try:
            return datetime.strptime(digits, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"expiry-time {text!r} is no time")
