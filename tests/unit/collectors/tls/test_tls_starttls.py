"""Answers before TLS that are neither a yes nor a no."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import pytest

from auditor.collectors.tls.failure import NotOfferedError, ProbeError
from auditor.collectors.tls.starttls import PREPARE


@dataclass
class Script:
    """A stream that says its lines, whatever it hears."""

    says: bytes
    heard: bytes = b""
    left: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.says

    def send(self, data: bytes) -> None:
        self.heard += data

    def exactly(self, count: int) -> bytes:
        part, self.left = self.left[:count], self.left[count:]
        assert len(part) == count, "the script has ended"
        return part

    def line(self) -> str:
        part, _, self.left = self.left.partition(b"\n")
        return part.decode().rstrip("\r")


def packet(body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + b"\0" + body


@pytest.mark.parametrize(
    ("protocol", "says", "cause", "said"),
    [
        ("postgres", b"E", "unparsable", "not postgres"),
        ("mysql", packet(b"\xff\x6a\x04Host is blocked"), "denied", "Host is blocked"),
        ("mysql", packet(b"\x09old"), "unparsable", "not mysql"),
        ("mysql", packet(b"\x0a8.0\0short"), "unparsable", "not mysql"),
        ("smtp", b"554 no\r\n", "unparsable", "554 no"),
        ("smtp", b"220 a\r\n250-STARTTLS\r\n250 x\r\n454 later\r\n", "unparsable", "454 later"),
        ("smtp", b"220-a\r\n" * 101, "unparsable", "more than 100 lines"),
        ("imap", b"+OK pop\r\n", "unparsable", "not imap"),
        ("imap", b"* OK\r\na1 BAD\r\n", "unparsable", "a1 BAD"),
        ("imap", b"* OK\r\n* STARTTLS\r\na1 OK\r\na2 NO\r\n", "unparsable", "a2 NO"),
        ("imap", b"* OK\r\n" * 102, "unparsable", "not imap"),
        ("ldap", b"\x30\x81\x03\x02\x01\x01", "unparsable", "not ldap"),
        ("ldap", b"\x31\x03\x02\x01\x01", "unparsable", "not ldap"),
    ],
)
def test_another_answer_is_an_error(protocol: str, says: bytes, cause: str, said: str) -> None:
    with pytest.raises(ProbeError, match=said) as caught:
        PREPARE[protocol](Script(says))
    assert caught.value.cause == cause


def test_long_lengths_of_ldap_are_read() -> None:
    body = b"\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00"
    with pytest.raises(NotOfferedError, match="result code 52"):
        PREPARE["ldap"](Script(b"\x30\x82" + struct.pack(">H", len(body)) + body))


def test_nothing_but_the_request_for_tls_is_sent() -> None:
    script = Script(b"220 a\r\n250 STARTTLS\r\n220 go\r\n")
    PREPARE["smtp"](script)
    assert script.heard == b"EHLO auditor.invalid\r\nSTARTTLS\r\n"
