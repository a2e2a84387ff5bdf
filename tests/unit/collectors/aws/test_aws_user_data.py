"""User data: credentials are found however they are packed, and nothing of the text is told."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from auditor.collectors.aws.facts.user_data import user_data_present, user_data_secrets

SCRIPT = b"#!/bin/sh\nexport DB_PASSWORD=hunter2-very-long\nrun\n"
HARMLESS = b"#!/bin/sh\nexport DB_PASSWORD=$(fetch-secret db)\nrun\n"


def _attribute(content: bytes) -> dict[str, object]:
    return {"Value": base64.b64encode(content).decode()}


def _message(content: bytes) -> bytes:
    message = MIMEMultipart()
    message.attach(MIMEText("#cloud-config\npackages: [nginx]\n", "cloud-config"))
    message.attach(MIMEApplication(content, "octet-stream"))
    return message.as_bytes()


def _file_in_configuration(content: bytes) -> bytes:
    return b"#cloud-config\nwrite_files:\n- content: " + base64.b64encode(content) + b"\n"


def _wrapped(content: bytes) -> bytes:
    lines = base64.encodebytes(content + bytes(120)).splitlines()
    return (
        b"#cloud-config\nwrite_files:\n- content: |\n    "
        + b"\n    ".join(lines)
        + b"\n  path: x\n"
    )


@pytest.mark.parametrize(
    "pack",
    [
        lambda content: content,
        gzip.compress,
        _message,
        lambda content: _message(gzip.compress(content)),
        lambda content: gzip.compress(_message(content)),
        _file_in_configuration,
        lambda content: _file_in_configuration(gzip.compress(content)),
        lambda content: _wrapped(gzip.compress(content)),
        lambda content: b"\xff\xfe not UTF-8 \n" + content,
    ],
    ids=[
        "plain",
        "gzip",
        "mime",
        "gzip in mime",
        "mime in gzip",
        "base64",
        "gzip in base64",
        "wrapped",
        "8 bit",
    ],
)
def test_a_credential_is_found_however_it_is_packed(pack: Callable[[bytes], bytes]) -> None:
    assert user_data_secrets(_attribute(pack(SCRIPT))) == ["assignment"]
    assert user_data_secrets(_attribute(pack(HARMLESS))) == []


def test_the_kinds_are_named_once_and_sorted() -> None:
    key = b"AKIA" + b"ABCDEFGHIJKLMNOP"
    text = (
        SCRIPT + b"curl https://app:correct-horse@db.example.org/\nexport K=" + key + b"\n" + SCRIPT
    )
    found = user_data_secrets(_attribute(text))
    assert found == sorted(set(found))
    assert {"assignment", "aws_access_key", "url_password"} <= set(found)


def test_an_instance_without_user_data_has_an_empty_attribute() -> None:
    assert user_data_present({}) is False
    assert user_data_secrets({}) == []
    assert user_data_present(_attribute(b"")) is True


@pytest.mark.parametrize("read", [user_data_present, user_data_secrets])
def test_no_attribute_is_not_an_empty_one(read: Callable[[object], object]) -> None:
    with pytest.raises(ValueError, match="UserData"):
        read(None)


def _nested(times: int) -> bytes:
    content = SCRIPT
    for _ in range(times):
        content = gzip.compress(content)
    return content


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [
        ({"Value": "hunter2-very-long !"}, "not base64"),
        (_attribute(b"\x1f\x8b" + SCRIPT), "damaged"),
        (_attribute(gzip.compress(SCRIPT)[:-9]), "cut or too large"),
        (_attribute(gzip.compress(bytes(5 << 20))), "cut or too large"),
        (_attribute(_nested(6)), "too deep"),
    ],
)
def test_what_cannot_be_opened_is_an_error_without_the_text(
    attribute: dict[str, object], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason) as raised:
        user_data_secrets(attribute)
    assert "hunter2" not in str(raised.value)


def test_a_digest_and_a_run_that_looks_packed_are_left_alone() -> None:
    odd = base64.b64encode(b"\x1f\x8b" + bytes(40))
    text = b"sha256sum -c <<< " + b"9f86d081884c7d659a2feaa0c55ad015" * 2 + b"A\n" + odd + b"\n"
    assert user_data_secrets(_attribute(text)) == []
