"""From the command to the verdict: what counts passes, what is wrong is an error that says why."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from auditor.app.assess import load_observations
from auditor.app.records.attesting import list_attestations, review
from auditor.app.runs import check_derived, find_run
from auditor.attest.detached import sign_file
from auditor.collectors.records.types import load_types
from auditor.core.model.finding import Finding
from auditor.core.model.status import Cause, Outcome, Status
from auditor.errors import ConfigError, DefinitionError, ExitCode, UsageError, VerificationError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.entries import AttestationRecord
from tests.unit.app.records.people import BEGIN, BOARD, PLAN, Organisation, failover, found


@pytest.fixture
def people(tmp_path: Path) -> Organisation:
    return found(tmp_path / "work")


@pytest.fixture
def operations(tmp_path: Path) -> Organisation:
    """Over a control that asks for a review; `ciso` fills the role that owns it."""
    made = found(tmp_path / "work", "governance/continuity")
    made.configure(owners={"head-of-operations": {"name": "ciso"}})
    return made


def rewrite(people: Organisation, path: Path, by: str = "ciso", **changes: object) -> None:
    """Write a file by hand, and sign it: what the command would refuse."""
    document = yaml.safe_load(path.read_text("utf-8")) | changes
    data = yaml.safe_dump(document, sort_keys=False).encode()
    path.write_bytes(data)
    sidecar = path.with_name(f"{path.name}.sig")
    sidecar.write_text(sign_file(data, people.keys[by]), "utf-8")


def does_not_count(finding: Finding) -> str:
    assert finding.status is Status.ERROR, finding.reason
    assert finding.cause is Cause.INCOMPLETE
    return finding.reason


def test_what_nobody_has_attested_is_manual_and_names_the_command(people: Organisation) -> None:
    assessment = people.scan()
    (finding,) = assessment.findings
    assert finding.status is Status.MANUAL
    assert finding.key == BOARD
    assert finding.hint.startswith(f"auditor attest {BOARD} --role chief-executive")
    assert assessment.outcome is Outcome.INCOMPLETE


def test_one_that_holds_passes(people: Organisation) -> None:
    people.attest()
    assert people.found().status is Status.PASS


def test_it_and_its_attachments_are_in_log_and_store_once(people: Organisation) -> None:
    people.attest()
    people.scan()
    people.scan()
    store = people.project().store
    bodies = [e.body.fields for e in store.entries() if isinstance(e.body, AttestationRecord)]
    text, attachment = bodies
    assert text["check"] == BOARD
    assert attachment["attachment"] == "minutes.txt"
    assert store.get(BlobRef.model_validate(attachment["blob"])) == b"minutes of the board"
    path = people.folder / "attestations" / "A-2026-001.yaml"
    assert store.get(BlobRef.model_validate(text["blob"])) == path.read_bytes()


def test_a_run_with_attestations_verifies(people: Organisation) -> None:
    people.attest()
    people.scan()
    assert people.verify().exit_code is ExitCode.OK


def test_a_verifier_who_does_not_know_the_key_cannot_tell(
    people: Organisation, tmp_path: Path
) -> None:
    people.attest()
    people.scan()
    trust = tmp_path / "elsewhere"
    trust.mkdir()
    policy = json.loads((people.folder / "trust" / "policy.json").read_text("utf-8"))
    (trust / "policy.json").write_text(json.dumps(policy | {"approvers": []}), "utf-8")
    report = people.verify(trust)
    assert report.exit_code is ExitCode.INCOMPLETE
    assert "signed by a key unknown here" in report.steps[7].detail


def test_a_tampered_attachment_does_not_count(people: Organisation) -> None:
    people.attest()
    kept = people.folder / "attestations" / "A-2026-001" / "minutes.txt"
    kept.write_text("other minutes", "utf-8")
    assert "minutes.txt has another digest" in does_not_count(people.found())


def test_a_missing_attachment_does_not_count(people: Organisation) -> None:
    people.attest()
    (people.folder / "attestations" / "A-2026-001" / "minutes.txt").unlink()
    assert "minutes.txt is missing or cannot be read" in does_not_count(people.found())


def test_one_that_was_edited_after_signing_does_not_count(people: Organisation) -> None:
    path = people.attest()
    path.write_text(path.read_text("utf-8").replace("reviewed security", "liked it"), "utf-8")
    assert "other bytes than this file has" in does_not_count(people.found())


def test_an_unsigned_one_does_not_count(people: Organisation) -> None:
    path = people.attest()
    path.with_name(f"{path.name}.sig").unlink()
    assert "it is not signed by ciso" in does_not_count(people.found())


def test_one_signed_by_a_stranger_does_not_count(people: Organisation) -> None:
    rewrite(people, people.attest(), by="stranger")
    assert "signed by an unknown key" in does_not_count(people.found())


def test_one_by_somebody_who_is_no_approver_does_not_count(people: Organisation) -> None:
    rewrite(people, people.attest(), made_by="mallory")
    assert "mallory is not among the approvers" in does_not_count(people.found())


def test_one_in_another_role_does_not_count(people: Organisation) -> None:
    rewrite(people, people.attest(), role="head-of-parts")
    assert "made as head-of-parts, and chief-executive owns" in does_not_count(people.found())


def test_writing_the_role_is_not_enough(people: Organisation) -> None:
    rewrite(people, people.attest(), by="cto", made_by="cto")
    assert "cto does not fill the role chief-executive" in does_not_count(people.found())


def test_attachments_do_not_serve_for_a_second_period(people: Organisation) -> None:
    people.attest(period="2026-Q2")
    assert people.found().status is Status.PASS
    people.attest(period="2026-Q3")
    findings = {f.key: f for f in people.scan().findings}
    assert findings["A-2026-001"].status is Status.PASS
    told = does_not_count(findings["A-2026-002"])
    assert "its attachments served attestation A-2026-001 for 2026-Q2 already" in told


def test_a_file_more_or_less_makes_no_new_evidence(people: Organisation) -> None:
    minutes, other = people.record(), people.record("a picture", "picture.txt")
    people.attest(period="2026-Q1", files=(minutes, other))
    people.attest(period="2026-Q2", files=(minutes,))
    assert "A-2026-001 for 2026-Q1" in does_not_count(_last(people))
    people.attest(period="2026-Q3", files=(minutes, other, people.record("new", "new.txt")))
    assert "served attestation A-2026-001" in does_not_count(_last(people))


def _last(people: Organisation) -> Finding:
    findings = {f.key: f for f in people.scan().findings}
    return findings[max(findings)]


def test_new_attachments_serve_the_next_period_and_the_newest_one_is_judged(
    people: Organisation,
) -> None:
    people.attest(period="2026-Q2")
    people.attest(period="2026-Q3", files=(people.record("the next minutes"),))
    finding = people.found()
    assert (finding.key, finding.status) == ("A-2026-002", Status.PASS)


def test_one_made_before_its_period_has_ended_does_not_count(people: Organisation) -> None:
    people.attest(period="2026-Q4")
    assert "before its period 2026-Q4 had ended" in does_not_count(people.found())


def test_one_from_the_future_does_not_count(people: Organisation) -> None:
    rewrite(people, people.attest(), made_at="2026-10-06T09:00:00Z")
    assert "it is from the future" in does_not_count(people.found())


def test_one_that_ends_before_it_begins_does_not_count(people: Organisation) -> None:
    rewrite(people, people.attest(), valid_until="2026-10-01T00:00:00Z")
    assert "it ends before it begins" in does_not_count(people.found())


def test_an_overdue_one_fails(people: Organisation) -> None:
    people.attest(valid_until=BEGIN + timedelta(seconds=1))
    late = Organisation(people.folder, people.keys, lambda: BEGIN + timedelta(seconds=1))
    finding = late.found()
    assert finding.status is Status.FAIL
    assert "ran out at 2026-10-05T09:00:01Z" in finding.reason


def test_an_attestation_whose_statement_is_refuted_by_its_facts_fails(
    people: Organisation,
) -> None:
    people.attest(facts={"reviewed_at": "2024-10-01T09:00:00Z"})
    assert people.found().status is Status.FAIL


def test_a_particular_of_another_type_is_an_error(people: Organisation) -> None:
    rewrite(people, people.attest(), facts={"reviewed_at": "2026-10-01"})
    finding = people.found()
    assert finding.status is Status.ERROR
    assert "expected an RFC 3339 time with a zone" in finding.reason


def test_a_review_by_another_counts(operations: Organisation) -> None:
    failover(operations)
    now = operations.clock()
    assert "its review does not count: it is not signed by cto" in does_not_count(
        operations.found(PLAN)
    )
    review(operations.project(), "A-2026-001", "cto", operations.keys["cto"], now)
    assert operations.found(PLAN).status is Status.PASS


def test_nobody_reviews_their_own(operations: Organisation) -> None:
    failover(operations, reviewer="ciso")
    review(operations.project(), "A-2026-001", "ciso", operations.keys["ciso"], BEGIN)
    assert "its reviewer ciso made it" in does_not_count(operations.found(PLAN))


def test_nobody_reviews_their_own_under_another_name(operations: Organisation) -> None:
    config = yaml.safe_load((operations.folder / "auditor.yaml").read_text("utf-8"))
    operations.configure(approvers=config["approvers"] | {"cto": config["approvers"]["ciso"]})
    failover(operations)
    review(operations.project(), "A-2026-001", "cto", operations.keys["ciso"], BEGIN)
    told = does_not_count(operations.found(PLAN))
    assert "its reviewer cto has the key of ciso, who made it" in told


def test_without_a_reviewer_it_fails_where_the_control_asks_for_one(
    operations: Organisation,
) -> None:
    failover(operations, reviewer=None)
    finding = operations.found(PLAN)
    assert finding.status is Status.FAIL
    assert "reviewed by nobody" in finding.reason


def test_a_file_that_is_no_attestation_is_an_error_for_every_check(people: Organisation) -> None:
    people.attest()
    (people.folder / "attestations" / "x.yaml").write_text("id: x", "utf-8")
    statuses = {f.key: f.status for f in people.scan().findings}
    assert statuses == {"A-2026-001": Status.PASS, "x.yaml": Status.ERROR}
    with pytest.raises(DefinitionError, match="missing"):
        list_attestations(people.project(), BEGIN)


def test_two_of_one_id_are_an_error(people: Organisation) -> None:
    path = people.attest()
    path.with_name("copy.yaml").write_bytes(path.read_bytes())
    assert any("two attestations have the id" in f.reason for f in people.scan().findings)


def test_a_record_that_says_more_than_its_files_is_found(people: Organisation) -> None:
    people.attest()
    people.scan()
    store = people.project().store
    history = store.history(find_run(store, "latest"))
    assert history is not None
    ((observation, _digest),) = load_observations(store, history)
    (resource,) = observation.resources
    check_derived(load_types(), [observation])
    resource.data["valid_until"] = "2036-01-01T00:00:00Z"  # type: ignore[index]
    with pytest.raises(VerificationError, match="valid_until"):
        check_derived(load_types(), [observation])


@pytest.mark.parametrize(
    ("by", "changes", "said"),
    [
        ("ciso", {"check": "oversigt/board"}, "did you mean `oversight/board`"),
        ("ciso", {"check": "oversight"}, "has 4 checks that are attested"),
        ("ciso", {"role": "head-of-parts"}, "is attested by chief-executive, not by head-of-parts"),
        ("cto", {}, "cto does not fill the role"),
        ("ciso", {"facts": {}}, "reviewed_at: is missing"),
        ("ciso", {"facts": {"reviewed": "x"}}, "did you mean `reviewed_at`"),
        ("ciso", {"facts": {"reviewed_at": "soon"}}, "expected an RFC 3339 time"),
        ("ciso", {"reviewer": "mallory"}, "mallory is not among the approvers"),
    ],
)
def test_what_could_never_count_is_refused_before_it_is_signed(
    people: Organisation, by: str, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        people.attest(by, **changes)
    assert said in str(caught.value)
    assert not (people.folder / "attestations").exists()


def test_a_strangers_key_is_refused(people: Organisation) -> None:
    with pytest.raises(ConfigError, match="that of no approver"):
        people.attest("stranger")


def test_two_attachments_of_one_name_are_refused(people: Organisation) -> None:
    with pytest.raises(UsageError, match="two attachments have one name"):
        people.attest(files=(people.record(), people.record()))


def test_a_wrong_statement_is_refused_with_its_field(people: Organisation) -> None:
    with pytest.raises(DefinitionError, match="statement"):
        people.attest(statement="ok")


def test_only_the_named_reviewer_reviews(operations: Organisation) -> None:
    failover(operations)
    project = operations.project()
    with pytest.raises(UsageError, match="names cto as its reviewer, not ciso"):
        review(project, "A-2026-001", "ciso", operations.keys["ciso"], BEGIN)
    with pytest.raises(ConfigError, match="this is not the key of cto"):
        review(project, "A-2026-001", "cto", operations.keys["ciso"], BEGIN)
    with pytest.raises(UsageError, match="did you mean `A-2026-001`"):
        review(project, "A-2026-002", "cto", operations.keys["cto"], BEGIN)


def test_the_list_says_what_each_is(people: Organisation) -> None:
    people.attest(period="2026-Q2")
    people.attest(period="2026-Q3", files=(people.record("the next minutes"),))
    rewrite(people, people.attest(files=(people.record("third"),)), check="other-control/check")
    states = {one.attestation.id: one.state for one in list_attestations(people.project(), BEGIN)}
    assert states == {
        "A-2026-001": "superseded",
        "A-2026-002": "counts",
        "A-2026-003": "not asked for",
    }
