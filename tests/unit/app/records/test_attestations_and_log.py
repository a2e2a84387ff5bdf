"""The log remembers attestations: one that is gone, or bears a convenient date, is found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from auditor.app.assess import load_observations
from auditor.app.records.attesting import list_attestations, review
from auditor.app.records.noted import key_ends, read_noted
from auditor.app.verifying import find_subject, verify
from auditor.attest.detached import sign_file
from auditor.attest.result import StepResult, StepVerdict
from auditor.core.model.finding import Finding
from auditor.core.model.status import Cause, Status
from auditor.core.times import format_instant
from auditor.ledger.entries import AttestationRecord, Entry
from tests.unit.app.company import ticking
from tests.unit.app.records.people import BEGIN, BOARD, PLAN, Organisation, failover, found

WEEK = timedelta(days=7)


@pytest.fixture
def people(tmp_path: Path) -> Organisation:
    return found(tmp_path / "work")


def at(people: Organisation, now: datetime) -> Organisation:
    return replace(people, clock=ticking(now))


def findings(people: Organisation) -> list[Finding]:
    return list(people.scan(BOARD).findings)


def gone(people: Organisation) -> list[Finding]:
    return [f for f in findings(people) if f.cause is Cause.INCOMPLETE and "any more" in f.reason]


def test_an_attestation_that_was_taken_away_is_missed(people: Organisation) -> None:
    path = people.attest()
    (first,) = findings(people)
    assert first.status is Status.PASS
    later = at(people, BEGIN + WEEK)
    path.unlink()
    (missed,) = gone(later)
    assert missed.status is Status.ERROR
    assert "the log took note of attestation A-2026-001 at 2026-10-05T09:00:00" in missed.reason


def test_one_that_bears_an_earlier_date_does_not_take_its_place(people: Organisation) -> None:
    """Under the same id or another: the log knows the text that was there before."""
    at(people, BEGIN + WEEK).attest()
    at(people, BEGIN + WEEK + timedelta(hours=1)).scan()
    shutil.rmtree(people.folder / "attestations")
    at(people, BEGIN + timedelta(days=1)).attest(statement="The board saw nothing of note.")
    later = at(people, BEGIN + 2 * WEEK)
    (missed,) = gone(later)
    assert missed.status is Status.ERROR


def test_one_that_was_made_afterwards_takes_its_place(people: Organisation) -> None:
    path = people.attest()
    people.scan()
    path.unlink()
    later = at(people, BEGIN + WEEK)
    shutil.rmtree(path.with_suffix(""))
    later.attest(files=(later.record("other minutes"),))
    (only,) = findings(later)
    assert only.status is Status.PASS


def test_one_that_is_over_may_be_put_away(people: Organisation) -> None:
    path = people.attest(valid_until=BEGIN + timedelta(days=3))
    people.scan()
    path.unlink()
    assert gone(at(people, BEGIN + WEEK)) == []


def test_attachments_of_one_that_is_gone_served_it_all_the_same(people: Organisation) -> None:
    people.attest(period="2026-Q2", valid_until=BEGIN + timedelta(days=3))
    people.scan()
    shutil.rmtree(people.folder / "attestations")
    later = at(people, BEGIN + WEEK)
    later.attest(period="2026-Q3")
    path = people.folder / "attestations" / "A-2026-001.yaml"
    _renamed(later, path, "A-2026-002")
    told = [f.reason for f in findings(later)]
    assert any("served attestation A-2026-001 for 2026-Q2 already" in reason for reason in told)


def test_attachments_of_one_that_was_written_over_served_it_all_the_same(
    people: Organisation,
) -> None:
    """The file keeps its id; each text that it had by then is known, not the last one alone."""
    others = {"2026-Q2": "minutes.txt", "2026-Q3": "list.txt"}
    for week, (period, name) in enumerate(others.items()):
        then = at(people, BEGIN + week * WEEK)
        ends = BEGIN + week * WEEK + timedelta(days=3)
        then.attest(period=period, valid_until=ends, files=(people.record(name, name),))
        assert [finding.status for finding in findings(then)] == [Status.PASS]
        shutil.rmtree(people.folder / "attestations")
    later = at(people, BEGIN + 2 * WEEK)
    files = tuple(people.record(name, name) for name in others.values())
    assert later.attest(period="2026-Q3", files=files).stem == "A-2026-001"
    (only,) = findings(later)
    assert only.status is Status.ERROR
    assert "served attestation A-2026-001 for 2026-Q2 already" in only.reason


def test_one_that_was_written_over_for_the_same_period_reuses_nothing(
    people: Organisation,
) -> None:
    people.attest(period="2026-Q3", valid_until=BEGIN + timedelta(days=3))
    people.scan()
    shutil.rmtree(people.folder / "attestations")
    later = at(people, BEGIN + WEEK)
    later.attest(period="2026-Q3", statement="The board reviewed security, and said so.")
    assert [finding.status for finding in findings(later)] == [Status.PASS]


def _renamed(people: Organisation, path: Path, name: str) -> None:
    """The same under another id, signed anew."""
    text = path.read_text("utf-8").replace(path.stem, name)
    other = path.with_name(f"{name}.yaml")
    other.write_text(text, "utf-8")
    other.with_name(f"{name}.yaml.sig").write_text(
        sign_file(text.encode(), people.keys["ciso"]), "utf-8"
    )
    shutil.move(path.with_suffix(""), other.with_suffix(""))
    path.unlink()
    path.with_name(f"{path.name}.sig").unlink()


def end_key(
    people: Organisation, end: datetime, field: str = "revoked_at", name: str = "ciso"
) -> Path:
    """The trust policy says that the approver's key is out of use; gives its folder."""
    path = people.folder / "trust" / "policy.json"
    document = json.loads(path.read_text("utf-8"))
    for key in document["approvers"]:
        if key["name"] == name:
            key[field] = format_instant(end)
    path.write_text(json.dumps(document), "utf-8")
    return path.parent


@pytest.mark.parametrize("field", ["revoked_at", "not_after"])
def test_a_key_that_went_out_of_use_counts_for_what_the_log_knew_before(
    people: Organisation, field: str
) -> None:
    people.attest()
    people.scan()
    end_key(people, BEGIN + timedelta(days=1), field)
    later = at(people, BEGIN + WEEK)
    (only,) = findings(later)
    assert only.status is Status.PASS
    assert _judged(later).verdict is StepVerdict.OK


def test_a_date_before_the_end_of_the_key_is_not_believed(people: Organisation) -> None:
    """Somebody has the key that was revoked, and dates what he signs back."""
    people.scan("oversight/improvement")
    end_key(people, BEGIN + timedelta(days=1))
    people.attest()
    later = at(people, BEGIN + WEEK)
    (only,) = findings(later)
    assert only.status is Status.ERROR
    assert "the key of ciso is out of use since 2026-10-06" in only.reason
    assert "the log does not know it" in only.reason
    (listed,) = list_attestations(later.project(), BEGIN + WEEK)
    assert not listed.holds


def test_what_is_dated_after_the_end_of_the_key_does_not_count(people: Organisation) -> None:
    end_key(people, BEGIN - timedelta(hours=1))
    people.attest()
    (only,) = findings(people)
    assert "the key of ciso was out of use since" in only.reason
    assert "when it was made" in only.reason


def test_what_was_noted_only_after_the_end_of_the_key_does_not_count(
    people: Organisation,
) -> None:
    people.attest()
    later = at(people, BEGIN + WEEK)
    later.scan()
    end_key(people, BEGIN + timedelta(days=1))
    (only,) = findings(at(people, BEGIN + 2 * WEEK))
    assert only.status is Status.ERROR
    assert "took note of it only at 2026-10-12T09:00:00" in only.reason


def _judged(people: Organisation, trust: Path | None = None) -> StepResult:
    return people.verify(trust).steps[7]


def _strict(people: Organisation, tmp_path: Path, change: Callable[[Organisation], Path]) -> Path:
    """A verifier's own trust folder, which says more of the keys than the organisation's."""
    folder = tmp_path / "verifier"
    shutil.copytree(people.folder / "trust", folder / "trust")
    return change(replace(people, folder=folder))


def test_a_verifier_believes_no_date_of_a_key_that_was_out_of_use(
    people: Organisation, tmp_path: Path
) -> None:
    people.attest()
    later = at(people, BEGIN + WEEK)
    later.scan()
    trust = _strict(people, tmp_path, lambda own: end_key(own, BEGIN + timedelta(days=1)))
    step = _judged(later, trust)
    assert step.verdict is StepVerdict.CANNOT_TELL
    assert "the log does not show that the signature is older" in step.detail


def test_a_verifier_refuses_what_is_dated_outside_the_use_of_its_key(
    people: Organisation, tmp_path: Path
) -> None:
    people.attest()
    people.scan()
    trust = _strict(people, tmp_path, lambda own: end_key(own, BEGIN - timedelta(hours=1)))
    subject = find_subject(people.folder)
    step = verify(subject, trust=trust, run=None, now=BEGIN + WEEK).steps[7]
    assert step.verdict is StepVerdict.BAD
    assert "was not in use at 2026-10-05T09:00:00Z, when it was made" in step.detail


def test_the_log_says_when_it_took_note(people: Organisation) -> None:
    people.attest()
    later = at(people, BEGIN + WEEK)
    run = later.scan().run
    store = later.project().store
    history = store.history(run)
    assert history is not None
    ((observation, _digest),) = load_observations(store, history)
    data = observation.resources[0].data
    assert str(data["made_at"]).startswith("2026-10-05T09:00:00")
    assert str(data["recorded_at"]).startswith("2026-10-12T09:00:00")


@pytest.mark.parametrize(
    ("reviewed", "status"), [(timedelta(hours=1), Status.PASS), (2 * WEEK, Status.ERROR)]
)
def test_a_review_by_a_key_out_of_use_counts_when_the_log_knew_it_before(
    tmp_path: Path, reviewed: timedelta, status: Status
) -> None:
    people = found(tmp_path / "work", "governance/continuity")
    people.configure(owners={"head-of-operations": {"name": "ciso"}})
    path = failover(people)
    people.scan(PLAN)
    later = at(people, BEGIN + reviewed)
    review(later.project(), path.stem, "cto", people.keys["cto"], BEGIN + reviewed)
    later.scan(PLAN)
    end_key(people, BEGIN + WEEK, name="cto")
    found_here = at(people, BEGIN + 3 * WEEK).scan(PLAN).findings
    assert {f.status for f in found_here} == {status}
    if status is Status.ERROR:
        assert "its review does not count: the key of cto is out of use" in found_here[0].reason


def noted(**fields: JsonValue) -> Entry:
    return Entry(7, "0" * 64, BEGIN, AttestationRecord(fields=fields))


def test_an_entry_that_says_less_is_remembered_all_the_same() -> None:
    book = read_noted(
        [
            noted(attestation="B", attachment="x", sha256="1" * 64),  # of none that is known
            noted(attestation="A", check=BOARD, digest="sha256:0", valid_until="some day"),
            noted(attestation="A", attachment="x", sha256="2" * 64),
        ]
    )
    (one,) = book.noted.values()
    assert (one.id, one.valid_until, one.attachments) == ("A", None, frozenset({"2" * 64}))
    assert book.signatures == {}


def test_without_a_trust_policy_no_key_has_an_end(people: Organisation) -> None:
    end_key(people, BEGIN).joinpath("policy.json").unlink()
    assert key_ends(people.project()) == {}
