"""Runs are time-stamped over HTTP by OpenSSL's authority; nobody's failure ends a run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.app.timestamps.client import ask_all
from auditor.app.timestamps.spool import untimed_runs
from auditor.app.timestamps.stamping import AT_ONCE, stamp_late, stamp_runs
from auditor.app.verifying import find_subject, verify
from auditor.attest.bundle import Bundle
from auditor.attest.result import StepVerdict
from auditor.attest.timestamp_token import MAX_TOKEN
from auditor.attest.timestamps import make_request, verify_timestamp
from auditor.attest.trust import TrustPolicy
from auditor.cli import run as command
from auditor.core.model.assessment import Assessment
from auditor.errors import UsageError, VerificationError
from auditor.ledger.entries import Timestamp
from tests.services.timestamps.authority import OpensslAuthority, openssl_accepts
from tests.services.timestamps.server import Answer, Handler, serving
from tests.unit.app.company import Company, found, target
from tests.unit.attest.token_maker import Maker

OK, WARNING, CANNOT_TELL, BAD = StepVerdict
pytestmark = pytest.mark.service
DOCUMENTATION = Path(__file__).parents[3] / "docs" / "reference" / "time-stamps.md"
MESSAGE = b"a signature"


@dataclass
class Town:
    """A company, an authority that it trusts, and a server with good and bad ones."""

    company: Company
    tsa: OpensslAuthority
    url: str
    lines: list[str] = field(default_factory=list)

    def use(self, *paths: str) -> None:
        self.company.configure(timestamping=[f"{self.url}/{path}" for path in paths])

    def scan(self) -> Assessment:
        return self.company.scan(progress=self.lines.append)

    def bundle(self, assessment: Assessment) -> Bundle:
        return Bundle.parse(self.company.project().store.read_statement(assessment.run))

    def trust(self, **changes: object) -> None:
        path = self.company.folder / "trust" / "policy.json"
        document = json.loads(TrustPolicy.parse(path.read_text()).to_json()) | changes
        path.write_text(json.dumps(document))

    def step(self) -> tuple[StepVerdict, str]:
        now = datetime.now(UTC)
        report = verify(find_subject(self.company.folder, None), trust=None, run=None, now=now)
        return report.steps[5].verdict, report.steps[5].detail

    def late_entries(self) -> list[Timestamp]:
        entries = self.company.project().store.entries()
        return [entry.body for entry in entries if isinstance(entry.body, Timestamp)]

    def said(self, text: str) -> bool:
        return any(text in line for line in self.lines)


def answers(
    tsa: OpensslAuthority, other: OpensslAuthority, expired: OpensslAuthority
) -> dict[str, Answer]:
    def huge(handler: Handler, _query: bytes) -> None:
        handler.reply(b"0" * (MAX_TOKEN + 1))

    def slow(handler: Handler, _query: bytes) -> None:
        handler.released.wait()

    def moved(handler: Handler, _query: bytes) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/good")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def cut(handler: Handler, query: bytes) -> None:
        data = tsa.reply(query)
        handler.send_response(200)
        handler.send_header("Content-Type", "application/timestamp-reply")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[:100])

    return {
        "/good": lambda handler, query: handler.reply(tsa.reply(query)),
        "/other-root": lambda handler, query: handler.reply(other.reply(query)),
        "/expired": lambda handler, query: handler.reply(expired.reply(query)),
        "/other-bytes": lambda handler, _: handler.reply(tsa.reply(make_request(b"x").data)),
        "/replayed": lambda handler, _: handler.reply(tsa.reply(make_request(MESSAGE).data)),
        "/rejected": lambda handler, _: handler.reply(tsa.reply(b"garbage")),
        "/garbage": lambda handler, _: handler.reply(b"<html>no</html>"),
        "/web-page": lambda handler, _: handler.reply(b"<html>", kind="text/html; charset=utf-8"),
        "/broken": lambda handler, _: handler.reply(b"", status=500),
        "/huge": huge,
        "/slow": slow,
        "/moved": moved,
        "/cut": cut,
    }


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    tsa = OpensslAuthority(tmp_path / "tsa")
    other = OpensslAuthority(tmp_path / "other")
    expired = OpensslAuthority(
        tmp_path / "expired", root=tsa.root, until=datetime.now(UTC) - timedelta(days=1)
    )
    company = found(tmp_path / "work", target())
    company.clock = lambda: datetime.now(UTC)
    with ExitStack() as stack:
        url = stack.enter_context(serving(answers(tsa, other, expired)))
        made = Town(company, tsa, url)
        made.trust(timestamp_authorities=[tsa.authority.model_dump(mode="json")])
        yield made


def test_a_run_is_stamped_and_everybody_can_check_it(town: Town, tmp_path: Path) -> None:
    town.use("good")
    town.trust(required={"timestamp": True})
    assessment = town.scan()
    assert assessment.log
    assert assessment.log.timestamped
    bundle = town.bundle(assessment)
    (token,) = bundle.timestamps
    signature = bundle.envelope.signatures[0].signature
    assert openssl_accepts(tmp_path / "look", token, signature, town.tsa.root.pem) == ""
    verdict, detail = town.step()
    assert verdict is OK, detail


def test_the_token_of_one_run_does_not_count_for_another(town: Town) -> None:
    town.use("good")
    first, second = town.bundle(town.scan()), town.bundle(town.scan())
    (token,) = first.timestamps
    authorities = [town.tsa.authority]
    assert verify_timestamp(token, first.envelope.signatures[0].signature, authorities).authority
    with pytest.raises(VerificationError, match="over other bytes"):
        verify_timestamp(token, second.envelope.signatures[0].signature, authorities)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("expired", "certificate has expired"),
        ("other-bytes", "over other bytes"),
        ("rejected", "'rejection'"),
        ("garbage", "not DER"),
        ("web-page", "an answer of type 'text/html'"),
        ("broken", "HTTP status 500"),
        ("huge", "more than 65536 bytes"),
        ("moved", "HTTP status 302"),
        ("cut", "not DER"),
    ],
)
def test_what_is_no_token_over_our_bytes_is_told_and_not_kept(
    town: Town, path: str, reason: str
) -> None:
    town.use(path)
    assessment = town.scan()
    assert assessment.log
    assert not assessment.log.timestamped
    assert town.bundle(assessment).timestamps == ()
    assert town.late_entries() == []
    assert town.said(reason), town.lines
    assert town.said("this run is untimed")
    assert not town.said("late")
    assert town.step()[0] is WARNING


def test_one_authority_that_answers_is_enough(town: Town) -> None:
    town.use("broken", "good", "good", "garbage")
    assert len(town.bundle(town.scan()).timestamps) == 1
    assert town.said("/broken: HTTP status 500")
    assert not town.said("untimed")
    assert town.step()[0] is OK


def test_no_more_authorities_are_asked_than_a_bundle_has_room_for(town: Town) -> None:
    town.use(*(f"good?{number}" for number in range(17)))
    assert len(town.bundle(town.scan()).timestamps) == 16
    assert town.said("only the first 16 of 17 time-stamp authorities are asked")
    assert town.step()[0] is OK


def test_the_token_of_an_unknown_authority_is_kept_with_a_word(town: Town) -> None:
    town.use("other-root")
    assert len(town.bundle(town.scan()).timestamps) == 1
    assert town.said("kept, but a time-stamp by an unknown authority")
    assert town.step()[0] is CANNOT_TELL


def test_without_a_trust_policy_of_our_own_tokens_are_kept(town: Town) -> None:
    town.use("good")
    (town.company.folder / "trust" / "policy.json").unlink()
    assert len(town.bundle(town.scan()).timestamps) == 1
    assert town.said("kept, but")


def test_a_token_with_another_time_than_ours_is_not_kept(town: Town) -> None:
    town.use("good")
    town.company.clock = lambda: datetime.now(UTC) - timedelta(hours=2)
    assert town.bundle(town.scan()).timestamps == ()
    assert town.said("by our clock")


def test_without_an_authority_nobody_is_asked_and_the_run_is_untimed(town: Town) -> None:
    assessment = town.scan()
    assert assessment.log
    assert not assessment.log.timestamped
    assert not town.said("time-stamp")


def test_an_answer_to_another_question_is_refused(town: Town) -> None:
    (answer,) = ask_all([f"{town.url}/replayed"], MESSAGE)
    assert (answer.token, "another nonce" in answer.problem) == (None, True)


def test_a_server_that_is_silent_is_not_waited_for(town: Town) -> None:
    begun = datetime.now(UTC)
    silent, good = ask_all([f"{town.url}/slow", f"{town.url}/good"], MESSAGE, deadline_s=1.5)
    assert datetime.now(UTC) - begun < timedelta(seconds=5)
    assert silent.token is None
    assert silent.problem == "did not answer within 1.5 s"
    assert good.token is not None


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "nonsense", "http://[", "ftp://x/"])
def test_what_is_no_address_is_a_reason_and_no_error(url: str) -> None:
    (answer,) = ask_all([url], MESSAGE)
    assert answer.token is None
    assert answer.problem


def test_the_commands_of_the_documentation_accept_a_token(town: Town, tmp_path: Path) -> None:
    town.use("good")
    assessment = town.scan()
    (tmp_path / "root.pem").write_text(town.tsa.root.pem)
    (tmp_path / "evidence").symlink_to(town.company.folder / "evidence")
    text = DOCUMENTATION.read_text("utf-8").partition("## By hand, with openssl")[2]
    commands = text.split("```")[1].replace("RUN", assessment.run)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Verification: OK" in done.stdout


# Late


def test_a_run_that_nobody_stamped_is_stamped_at_the_next(town: Town) -> None:
    town.use("broken")
    first = town.scan()
    town.use("good")
    town.scan()
    (entry,) = town.late_entries()
    assert (entry.run, entry.file) == (first.run, f"runs/{first.run}/statement.1.tsr")
    assert town.said("1 older runs time-stamped late, 0 still untimed")
    town.trust(required={"timestamp": True})
    verdict, detail = town.step()
    assert verdict is OK, detail
    town.lines.clear()
    town.scan()
    assert len(town.late_entries()) == 1
    assert not town.said("late")


def test_a_late_token_that_was_changed_is_found(town: Town) -> None:
    first = town.scan()
    town.use("good")
    town.scan()
    path = town.company.folder / "evidence" / "runs" / first.run / "statement.1.tsr"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    verdict, detail = town.step()
    assert (verdict, "another digest" in detail) == (BAD, True)


def test_a_statement_that_was_changed_is_not_stamped(town: Town) -> None:
    first = town.scan()
    path = town.company.folder / "evidence" / "runs" / first.run / "statement.sigstore.json"
    path.write_bytes(path.read_bytes() + b"\n")
    town.use("good")
    town.scan()
    assert town.late_entries() == []
    assert town.said(f"run {first.run} cannot be time-stamped")


def test_a_file_that_no_entry_names_is_not_written_over(town: Town) -> None:
    """A machine that lost power between the file and its entry."""
    first = town.scan()
    town.company.project().store.write_run_file(first.run, "statement.7.tsr", b"lost")
    town.use("good")
    town.scan()
    (entry,) = town.late_entries()
    assert entry.file == f"runs/{first.run}/statement.8.tsr"


def test_what_keeps_late_stamping_from_its_end_does_not_end_a_run(town: Town) -> None:
    town.scan()
    town.use("good")
    (town.company.folder / "keys" / "log.pem").unlink()
    stamp_late(town.company.project(), town.lines.append, clock=town.company.clock)
    assert town.said("late time-stamps: ")
    assert town.late_entries() == []


def test_so_many_runs_are_stamped_at_one_go(town: Town) -> None:
    town.scan()
    town.use("good")
    project = town.company.project()
    (waiting,) = untimed_runs(project.store, town.lines.append)
    many = [waiting] * (AT_ONCE + 1)
    town.use("broken", "good")
    project = town.company.project()
    result = stamp_runs(project, many, town.lines.append, clock=town.company.clock)
    assert len([line for line in town.lines if "/broken" in line]) == 1  # asked once, then not
    assert int((town.tsa.folder / "serial").read_text(), 16) == 1 + AT_ONCE
    assert (result.stamped, result.left) == ([waiting.run], AT_ONCE)


def test_a_run_that_is_not_there_cannot_be_stamped(town: Town) -> None:
    with pytest.raises(UsageError, match="run r-0 is not complete"):
        untimed_runs(town.company.project().store, town.lines.append, run="r-0")


# The command


def ledger_timestamp(town: Town, *options: str) -> int:
    return command(["ledger", "timestamp", "-c", str(town.company.config), *options])


def test_the_command_stamps_what_is_untimed(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [town.scan().run for _ in range(2)]
    assert ledger_timestamp(town) == 2
    assert "names no authority" in capsys.readouterr().err
    town.use("broken")
    assert ledger_timestamp(town) == 3
    assert "2 runs are still untimed" in capsys.readouterr().err
    town.use("good", "other-root")
    assert ledger_timestamp(town, "--run", runs[0]) == 0
    assert capsys.readouterr().out == f"{runs[0]}  time-stamped\n"
    assert ledger_timestamp(town, "--run", runs[0]) == 0
    assert capsys.readouterr().out == f"{runs[0]} has one\n"
    assert ledger_timestamp(town) == 0
    assert capsys.readouterr().out == f"{runs[1]}  time-stamped\n"
    assert ledger_timestamp(town) == 0
    assert capsys.readouterr().out == "every complete run has a time-stamp\n"
    names = [entry.file.rpartition("/")[2] for entry in town.late_entries()]
    assert names == ["statement.1.tsr", "statement.2.tsr"] * 2


def test_questions_and_answers_are_carried_where_there_is_no_network(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [town.scan().run for _ in range(3)]
    spool = tmp_path / "spool"
    assert ledger_timestamp(town, "--request", str(spool)) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {path.name for path in written} == {f"{run}.tsq" for run in runs}
    answered, other, _unanswered = (spool / f"{run}.tsq" for run in runs)
    answered.with_suffix(".tsr").write_bytes(town.tsa.reply(answered.read_bytes()))
    other.with_suffix(".tsr").write_bytes(town.tsa.reply(answered.read_bytes()))
    assert ledger_timestamp(town, "--response", str(spool)) == 3
    said = capsys.readouterr()
    assert said.out == f"{runs[0]}  time-stamped\n"
    assert f"{runs[1]}.tsr is not taken: the time-stamp is over other bytes" in said.err
    assert "2 runs are still untimed" in said.err
    assert [entry.run for entry in town.late_entries()] == [runs[0]]
    bundle = Bundle.parse(town.company.project().store.read_statement(runs[1]))
    foreign = Maker().token(bundle.envelope.signatures[0].signature, datetime.now(UTC))
    other.with_suffix(".tsr").write_bytes(foreign)
    assert ledger_timestamp(town, "--response", str(spool)) == 3
    assert "kept, but" in capsys.readouterr().err


def test_the_command_takes_one_step_at_a_time(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path)
    assert ledger_timestamp(town, "--request", folder, "--response", folder) == 2
    assert "two steps" in capsys.readouterr().err
    assert ledger_timestamp(town) == 0
