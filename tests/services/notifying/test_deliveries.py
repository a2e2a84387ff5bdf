"""Messages reach real servers once, safely; what is refused is kept and tried again."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import requests
from standardwebhooks import Webhook

from auditor.app.notifying.delivering import Notifier, undelivered
from auditor.app.notifying.state import load_state
from auditor.errors import ConfigError
from tests.services.notifying.servers import certificate, free_port, http_inbox, mail_server
from tests.unit.app.company import Company, found, target

pytestmark = pytest.mark.service

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
RECEIVER = Path(__file__).parents[3] / "integrations" / "webhook" / "receiver.py"
HOSTILE = "a`<!channel>&@here\r\nBcc: x@example.org\x1b[2J"


def webhook(url: str, **more: object) -> dict[str, object]:
    return {"name": "ops", "kind": "webhook", "url": url, "secret_env": "HOOK", **more}


class Clock:
    """Now, and later when the test says so."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def failing(tmp_path: Path, clock: Clock) -> Company:
    """A run of now with two new failures."""
    company = found(tmp_path / "work", target(bad=["a"]))
    company.clock = clock
    company.scan()
    return company


def notifier(company: Company, clock: Clock, **environ: str) -> Notifier:
    return Notifier(company.project(), {"HOOK": SECRET, **environ}, clock, deadline_s=5.0)


def channels(company: Company, *items: dict[str, object]) -> None:
    company.configure(notifications={"channels": list(items)})


def test_a_webhook_is_signed_so_that_the_standards_own_library_takes_it(
    failing: Company, clock: Clock
) -> None:
    with http_inbox() as inbox:
        channels(failing, webhook(inbox.url))
        done = notifier(failing, clock).notify()
    ((headers, body),) = inbox.got
    document = Webhook(SECRET).verify(body, headers)
    assert document["schema"] == "event-1"
    assert [event["kind"] for event in document["events"]] == ["new_failure", "new_failure"]
    assert len(done.sent) == 2
    assert done.waiting == ()


def test_nobody_is_told_twice(failing: Company, clock: Clock) -> None:
    with http_inbox() as inbox:
        channels(failing, webhook(inbox.url))
        notifier(failing, clock).notify()
        failing.scan()
        again = notifier(failing, clock).notify()
        old = notifier(failing, clock).notify(failing.project().store.runs()[-1].id)
    assert len(inbox.got) == 1
    assert again.sent == ()
    assert len(old.found) == 2
    assert old.sent == ()


def test_what_is_refused_waits_longer_each_time_and_is_sent_in_the_end(
    failing: Company, clock: Clock
) -> None:
    with http_inbox() as inbox:
        inbox.status = 503
        channels(failing, webhook(inbox.url))
        first = notifier(failing, clock).notify()
        assert {item.problem for item in first.waiting} == {
            "the receiver answered 503, expected 2xx"
        }
        assert len(undelivered(failing.project())) == 2
        notifier(failing, clock).notify()
        assert len(inbox.got) == 1
        clock.ahead = timedelta(minutes=6)
        second = notifier(failing, clock).notify()
        assert {item.attempts for item in second.waiting} == {2}
        assert all(i.next_at - clock() > timedelta(minutes=9) for i in second.waiting)
        inbox.status = 200
        clock.ahead = timedelta(minutes=17)
        last = notifier(failing, clock).notify()
    assert len(last.sent) == 2
    assert undelivered(failing.project()) == ()
    ids = {headers["webhook-id"] for headers, _body in inbox.got}
    assert len(ids) == 1
    assert len({headers["webhook-timestamp"] for headers, _body in inbox.got}) == 3


def test_a_redirect_is_not_followed(failing: Company, clock: Clock) -> None:
    with http_inbox() as other, http_inbox() as inbox:
        inbox.status, inbox.headers = 307, {"Location": other.url}
        channels(failing, webhook(inbox.url))
        done = notifier(failing, clock).notify()
    assert other.got == []
    assert len(done.waiting) == 2


def test_one_channel_that_is_down_does_not_keep_the_other_waiting(
    failing: Company, clock: Clock
) -> None:
    with http_inbox() as inbox:
        down = webhook(f"http://127.0.0.1:{free_port()}/", name="down")
        channels(failing, down, webhook(inbox.url))
        done = notifier(failing, clock).notify()
    assert {channel for channel, _event in done.sent} == {"ops"}
    assert {item.channel for item in done.waiting} == {"down"}
    assert all("no answer" in item.problem for item in done.waiting)


def test_a_channel_gets_what_it_asked_for(failing: Company, clock: Clock) -> None:
    with http_inbox() as inbox:
        high = webhook(inbox.url, severity="high")
        channels(failing, high, webhook(inbox.url, name="runs", events=["missed_run"]))
        done = notifier(failing, clock).notify()
    assert [(c, e.subject) for c, e in done.sent] == [("ops", "things-in-order/thing@one/a")]


def test_a_slack_url_is_a_secret_and_never_in_what_is_said_of_a_failure(
    failing: Company, clock: Clock
) -> None:
    slack: dict[str, object] = {"name": "chat", "kind": "slack", "url_env": "CHAT"}
    channels(failing, slack)
    url = f"http://127.0.0.1:{free_port()}/services/T000/B000/s3cr3tpath"
    done = notifier(failing, clock, CHAT=url).notify()
    state = (failing.folder / "notifications.json").read_text("utf-8")
    assert len(done.waiting) == 2
    assert "s3cr3tpath" not in state
    assert "T000" not in state
    assert (failing.folder / "notifications.json").stat().st_mode & 0o077 == 0


def test_collected_text_calls_nobody_together_on_slack(tmp_path: Path, clock: Clock) -> None:
    company = found(tmp_path / "work", target(bad=["a"]), organisation=HOSTILE)
    company.clock = clock
    company.scan()
    channels(company, {"name": "chat", "kind": "slack", "url_env": "CHAT"})
    with http_inbox() as inbox:
        notifier(company, clock, CHAT=inbox.url).notify()
    text = json.loads(inbox.got[0][1])["text"]
    assert "<!channel>" not in text
    assert "`a\\u{60}&lt;!channel&gt;&amp;@here\\r\\nBcc: x@example.org\\u{1b}[2J`" in text
    assert text.count("`") % 2 == 0


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return certificate(tmp_path)


def mail(port: int, **more: object) -> dict[str, object]:
    return {
        "name": "mail",
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": port,
        "sender": "auditor@example.org",
        "to": ["ciso@example.org", "ops@example.org"],
        "username_env": "MAIL_USER",
        "password_env": "MAIL_PASSWORD",
        **more,
    }


LOGIN = {"MAIL_USER": "auditor", "MAIL_PASSWORD": "open sesame"}


def test_mail_goes_encrypted_after_a_login_and_a_name_adds_no_header(
    tmp_path: Path, clock: Clock, pem: Path
) -> None:
    company = found(tmp_path / "work", target(bad=["a"]), organisation=HOSTILE)
    company.clock = clock
    company.scan()
    with mail_server(pem) as box:
        channels(company, mail(box.port, ca_file=str(pem)))
        done = notifier(company, clock, **LOGIN).notify()
    assert done.waiting == ()
    ((people, content, encrypted),) = box.mails
    assert encrypted
    assert people == ["ciso@example.org", "ops@example.org"]
    parsed = message_from_bytes(content, policy=policy.default)
    assert parsed["Bcc"] is None
    assert "\\r\\nBcc" in parsed["Subject"]
    text = parsed.get_content()
    assert "things-in-order/thing@one/a" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("login", "roots", "said"),
    [
        ({**LOGIN, "MAIL_PASSWORD": "wrong word"}, "mail.pem", "535"),
        (LOGIN, None, "certificate verify failed"),
    ],
)
def test_a_wrong_password_and_an_unknown_certificate_are_kept_and_said(
    failing: Company, clock: Clock, pem: Path, login: dict[str, str], roots: str | None, said: str
) -> None:
    with mail_server(pem) as box:
        channels(failing, mail(box.port, ca_file=str(pem.parent / roots) if roots else None))
        done = notifier(failing, clock, **login).notify()
    assert box.mails == []
    assert {said in item.problem for item in done.waiting} == {True}
    assert not any("wrong word" in item.problem for item in done.waiting)


def test_a_server_without_starttls_gets_nothing(failing: Company, clock: Clock) -> None:
    with mail_server(None) as box:
        channels(failing, mail(box.port))
        done = notifier(failing, clock, **LOGIN).notify()
    assert box.mails == []
    assert {"STARTTLS" in item.problem for item in done.waiting} == {True}


def test_a_server_that_refuses_for_now_is_asked_again(
    failing: Company, clock: Clock, pem: Path
) -> None:
    with mail_server(pem) as box:
        box.refuse = True
        channels(failing, mail(box.port, ca_file=str(pem)))
        assert len(notifier(failing, clock, **LOGIN).notify().waiting) == 2
        box.refuse = False
        clock.ahead = timedelta(minutes=6)
        assert notifier(failing, clock, **LOGIN).notify().waiting == ()
    assert len(box.mails) == 1


def test_a_secret_that_is_not_set_is_said_and_the_events_are_kept(
    failing: Company, clock: Clock
) -> None:
    channels(failing, webhook("http://127.0.0.1:9/"))
    done = Notifier(failing.project(), {}, clock).notify()
    assert {item.problem for item in done.waiting} == {"the variable HOOK is not set"}
    weak = Notifier(failing.project(), {"HOOK": "hunter2"}, clock)
    clock.ahead = timedelta(minutes=6)
    assert all("another form" in i.problem for i in weak.notify().waiting)
    with http_inbox() as inbox:
        channels(failing, webhook(inbox.url))
        assert notifier(failing, clock).notify().sent == ()
        assert len(notifier(failing, clock).notify(again=True).sent) == 2
    assert "hunter2" not in (failing.folder / "notifications.json").read_text("utf-8")


def test_a_damaged_state_is_an_error_and_not_an_empty_one(failing: Company, clock: Clock) -> None:
    channels(failing, webhook("http://127.0.0.1:9/"))
    (failing.folder / "notifications.json").write_text('{"schema": "deliveries-1", "x": 1}')
    with pytest.raises(ConfigError, match="not a file of format deliveries-1"):
        notifier(failing, clock).notify()


def test_what_waits_for_a_channel_that_is_gone_is_dropped_and_counted(
    failing: Company, clock: Clock
) -> None:
    channels(failing, webhook(f"http://127.0.0.1:{free_port()}/"))
    notifier(failing, clock).notify()
    channels(
        failing, webhook(f"http://127.0.0.1:{free_port()}/", name="other", events=["missed_run"])
    )
    done = notifier(failing, clock).notify()
    assert done.dropped == 2
    assert load_state(failing.folder / "notifications.json").waiting == ()


@pytest.fixture
def receiver() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The example receiver as its own process."""
    with subprocess.Popen(
        [sys.executable, str(RECEIVER), "0"],
        env={**os.environ, "AUDITOR_WEBHOOK_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/", process
        process.terminate()


def test_the_example_receiver_takes_ours_once_and_nothing_else(
    failing: Company, clock: Clock, receiver: tuple[str, subprocess.Popen[str]]
) -> None:
    url, process = receiver
    with http_inbox() as inbox:
        channels(failing, webhook(inbox.url))
        notifier(failing, clock).notify()
    headers, body = inbox.got[0]
    signed = {name: value for name, value in headers.items() if name.startswith("webhook-")}

    def ask(given: dict[str, str], data: bytes = body) -> int:
        return requests.post(url, data=data, headers=given, timeout=5).status_code

    stamp = int(signed["webhook-timestamp"])
    assert ask(signed, body + b" ") == 401
    assert ask({**signed, "webhook-timestamp": str(stamp + 1)}) == 401
    old = Webhook(SECRET).sign("m", datetime.fromtimestamp(stamp - 400, UTC), body.decode())
    late = {"webhook-id": "m", "webhook-timestamp": str(stamp - 400), "webhook-signature": old}
    assert ask(late) == 401
    assert ask(signed) == 204
    assert ask(signed) == 200
    process.terminate()
    out, _err = process.communicate(timeout=5)
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line[:2] for line in lines] == [
        ["new_failure", "things-in-order/thing@one/a"],
        ["new_failure", "things-in-order/other@one/a"],
    ]
