"""What is said before TLS by protocols that begin in clear text (STARTTLS).

Each function leaves the connection where the ClientHello goes next. A plain "no TLS here" is
`NotOfferedError`, a fact; an answer of another protocol is a gap. Nothing is sent but the
request for TLS and what must come before it: no login, no name of a user.

Standards: PostgreSQL protocol 3 (SSLRequest), MySQL client protocol (SSLRequest), RFC 3207
(SMTP), RFC 9051 (IMAP), RFC 4511, 4.14 (LDAP).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Protocol

from auditor.collectors.tls.failure import NotOfferedError, ProbeError
from auditor.core.model.status import Cause

_MAX_LINES = 100
_MYSQL_CLIENT_SSL = 0x0800
# PROTOCOL_41, SSL, SECURE_CONNECTION, PLUGIN_AUTH; a server answers an SSLRequest without them too.
_MYSQL_CAPABILITIES = 0x0200 | _MYSQL_CLIENT_SSL | 0x8000 | 0x80000
_MYSQL_UTF8 = 45
_MYSQL_ERROR = 0xFF
_LDAP_STARTTLS = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
_LDAP_RESULT = b"\x0a\x01"


class Stream(Protocol):
    """A connection with a deadline."""

    def send(self, data: bytes) -> None:
        """Send all of it."""

    def exactly(self, count: int) -> bytes:
        """The next `count` bytes."""

    def line(self) -> str:
        """The next line, without its end."""


def postgres(stream: Stream) -> None:
    """SSLRequest; the server answers with one byte."""
    stream.send(struct.pack(">II", 8, 80877103))
    answer = stream.exactly(1)
    if answer == b"N":
        raise NotOfferedError("the server answered the SSLRequest with N")
    if answer != b"S":
        raise _other("postgres", repr(answer))


def mysql(stream: Stream) -> None:
    """The server's greeting says whether it has TLS; an SSLRequest asks for it."""
    header = stream.exactly(4)
    greeting = stream.exactly(int.from_bytes(header[:3], "little"))
    if greeting[:1] == bytes([_MYSQL_ERROR]):
        raise ProbeError(Cause.DENIED, f"mysql refused this machine: {greeting[3:]!r:.120}")
    version, end, rest = greeting[1:].partition(b"\0")
    if greeting[:1] != b"\x0a" or not end or len(rest) < 15:  # noqa: PLR2004 - id, salt, capabilities
        raise _other("mysql", repr(greeting[:40]))
    if not int.from_bytes(rest[13:15], "little") & _MYSQL_CLIENT_SSL:
        raise NotOfferedError(f"the greeting of mysql {version!r:.40} does not offer TLS")
    body = struct.pack("<IIB", _MYSQL_CAPABILITIES, 2**24 - 1, _MYSQL_UTF8) + bytes(23)
    stream.send(len(body).to_bytes(3, "little") + bytes([header[3] + 1]) + body)


def smtp(stream: Stream) -> None:
    """EHLO must list STARTTLS."""
    _smtp_reply(stream, "220")
    stream.send(b"EHLO auditor.invalid\r\n")
    if not any(line[4:].strip().upper() == "STARTTLS" for line in _smtp_reply(stream, "250")):
        raise NotOfferedError("the answer to EHLO does not list STARTTLS")
    stream.send(b"STARTTLS\r\n")
    _smtp_reply(stream, "220")


def imap(stream: Stream) -> None:
    """CAPABILITY must list STARTTLS."""
    greeting = stream.line()
    if not greeting.startswith("* "):
        raise _other("imap", repr(greeting))
    capabilities = _imap_command(stream, "a1", "CAPABILITY")
    if not any("STARTTLS" in line.upper().split() for line in capabilities):
        raise NotOfferedError("CAPABILITY does not list STARTTLS")
    _imap_command(stream, "a2", "STARTTLS")


def ldap(stream: Stream) -> None:
    """The extended request StartTLS; result code 0 is yes."""
    stream.send(_LDAP_STARTTLS)
    tag, size = stream.exactly(2)
    if size & 0x80:
        size = int.from_bytes(stream.exactly(size & 0x7F), "big")
    if tag != 0x30 or size > 2**16:  # noqa: PLR2004 - SEQUENCE of a sane size
        raise _other("ldap", hex(tag))
    message = stream.exactly(size)
    at = message.find(_LDAP_RESULT)
    if message[3:4] != b"\x78" or at < 0 or len(message) < at + 3:  # ExtendedResponse
        raise _other("ldap", repr(message[:40]))
    code = message[at + 2]
    if code:
        raise NotOfferedError(f"the StartTLS request was answered with result code {code}")


PREPARE: Mapping[str, Callable[[Stream], None]] = {
    "postgres": postgres,
    "mysql": mysql,
    "smtp": smtp,
    "imap": imap,
    "ldap": ldap,
}


def _smtp_reply(stream: Stream, code: str) -> list[str]:
    lines: list[str] = []
    for _ in range(_MAX_LINES):
        lines.append(stream.line())
        if not lines[-1].startswith(code):
            raise _other("smtp", repr(lines[-1]))
        if lines[-1][3:4] != "-":
            return lines
    raise _other("smtp", f"more than {_MAX_LINES} lines")


def _imap_command(stream: Stream, tag: str, command: str) -> list[str]:
    stream.send(f"{tag} {command}\r\n".encode("ascii"))
    lines: list[str] = []
    for _ in range(_MAX_LINES):
        lines.append(stream.line())
        if lines[-1].startswith(f"{tag} OK"):
            return lines
        if not lines[-1].startswith("* "):
            break
    raise _other("imap", repr(lines[-1]))


def _other(protocol: str, answer: str) -> ProbeError:
    return ProbeError(
        Cause.UNPARSABLE,
        f"the answer is not {protocol}: {answer:.120}",
        hint="check `starttls` of the endpoint and its port",
    )
