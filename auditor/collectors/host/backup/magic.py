"""What a file is by its first bytes, and how random it looks."""

from __future__ import annotations

import math
from collections import Counter

_COMPRESSIONS = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_ENCRYPTIONS = (
    (b"age-encryption.org/v1", "age"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "age"),
    (b"-----BEGIN PGP MESSAGE-----", "gpg"),
    (b"Salted__", "openssl"),
    (b"U2FsdGVkX1", "openssl"),  # the same in base64
    (b"LUKS\xba\xbe", "luks"),
)
# OpenPGP packets that begin an encrypted message: tag (RFC 4880, 4.3) and accepted versions.
_PGP_VERSIONS = {1: (2, 3, 6), 3: (4, 5, 6)}
_PGP_START = 8  # bytes that hold tag, length and version
_ONE_BYTE, _TWO_BYTES = 192, 224  # first byte of longer lengths (RFC 4880, 4.2.2)
_ENTROPY_LIMIT = 7.9  # bits per byte: compressed and encrypted data are above it
_MIN_SAMPLE = 4096  # a shorter sample says nothing about randomness
MIB = 2**20


def compression_of(head: bytes) -> str:
    """`gzip`, `xz`, `bzip2`, `zstd` or `none`."""
    return next((name for magic, name in _COMPRESSIONS if head.startswith(magic)), "none")


def encryption_of(head: bytes) -> str:
    """`age`, `gpg`, `openssl`, `luks` or `none`."""
    for magic, name in _ENCRYPTIONS:
        if head.startswith(magic):
            return name
    return "gpg" if _is_pgp(head) else "none"


def looks_random(entropy: float, sample_size: int) -> bool:
    """No pattern to the eye: encrypted, or compressed in a way that is not known here."""
    return sample_size >= _MIN_SAMPLE and entropy >= _ENTROPY_LIMIT


def entropy_of(sample: bytes) -> float:
    """Shannon entropy in bits per byte: 0 for one repeated byte, 8 for random bytes."""
    if not sample:
        return 0.0
    shares = (count / len(sample) for count in Counter(sample).values())
    return -sum(share * math.log2(share) for share in shares) + 0.0


def _is_pgp(head: bytes) -> bool:
    """A session-key packet with a possible version; one byte alone would match too much."""
    if len(head) < _PGP_START or not head[0] & 0x80:
        return False
    if head[0] & 0x40:  # new format: 6 bits of tag, then a length of 1, 2 or 5 bytes
        tag = head[0] & 0x3F
        skip = 1 if head[1] < _ONE_BYTE else 2 if head[1] < _TWO_BYTES else 5
    else:  # old format: 4 bits of tag, 2 bits for the length's length
        tag = (head[0] & 0x3C) >> 2
        skip = {0: 1, 1: 2, 2: 4, 3: 0}[head[0] & 3]
    return tag in _PGP_VERSIONS and head[1 + skip] in _PGP_VERSIONS[tag]
