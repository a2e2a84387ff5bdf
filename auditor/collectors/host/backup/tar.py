"""A tar archive, checked block by block as it streams by (POSIX.1-1988 ustar, pax, GNU).

`tarfile` of the standard library takes an archive that is cut between two members for a whole
one; here an archive has ended properly only with its two blocks of zeros.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass

_BLOCK = 512
_EXTENSIONS = (b"L", b"K", b"x", b"g")
_WITHOUT_BODY = (b"1", b"2", b"3", b"4", b"5", b"6")
_SIGN = 127  # greatest signed byte
_MAX_NAME = 65_536  # bytes of a long name or pax header that are kept
_SECRET_NAME = re.compile(
    r"(?:^|/)(?:\.env(?:\.[\w.-]+)?|\.pgpass|\.my\.cnf|\.netrc|\.htpasswd|\.vault-token|shadow|"
    r"gshadow|id_(?:rsa|dsa|ecdsa|ed25519)|credentials(?:\.json)?|[^/]*\.(?:key|p12|pfx|jks|kdbx)|"
    r"[^/]*_key\.pem|privkey\.pem)$"
)
MAX_SECRETS = 20


class TarError(ValueError):
    """Not a whole archive; the message says where it breaks."""


def is_tar(head: bytes) -> bool:
    """The first block is a tar header with a right checksum."""
    return (
        len(head) >= _BLOCK and head[:_BLOCK] != b"\0" * _BLOCK and _checksum_holds(head[:_BLOCK])
    )


class TarScanner:
    """Takes an archive in pieces of any size.

    Attributes:
        members: Files, folders, links seen.
        secret_files: First names of members that hold secrets by their name.
        secret_count: How many there are.
    """

    def __init__(self) -> None:
        self.members = 0
        self.secret_files: list[str] = []
        self.secret_count = 0
        self._steps = self._run()  # a coroutine: the archive's own order is its state
        self._wanted = next(self._steps)
        self._buffer = bytearray()
        self._ended = False

    def feed(self, data: bytes) -> None:
        """Check the next piece.

        Raises:
            TarError: A header is damaged.
        """
        self._buffer += data
        # tar pads to its record size, and readers ignore what follows its end
        while self._buffer and not self._ended and self._step():
            pass
        if self._ended:
            self._buffer.clear()

    def _step(self) -> bool:
        """Give the coroutine what it wants; False when more data must come first."""
        if self._wanted < 0:
            taken = min(-self._wanted, len(self._buffer))
            del self._buffer[:taken]
            self._wanted += taken
            if self._wanted == 0:
                self._advance(b"")
            return True
        if len(self._buffer) < self._wanted:
            return False
        block = bytes(self._buffer[: self._wanted])
        del self._buffer[: self._wanted]
        self._advance(block)
        return True

    def finish(self) -> None:
        """Say that the stream has ended.

        Raises:
            TarError: It ended before the archive did.
        """
        if not self._ended:
            raise TarError(f"tar: ended early, after {self.members} members")

    def _advance(self, block: bytes) -> None:
        try:
            self._wanted = self._steps.send(block)
        except StopIteration:
            self._ended = True

    def _run(self) -> Generator[int, bytes, None]:
        """Yield how many bytes are wanted next; a negative number of them is passed over."""
        extra = _Extra()
        while any(header := (yield _BLOCK)):
            if not _checksum_holds(header):
                raise TarError(f"tar: damaged header after {self.members} members")
            kind = header[156:157]
            size = extra.size if extra.size is not None else _number(header[124:136])
            if kind in _EXTENSIONS:
                extra.take(kind, (yield from _body(size)))
                continue
            if kind == b"S":  # GNU's old sparse files: more header blocks, while one says so
                more = header[482]
                while more:
                    more = (yield _BLOCK)[504]
            self._seen(extra.name or _name(header))
            extra = _Extra()
            if size and kind not in _WITHOUT_BODY:
                yield -_padded(size)
        if any((yield _BLOCK)):
            raise TarError("tar: a block of zeros stands before a member")

    def _seen(self, name: str) -> None:
        self.members += 1
        if _SECRET_NAME.search(name):
            self.secret_count += 1
            if len(self.secret_files) < MAX_SECRETS:
                self.secret_files.append(name)


@dataclass
class _Extra:
    """What headers before a member's own say about it."""

    name: str = ""
    size: int | None = None

    def take(self, kind: bytes, text: bytes) -> None:
        if kind == b"L":
            self.name = text.rstrip(b"\0").decode("utf-8", "backslashreplace")
        elif kind == b"x":
            pax = _pax(text)
            self.name = pax.get("path", self.name)
            if "size" in pax:
                self.size = _decimal(pax["size"])


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise TarError(f"tar: {text!r} is no size")
    return int(text)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _body(size: int) -> Generator[int, bytes, bytes]:
    """The body of an extension header; one that is absurdly long is passed over."""
    if not size:
        return b""
    if size > _MAX_NAME:
        yield -_padded(size)
        return b""
    return (yield _padded(size))[:size]


def _name(header: bytes) -> str:
    name = header[:100].split(b"\0", 1)[0]
    if header[257:262] == b"ustar" and header[263:265] == b"00":
        prefix = header[345:500].split(b"\0", 1)[0]
        name = prefix + b"/" + name if prefix else name
    return name.decode("utf-8", "backslashreplace")


def _number(raw: bytes) -> int:
    """Octal digits, or a binary number where the first bit is set (GNU)."""
    if raw[0] & 0x80:
        return int.from_bytes(bytes([raw[0] & 0x7F]) + raw[1:], "big")
    try:
        return int(raw.strip(b"\0 ") or b"0", 8)
    except ValueError as error:
        raise TarError(f"tar: {raw!r} is no size") from error


def _pax(text: bytes) -> dict[str, str]:
    r"""Records `LENGTH key=value\n` of a pax header."""
    result = {}
    while text:
        length, _, _ = text.partition(b" ")
        if not length.isdigit() or not 0 < int(length) <= len(text):
            raise TarError("tar: damaged pax header")
        record = text[len(length) + 1 : int(length) - 1]
        key, _, value = record.partition(b"=")
        result[key.decode("utf-8", "replace")] = value.decode("utf-8", "backslashreplace")
        text = text[int(length) :]
    return result


def _checksum_holds(block: bytes) -> bool:
    try:
        stated = int(block[148:156].strip(b"\0 ") or b"0", 8)
    except ValueError:
        return False
    counted = block[:148] + b" " * 8 + block[156:]
    signed = sum(byte - 256 if byte > _SIGN else byte for byte in counted)
    return stated in (sum(counted), signed)  # old tars summed signed characters
