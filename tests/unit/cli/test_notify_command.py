"""`auditor notify`: what it prints, what it leaves alone, and the exit code."""

from __future__ import annotations

import socket

import pytest

from tests.unit.app.company import Company
from tests.unit.cli.conftest import Auditor


@pytest.fixture
def down() -> dict[str, object]:
    """A channel whose receiver does not listen."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    return {"name": "ops", "kind": "webhook", "url": url, "secret_env": "OPS_SECRET"}


@pytest.fixture
def scanned(here: Company, auditor: Auditor, down: dict[str, object]) -> Company:
    here.configure(notifications={"channels": [down]})
    auditor("scan")
    return here


def test_without_a_channel_it_is_a_matter_of_configuration(here: Company, auditor: Auditor) -> None:
    auditor("scan")
    said = auditor("notify")
    assert said.code == 2
    assert "no channel is configured" in said.err
    assert here.folder.exists()


def test_a_failed_delivery_is_told_with_the_next_report(scanned: Company, auditor: Auditor) -> None:
    assert "not delivered" not in auditor("report").err
    assert auditor("notify").code == 3
    assert "not delivered: auditor notify --list" in auditor("report").err
    assert "not delivered: auditor notify --list" in auditor("scan").err
    assert scanned.folder.exists()


def test_a_dry_run_shows_everything_and_writes_nothing(scanned: Company, auditor: Auditor) -> None:
    said = auditor("notify", "--dry-run")
    assert said.code == 0
    assert "ops: new failure, high: things-in-order/thing@one/a: a is not ok" in said.out
    assert "2 events found; nothing was sent" in said.err
    assert not (scanned.folder / "notifications.json").exists()
    document = auditor("notify", "--dry-run", "--format", "json").json
    assert {item["event"]["kind"] for item in document["would_send"]} == {"new_failure"}


def test_what_is_not_delivered_is_exit_3_and_listed(scanned: Company, auditor: Auditor) -> None:
    assert auditor("notify", "--list").out == ""
    said = auditor("notify")
    assert said.code == 3
    assert "ops: the variable OPS_SECRET is not set" in said.err
    assert "2 events found, 0 delivered, 2 wait" in said.err
    listed = auditor("notify", "--list")
    assert listed.code == 0
    assert "1 attempts, again after" in listed.out
    assert len(auditor("notify", "--format", "json").json["waiting"]) == 2
    assert scanned.folder.exists()


def test_two_questions_at_once_and_an_unknown_run_are_usage(
    scanned: Company, auditor: Auditor
) -> None:
    assert auditor("notify", "--list", "--dry-run").code == 2
    assert auditor("notify", "--run", "nope").code == 2
    assert scanned.folder.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "http://example.org/"}, "expected an https:// URL"),
        ({"url": "https://u:p@example.org/"}, "carries a user name"),
        ({"url": "https:///"}, "expected an https:// URL"),
        ({"secret": "x"}, "secret"),
        ({"secret_env": "not a name"}, "secret_env"),
        ({"kind": "pigeon"}, "kind"),
        ({"events": ["everything"]}, "Input should be 'new_failure'"),
    ],
)
def test_a_wrong_channel_is_found_with_its_place(
    here: Company, auditor: Auditor, down: dict[str, object], changes: dict[str, object], said: str
) -> None:
    here.configure(notifications={"channels": [down | changes]})
    got = auditor("notify", "--list")
    assert got.code == 2
    assert said in got.err
    assert "auditor.yaml:" in got.err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"security": "none"}, "only for a server on this machine"),
        ({"username_env": "U"}, "go together"),
        ({"to": ["ciso@example.org\nBcc: x@example.org"]}, "to"),
        ({"to": []}, "to"),
    ],
)
def test_wrong_mail_settings_are_found(
    here: Company, auditor: Auditor, changes: dict[str, object], said: str
) -> None:
    mail = {"name": "mail", "kind": "smtp", "host": "mail.example.org", "sender": "a@example.org"}
    here.configure(notifications={"channels": [mail | {"to": ["b@example.org"]} | changes]})
    got = auditor("notify", "--list")
    assert got.code == 2
    assert said in got.err


def test_two_channels_of_one_name_are_refused(
    here: Company, auditor: Auditor, down: dict[str, object]
) -> None:
    here.configure(notifications={"channels": [down, dict(down)]})
    assert "two channels are called `ops`" in auditor("notify", "--list").err
    assert here.folder.exists()
