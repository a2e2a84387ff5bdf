"""A witness over real HTTP, with real logs: what it cosigns, what it refuses, what it endures."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from auditor.app.witnesses.server import MAX_CONNECTIONS, Limits, cut, witness_server
from auditor.app.witnesses.witness import witnessed_logs
from auditor.errors import ConfigError
from auditor.ledger.add_checkpoint import (
    MAX_REQUEST,
    AddCheckpoint,
    parse_answer,
)
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.cosignature import CosignerKey, verify_cosignature
from auditor.ledger.note import Note
from tests.services.witness.scene import (
    NAME,
    TIMEOUT_S,
    Person,
    Running,
    listening,
    log_vkey,
    request,
    rewritten,
    watching,
    write_log,
)
from tests.unit.store.building import BEGIN, ORIGIN, Site, ticking

pytestmark = pytest.mark.service
WORDS = ["a", "b", "c", "d"]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A log of five entries: its key and four words."""
    site = Site(tmp_path / "site")
    write_log(site, WORDS)
    return site


@pytest.fixture
def person(tmp_path: Path, site: Site) -> Person:
    return watching(tmp_path / "witness", site)


@pytest.fixture
def running(person: Person) -> Iterator[Running]:
    with listening(person.witness) as running:
        yield running


def with_lines(signed: SignedCheckpoint, body: bytes) -> SignedCheckpoint:
    note = Note(signed.note.text, (*signed.note.signatures, *parse_answer(body)))
    return SignedCheckpoint.parse(note.to_bytes())


def test_a_growing_log_is_cosigned_over_one_connection(
    site: Site, person: Person, running: Running
) -> None:
    with requests.Session() as session:
        for old, more in ((0, []), (5, ["e"]), (6, WORDS * 100), (406, [])):
            write_log(site, more)
            asked = request(site, old)
            answer = session.post(
                f"{running.url}/add-checkpoint", data=asked.to_bytes(), timeout=TIMEOUT_S
            )
            assert (answer.status_code, answer.text[-1]) == (200, "\n")
            time_said = verify_cosignature(with_lines(asked.signed, answer.content), person.key)
            assert abs(time_said - BEGIN) < timedelta(minutes=1)
    last = person.witness.last(ORIGIN)
    assert last is not None
    assert last.checkpoint == request(site, 0).signed.checkpoint


def test_a_witness_with_two_keys_answers_two_lines(tmp_path: Path, site: Site) -> None:
    person = watching(tmp_path / "two", site, algorithms=("ed25519", "ml-dsa-44"))
    with listening(person.witness) as running:
        asked = request(site, 0)
        answer = running.post(asked.to_bytes())
    cosigned = with_lines(asked.signed, answer.content)
    for vkey in person.witness.vkeys:
        verify_cosignature(cosigned, CosignerKey.parse(vkey))
    assert answer.text.count(NAME) == 2


@pytest.mark.parametrize("old", [0, 3, 6])
def test_a_stale_client_is_told_the_size(site: Site, running: Running, old: int) -> None:
    assert running.ask(request(site, 0)) == 200
    write_log(site, ["e", "f"])
    answer = running.post(request(site, old).to_bytes())
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "text/x.tlog.size"
    assert answer.text == "5\n"


def forks(site: Site, folder: Path) -> dict[str, tuple[Site, int]]:
    """Logs that do not continue the first five entries, all signed with the real key."""
    return {
        "rewritten, same size": (rewritten(site, folder / "1", ["x", "b", "c", "d"]), 5),
        "rewritten and grown": (rewritten(site, folder / "2", ["x", *WORDS[1:], "e", "f"]), 5),
        "truncated": (rewritten(site, folder / "3", WORDS[:2]), 3),
        "rolled back and grown otherwise": (
            rewritten(site, folder / "4", [*WORDS[:3], "y", "z"]),
            5,
        ),
    }


@pytest.mark.parametrize(
    "fork",
    [
        "rewritten, same size",
        "rewritten and grown",
        "truncated",
        "rolled back and grown otherwise",
    ],
)
def test_what_does_not_continue_is_refused_though_the_real_key_signed(
    site: Site, running: Running, person: Person, tmp_path: Path, fork: str
) -> None:
    assert running.ask(request(site, 0)) == 200
    kept = person.witness.last(ORIGIN)
    other, size = forks(site, tmp_path)[fork]
    for old in range(size + 1):  # whatever old size it claims, with the proof from there
        assert running.ask(request(other, old)) in (400, 409, 422)
    claimed = AddCheckpoint(5, (), request(other, 0).signed)
    assert running.ask(claimed) in (400, 409, 422)
    assert person.witness.last(ORIGIN) == kept
    assert running.ask(request(site, 5)) == 200  # the true log is served on


def test_a_log_put_back_from_a_copy_is_refused(site: Site, running: Running) -> None:
    asked_before = request(site, 0)
    write_log(site, ["e"])
    assert running.ask(request(site, 0)) == 200
    assert running.ask(asked_before) == 409
    with_old = AddCheckpoint(6, (), asked_before.signed)
    assert running.ask(with_old) == 400


def test_strangers_are_told_that_they_are(site: Site, running: Running, tmp_path: Path) -> None:
    stranger = Site(tmp_path / "stranger")  # the same origin, another key
    write_log(stranger, WORDS)
    assert running.ask(request(stranger, 0)) == 403
    text = request(site, 0).to_bytes().replace(ORIGIN.encode(), b"other.example/log")
    assert running.post(text).status_code == 404
    assert running.ask(request(site, 0)) == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/add-checkpoint", b"", 400),
        ("/add-checkpoint", b"old 0\n\nnothing\n", 400),
        ("/add-checkpoint", b"old 1\n" + b"A" * 1000, 400),
        ("/add-checkpoint", b"\xff" * 1000, 400),
        ("/add-checkpoint", b"x" * (MAX_REQUEST + 1), 400),
        ("/other", b"old 0\n", 404),
        ("/w1/add-checkpoint", b"old 0\n", 400),
    ],
)
def test_what_is_no_request_is_refused(
    running: Running, path: str, body: bytes, status: int
) -> None:
    answer = requests.post(f"{running.url}{path}", data=body, timeout=TIMEOUT_S)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n\r\n", 411),
        (b"POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (
            b"POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: x\r\nContent-Length: 5\r\n\r\n",
            411,
        ),
        (
            b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nold 0",
            411,
        ),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 1e9\r\n\r\n", 400),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\nold 0\n", 400),
        (b"GET /add-checkpoint HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 400),
        (b"POST /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    ],
)
def test_hostile_requests_are_answered_and_the_connection_ends(
    site: Site, running: Running, raw: bytes, status: int
) -> None:
    with socket.create_connection(running.address, timeout=TIMEOUT_S) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert f" {status} ".encode() in answer.split(b"\r\n", 1)[0] or b"Error code: 400" in answer
    assert running.ask(request(site, 0)) == 200


def test_a_connection_that_says_nothing_is_ended(person: Person) -> None:
    limits = Limits(silence_s=0.2)
    with (
        listening(person.witness, limits) as running,
        socket.create_connection(running.address, timeout=TIMEOUT_S) as connection,
    ):
        assert connection.recv(10) == b""


def test_a_connection_that_drips_is_cut(person: Person) -> None:
    limits = Limits(silence_s=5.0, connection_s=0.4)
    with (
        listening(person.witness, limits) as running,
        socket.create_connection(running.address, timeout=0.05) as connection,
    ):
        begin = time.monotonic()
        while drips(connection):
            assert time.monotonic() - begin < 5.0


def drips(connection: socket.socket) -> bool:
    """Send one byte; False when the other side has ended the connection."""
    try:
        connection.sendall(b"P")
        return connection.recv(10) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_too_many_connections_are_turned_away_and_leave_room_again(
    site: Site, person: Person
) -> None:
    with listening(person.witness, Limits(silence_s=5.0)) as running:
        many = [socket.create_connection(running.address) for _ in range(MAX_CONNECTIONS)]
        try:
            deadline = time.monotonic() + 5.0
            while len(running.server._open) < MAX_CONNECTIONS and time.monotonic() < deadline:
                time.sleep(0.01)
            with pytest.raises(requests.ConnectionError):
                running.post(b"")
        finally:
            for connection in many:
                connection.close()
        while running.server._open and time.monotonic() < deadline:
            time.sleep(0.01)
        assert running.ask(request(site, 0)) == 200


def test_a_damaged_memory_is_never_taken_for_none(
    site: Site, person: Person, running: Running
) -> None:
    assert running.ask(request(site, 0)) == 200
    (path,) = (person.state / "logs").iterdir()
    data = path.read_bytes()
    for damaged in (b"", data[:-1], data.replace(b"\n5\n", b"\n1\n"), b"x" * 300_000):
        path.write_bytes(damaged)
        assert running.ask(request(site, 0)) == 500
        assert "memory is damaged" in running.said[-1]
    path.write_bytes(data)
    assert running.ask(request(site, 5)) == 200
    path.unlink()
    path.mkdir()
    assert running.ask(request(site, 5)) == 500


def test_a_memory_signed_by_an_earlier_key_of_the_witness_counts(
    site: Site, person: Person
) -> None:
    with listening(person.witness) as running:
        assert running.ask(request(site, 0)) == 200
    for path in person.keys:
        path.unlink()
        path.with_suffix(".vkey").unlink()
    renewed = Person(person.folder, person.logs)
    write_log(site, ["e"])
    with listening(renewed.witness) as running:
        assert running.ask(request(site, 0)) == 409
        assert running.ask(request(site, 5)) == 200


def test_what_was_said_of_a_time_is_not_unsaid_by_a_clock_set_back(
    site: Site, person: Person
) -> None:
    with listening(person.witness) as running:
        asked = request(site, 0)
        first = with_lines(asked.signed, running.post(asked.to_bytes()).content)
    person.clock = ticking(BEGIN - timedelta(days=1))
    with listening(person.witness) as running:
        asked = request(site, 5)
        second = with_lines(asked.signed, running.post(asked.to_bytes()).content)
    assert verify_cosignature(second, person.key) >= verify_cosignature(first, person.key)


def test_one_of_many_racing_forks_is_cosigned(
    site: Site, person: Person, running: Running, tmp_path: Path
) -> None:
    questions = [
        request(rewritten(site, tmp_path / str(number), [str(number), *WORDS]), 0)
        for number in range(8)
    ]
    barrier = threading.Barrier(len(questions))

    def ask(question: AddCheckpoint) -> int:
        barrier.wait()
        return running.ask(question)

    with ThreadPoolExecutor(len(questions)) as executor:
        statuses = list(executor.map(ask, questions))
    assert sorted(statuses) == [200] + [409] * 7
    last = person.witness.last(ORIGIN)
    assert last is not None
    assert last.checkpoint == questions[statuses.index(200)].signed.checkpoint


# Processes


@contextmanager
def process(person: Person, site: Site) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`auditor witness serve` as a process of its own."""
    command = [sys.executable, "-m", "auditor", "witness", "serve", "--listen", "127.0.0.1:0"]
    command += ["--state", str(person.state), "--key", str(person.keys[0]), "--log", log_vkey(site)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
    ) as child:
        try:
            assert child.stderr is not None
            line = child.stderr.readline()
            assert "listening on " in line, line + child.stderr.read()
            yield child, line.split()[-1].rstrip("/")
        finally:
            child.kill()
            child.wait()


def post(url: str, question: AddCheckpoint) -> requests.Response:
    return requests.post(f"{url}/add-checkpoint", data=question.to_bytes(), timeout=TIMEOUT_S)


def test_what_was_answered_is_remembered_after_kill_9(
    site: Site, person: Person, tmp_path: Path
) -> None:
    with process(person, site) as (child, url):
        assert post(url, request(site, 0)).status_code == 200
        child.send_signal(signal.SIGKILL)
    other = rewritten(site, tmp_path / "other", ["x", *WORDS])
    with process(person, site) as (_child, url):
        assert post(url, request(other, 0)).text == "5\n"
        assert post(url, request(other, 5)).status_code == 422
        assert post(url, request(site, 5)).status_code == 200


def test_two_processes_with_one_memory_cosign_one_of_two_forks(
    site: Site, person: Person, tmp_path: Path
) -> None:
    other = rewritten(site, tmp_path / "other", ["x", *WORDS])
    questions = (request(site, 0), request(other, 0))
    with (
        process(person, site) as (_one, first),
        process(person, site) as (_two, second),
        ThreadPoolExecutor(16) as executor,
    ):
        pairs = [(url, question) for question in questions for url in (first, second)] * 4
        statuses = list(executor.map(lambda pair: post(*pair).status_code, pairs))
    assert set(statuses) <= {200, 409}
    assert statuses.count(200) == 1


def test_an_interrupt_ends_a_witness(site: Site, person: Person) -> None:
    with process(person, site) as (child, _url):
        child.send_signal(signal.SIGINT)
        assert child.wait(TIMEOUT_S) == 130


@pytest.mark.parametrize("listen", ["", "8080", "127.0.0.1:x", "127.0.0.1:99999", "not a host:1"])
def test_what_is_no_address_is_refused(person: Person, listen: str) -> None:
    with (
        pytest.raises(ConfigError, match="listen"),
        witness_server(listen, person.witness, print),
    ):
        raise AssertionError(listen)


@pytest.mark.parametrize("vkeys", [[], ["nonsense"]])
def test_a_witness_watches_at_least_one_log(vkeys: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        witnessed_logs(vkeys)
    assert "--log VKEY" in caught.value.hint


def test_only_what_no_stranger_causes_is_news(running: Running) -> None:
    with socket.socket() as closed:
        for error, lines in ((ConnectionResetError("gone"), 0), (ValueError("ours"), 1)):
            try:
                raise error
            except (OSError, ValueError):
                running.server.handle_error(closed, ("127.0.0.1", 1))
            assert len(running.said) == lines
    cut(closed)  # one that has ended meanwhile is let be
