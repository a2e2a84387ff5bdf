"""A company asks real witnesses: after a scan, by command, and by way of a USB stick."""

from __future__ import annotations

import shutil
import socket
import time
from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from auditor.app.project import load_trust
from auditor.app.witnesses.asking import Outcome, ask_witnesses, cosign_head
from auditor.app.witnesses.client import NoAnswerError, Timeouts, post
from auditor.attest.result import StepVerdict
from auditor.attest.verify import verify_store
from auditor.errors import ConfigError, DefinitionError
from auditor.ledger.add_checkpoint import MAX_ANSWER
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.cosignature import CosignerKey, verify_cosignature
from auditor.ledger.note import NoteKey
from tests.services.witness.conftest import Auditor
from tests.services.witness.scene import (
    Answering,
    Person,
    hire,
    listening,
    log_vkey_of,
    reply,
    trusting,
)
from tests.unit.app.company import BEGIN, Company, ticking

pytestmark = pytest.mark.service
QUICK = Timeouts(connect_s=1.0, silence_s=0.5, whole_s=1.0)


@pytest.fixture
def anne(company: Company, tmp_path: Path) -> Person:
    return hire(company, tmp_path / "anne", name="anne.example", clock=ticking(BEGIN))


@pytest.fixture
def ben(company: Company, tmp_path: Path) -> Person:
    return hire(
        company,
        tmp_path / "ben",
        name="ben.example",
        algorithms=("ml-dsa-44",),
        clock=ticking(BEGIN),
    )


def name(company: Company, *entries: tuple[str, Person]) -> None:
    """Put witnesses into auditor.yaml."""
    company.configure(witnesses=[{"url": url, "vkey": person.key.vkey} for url, person in entries])


def head_of(company: Company) -> SignedCheckpoint:
    signed = company.project().store.checkpoint()
    assert signed is not None
    return signed


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_each_scan_is_cosigned_by_all_and_the_quorum_is_met(
    company: Company, anne: Person, ben: Person, tmp_path: Path
) -> None:
    said: list[str] = []
    with listening(anne.witness) as one, listening(ben.witness) as two:
        name(company, (one.url, anne), (f"{two.url}/", ben))
        for _scan in range(3):
            company.scan(progress=said.append)
            for person in (anne, ben):
                verify_cosignature(head_of(company), person.key)
    assert said.count("witness anne.example: cosigned") == 3
    trust = load_trust(trusting(company, anne, ben, required=2, folder=tmp_path / "trust"))
    reader, head = company.project().store.reader(), head_of(company).to_bytes()
    now = BEGIN + timedelta(days=1)
    step = verify_store(reader, trust, now=now, remembered=head).steps[2]
    assert step.verdict is StepVerdict.OK
    assert "cosigned by anne.example, ben.example" in step.detail
    company.configure(witnesses=[])
    company.scan()
    step = verify_store(reader, trust, now=now, remembered=head).steps[2]
    assert step.verdict is StepVerdict.BAD
    assert "requires 2 witnesses, 0 count here" in step.detail


def test_silence_and_nonsense_are_warnings_and_the_scan_goes_on(
    company: Company, anne: Person, ben: Person
) -> None:
    said: list[str] = []
    with listening(anne.witness) as running:
        name(company, (closed_port(), ben), (running.url, anne))
        assert company.scan(progress=said.append).run
    (warning,) = [line for line in said if "ben.example" in line]
    assert warning.startswith("warning: witness ben.example has not cosigned: no answer")
    verify_cosignature(head_of(company), anne.key)


def wrong_answers() -> dict[str, tuple[int, bytes]]:
    return {
        "not a line": (200, b"cosigned\n"),
        "of a stranger": (200, "\u2014 other.example AAAAAAAA\n".encode()),
        "no size": (409, b"many\n"),
        "forbidden": (403, b"go away\n"),
        "moved": (301, b""),
        "too much": (200, b"x" * (MAX_ANSWER + 1)),
        "for ever elsewhere": (409, b"1\n"),
    }


@pytest.mark.parametrize("case", wrong_answers())
def test_an_answer_that_proves_nothing_is_a_warning(
    company: Company, anne: Person, case: str
) -> None:
    status, body = wrong_answers()[case]
    said: list[str] = []
    with Answering(lambda handler, _body: reply(handler, status, body)) as url:
        name(company, (url, anne))
        answers = cosign_head(company.project(), said.append)
    assert [answer.outcome for answer in answers] in ([Outcome.UNANSWERED], [Outcome.REFUSED])
    assert said[0].startswith("warning: witness anne.example has not cosigned")
    assert len(head_of(company).note.signatures) == 1


def test_a_witness_that_never_agrees_with_itself_is_left(company: Company, anne: Person) -> None:
    sizes = iter([b"1\n", b"2\n"] * 10)
    said: list[str] = []
    with Answering(lambda handler, _body: reply(handler, 409, next(sizes))) as url:
        name(company, (url, anne))
        cosign_head(company.project(), said.append)
    assert said == ["warning: witness anne.example has not cosigned: it answered 4 times 409"]


def test_a_cosignature_that_does_not_verify_is_not_kept(
    company: Company, anne: Person, tmp_path: Path
) -> None:
    liar = Person(tmp_path / "liar", anne.logs, name="anne.example")
    with listening(liar.witness) as running:
        name(company, (running.url, anne))  # the key that is known is another
        said: list[str] = []
        cosign_head(company.project(), said.append)
    assert "has not cosigned" in said[0]
    assert len(head_of(company).note.signatures) == 1


def drip(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _byte in range(30):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)


def test_a_witness_that_drips_or_is_silent_does_not_hold_us(company: Company) -> None:
    del company
    begin = time.monotonic()
    with Answering(drip) as url, pytest.raises(NoAnswerError, match="within 1 s"):
        post(url, b"", QUICK)
    silent = Answering(lambda _handler, _body: time.sleep(0.8))
    with silent as url, pytest.raises(NoAnswerError, match="no answer"):
        post(url, b"", QUICK)
    assert time.monotonic() - begin < 10.0


def test_what_is_asked_carries_no_credentials(
    company: Company, anne: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n", "utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    seen: list[str | None] = []

    def look(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        seen.append(handler.headers["Authorization"])
        reply(handler, 403, b"")

    with Answering(look) as url:
        name(company, (url, anne))
        cosign_head(company.project(), lambda _line: None)
    assert seen == [None]


# The alarm


@pytest.fixture
def before(company: Company, tmp_path: Path) -> Path:
    """A copy of the store before a further run."""
    copy = tmp_path / "copy"
    shutil.copytree(company.folder / "evidence", copy)
    return copy


def put_back(company: Company, copy: Path) -> None:
    """By an insider, who can also make the folder forget what was signed from it."""
    (company.folder / "trust" / "last-checkpoint").unlink()
    shutil.rmtree(company.folder / "evidence")
    shutil.copytree(copy, company.folder / "evidence")


def test_a_log_that_was_cut_raises_the_alarm(
    company: Company, anne: Person, before: Path, auditor: Auditor
) -> None:
    with listening(anne.witness) as running:
        name(company, (running.url, anne))
        company.scan()
        put_back(company, before)
        said: list[str] = []
        answers = cosign_head(company.project(), said.append)
        command = auditor("ledger", "witness", "-c", company.config)
    assert answers[0].outcome is Outcome.INCONSISTENT
    assert said[0].startswith("ALARM: witness anne.example says")
    assert "its end was cut off" in said[0]
    assert command.code == 5
    assert "ALARM" in command.err


def test_a_log_that_was_rewritten_raises_the_alarm_even_signed_with_the_real_key(
    company: Company, anne: Person, before: Path, auditor: Auditor
) -> None:
    with listening(anne.witness) as running:
        name(company, (running.url, anne))
        company.scan()
        put_back(company, before)
        company.configure(witnesses=[])
        company.scan()  # the same length, other entries
        name(company, (running.url, anne))
        same_size = auditor("ledger", "witness", "-c", company.config)
        said: list[str] = []
        company.scan(progress=said.append)  # longer, and the scan is not kept from its end
    assert same_size.code == 5
    assert "another log of" in same_size.err
    assert any(line.startswith("ALARM") and "no beginning" in line for line in said)
    assert len(head_of(company).note.signatures) == 1


def test_a_log_that_grew_meanwhile_keeps_no_line_of_the_earlier_text(
    company: Company, anne: Person
) -> None:
    witness = anne.witness
    with ExitStack() as stack:
        running = stack.enter_context(listening(witness))

        def grow_then_pass_on(handler: BaseHTTPRequestHandler, body: bytes) -> None:
            answer = running.post(body)
            if answer.status_code == 200:
                company.configure(witnesses=[])
                company.scan()
            reply(handler, answer.status_code, answer.content)

        url = stack.enter_context(Answering(grow_then_pass_on))
        name(company, (url, anne))
        said: list[str] = []
        cosign_head(company.project(), said.append)
        assert said[-1] == "warning: the log has grown since anne.example cosigned; ask again"
        assert len(head_of(company).note.signatures) == 1
        name(company, (running.url, anne))
        assert cosign_head(company.project(), said.append)[0].outcome is Outcome.COSIGNED
    verify_cosignature(head_of(company), anne.key)


def test_a_store_that_refuses_is_a_warning_after_a_scan(company: Company, anne: Person) -> None:
    lock = company.folder / "evidence" / "lock"
    lock.unlink()
    lock.mkdir()
    said: list[str] = []
    with listening(anne.witness) as running:
        name(company, (running.url, anne))
        assert cosign_head(company.project(), said.append) == ()
    assert said[-1].startswith("warning: the checkpoint was not cosigned")


# The second signature of the log


def test_a_log_signs_a_second_time_where_it_has_the_key(
    company: Company, auditor: Auditor, anne: Person
) -> None:
    project = company.project()
    made = auditor(
        "witness", "new", "--name", project.origin, "--key", company.folder / "keys" / "pq.pem",
        "--algorithm", "ml-dsa-44",
    )  # fmt: skip
    assert made.code == 0
    key = CosignerKey.parse(made.out.strip())
    company.configure(
        keys={"run": "keys/run.pem", "log": "keys/log.pem", "log_second": "keys/pq.pem"}
    )
    company.scan()
    with listening(anne.witness) as running:
        name(company, (running.url, anne))
        company.scan()
        cosign_head(company.project(), lambda _line: None)
    head = head_of(company)
    verify_cosignature(head, key)
    assert len(head.note.signatures) == 3


# Commands


def test_ledger_witness_asks_all_or_those_at_a_url(
    company: Company, anne: Person, ben: Person, auditor: Auditor
) -> None:
    with listening(anne.witness) as one:
        nobody = closed_port()
        name(company, (one.url, anne), (nobody, ben))
        everyone = auditor("ledger", "witness", "-c", company.config)
        assert (everyone.code, everyone.out) == (3, "")
        assert "witness anne.example: cosigned" in everyone.err
        assert auditor("ledger", "witness", "-c", company.config, f"{one.url}/").code == 0
        unknown = auditor("ledger", "witness", "-c", company.config, "http://127.0.0.1:1")
    assert unknown.code == 2
    assert "no witness at http://127.0.0.1:1" in unknown.err


def test_ledger_witness_without_a_witness_tells_how(company: Company, auditor: Auditor) -> None:
    said = auditor("ledger", "witness", "-c", company.config)
    assert said.code == 2
    assert "auditor witness cosign" in said.err
    assert "witnesses: [{url: ..., vkey: ...}]" in said.err


def test_a_wrong_vkey_in_the_configuration_is_named_with_its_place(company: Company) -> None:
    company.configure(witnesses=[{"url": "https://w.example", "vkey": log_vkey_of(company)}])
    with pytest.raises(DefinitionError, match=r"witnesses.*0x01|0x01"):
        company.project()


def test_nothing_is_asked_without_a_log_or_a_witness(company: Company, anne: Person) -> None:
    assert cosign_head(company.project(), print) == ()
    shutil.rmtree(company.folder / "evidence")
    assert ask_witnesses(company.project(), [anne.entry("http://127.0.0.1:1")], print) == ()


# Without a network


def test_an_auditor_cosigns_from_a_usb_stick(
    company: Company, anne: Person, auditor: Auditor, tmp_path: Path, before: Path
) -> None:
    name(company, ("https://never.asked.example", anne))
    own = ["--state", anne.state, "--key", anne.keys[0], "--log", log_vkey_of(company)]
    lines = tmp_path / "lines.txt"
    lines.write_text("\u2014 other.example AAAAAAAA\n", "utf-8")
    strange = auditor("ledger", "witness", "-c", company.config, "--add", lines)
    assert (strange.code, "none of the lines is by a witness" in strange.err) == (2, True)
    lines.unlink()
    store = company.folder / "evidence"
    assert auditor("witness", "cosign", *own, "-o", lines, store).code == 0
    added = auditor("ledger", "witness", "-c", company.config, "--add", lines)
    assert (added.code, "anne.example: cosigned" in added.err) == (0, True)
    verify_cosignature(head_of(company), anne.key)
    company.configure(witnesses=[])
    company.scan()
    name(company, ("https://never.asked.example", anne))
    stale = auditor("ledger", "witness", "-c", company.config, "--add", lines)
    assert (stale.code, "does not verify" in stale.err) == (5, True)
    printed = auditor("witness", "cosign", *own, store)
    assert printed.code == 0
    lines.write_bytes(printed.raw)
    assert auditor("ledger", "witness", "-c", company.config, "--add", lines).code == 0
    cut = auditor("witness", "cosign", *own, before)
    assert (cut.code, "its end was cut off" in cut.err) == (5, True)
    put_back(company, before)
    company.configure(witnesses=[])
    company.scan()
    company.scan()
    rewritten = auditor("witness", "cosign", *own, store)
    assert (rewritten.code, "the log is not continued" in rewritten.err) == (5, True)


def test_an_auditor_cosigns_a_file(
    company: Company, anne: Person, auditor: Auditor, tmp_path: Path
) -> None:
    own = ["--state", anne.state, "--key", anne.keys[0], "--log", log_vkey_of(company)]
    file, bare = tmp_path / "request.txt", tmp_path / "head.txt"
    bare.write_bytes(auditor("ledger", "checkpoint", "-c", company.config).raw)
    assert auditor("witness", "cosign", *own, bare).code == 0
    size = head_of(company).checkpoint.size
    company.scan()
    bare.write_bytes(auditor("ledger", "checkpoint", "-c", company.config).raw)
    unproven = auditor("witness", "cosign", *own, bare)
    assert (unproven.code, "the log is not continued" in unproven.err) == (5, True)
    auditor("ledger", "consistency", "-c", company.config, "0", "-o", file)
    stale = auditor("witness", "cosign", *own, file)
    assert (stale.code, f"ledger consistency {size} -o FILE" in stale.err) == (5, True)
    auditor("ledger", "consistency", "-c", company.config, size, "-o", file)
    assert auditor("witness", "cosign", *own, file).code == 0
    file.write_text("old 5\nnonsense\n", "utf-8")
    assert auditor("witness", "cosign", *own, file).code == 5
    assert auditor("witness", "cosign", *own, tmp_path / "anne").code == 2


def test_an_auditor_cosigns_only_the_log_that_he_watches(
    company: Company, anne: Person, auditor: Auditor
) -> None:
    store = company.folder / "evidence"
    for other, reason in (
        (NoteKey("other.example", bytes(32)), "not witnessed here"),
        (NoteKey(company.project().origin, bytes(32)), "no signature by a known key"),
    ):
        own = ["--state", anne.state, "--key", anne.keys[0], "--log", other.vkey]
        refused = auditor("witness", "cosign", *own, store)
        assert (refused.code, reason in refused.err) == (3, True)


def test_a_store_whose_tiles_are_damaged_is_not_cosigned(
    company: Company, anne: Person, auditor: Auditor
) -> None:
    own = ["--state", anne.state, "--key", anne.keys[0], "--log", log_vkey_of(company)]
    store = company.folder / "evidence"
    assert auditor("witness", "cosign", *own, store).code == 0
    company.scan()
    (tile,) = (store / "log" / "tile" / "0").rglob(f"000.p/{head_of(company).checkpoint.size}")
    tile.write_bytes(bytes(len(tile.read_bytes())))
    assert auditor("witness", "cosign", *own, store).code == 5
    tile.unlink()
    assert auditor("witness", "cosign", *own, store).code == 5


def test_a_key_to_cosign_with_is_made_once_and_named(
    tmp_path: Path, auditor: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "w.pem"
    monkeypatch.setenv("AUDITOR_KEY_PASSPHRASE", "secret words")
    made = auditor("witness", "new", "--name", "w.example/1", "--key", key)
    assert CosignerKey.parse(made.out.strip()).name == "w.example/1"
    assert b"ENCRYPTED" in key.read_bytes()
    assert (tmp_path / "w.vkey").read_text("ascii") == made.out
    assert auditor("witness", "new", "--name", "w.example/1", "--key", key).code == 2
    assert auditor("witness", "new", "--name", "w example", "--key", tmp_path / "x.pem").code == 2
    assert auditor("witness", "new", "--name", "w.example", "--key", tmp_path / "x.vkey").code == 2
    other = auditor("witness", "new", "--name", "w.example/2", "--key", tmp_path / "y.pem")
    (tmp_path / "w.vkey").write_text(other.out, "ascii")
    own = ["--state", tmp_path / "state", "--key", key, "--log", "x"]
    mixed = auditor("witness", "cosign", *own, tmp_path)
    assert (mixed.code, "name of another key" in mixed.err) == (2, True)
    (tmp_path / "w.vkey").unlink()
    assert "auditor witness new" in auditor("witness", "cosign", *own, tmp_path).err


def test_a_second_key_of_another_kind_is_refused(company: Company) -> None:
    company.configure(keys={"log_second": "keys/log.pem"})
    with pytest.raises(ConfigError, match="ML-DSA-44"):
        cosign_head(company.project(), print)
