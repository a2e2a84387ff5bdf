"""Verification of a log whose keys changed: who may sign, and what is only a warning."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from auditor.attest.key_record import sign_record
from auditor.attest.result import StepVerdict, VerificationReport
from auditor.attest.trust import LogKey, NamedKey, TrustPolicy
from auditor.attest.verify import verify_store
from auditor.keys.file import FileKey, generate_key
from auditor.ledger.checkpoint import Checkpoint, sign_checkpoint
from auditor.ledger.entries import KeyRecord
from auditor.ledger.merkle import EMPTY_ROOT
from tests.unit.store.building import BEGIN, LATER, ORIGIN, MemoryReader, Site, rejudge

OK, WARNING, CANNOT_TELL, BAD = StepVerdict


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.record_run("run-1", [b"one"])
    return made


@pytest.fixture
def second(tmp_path: Path) -> FileKey:
    return generate_key(tmp_path / "second.pem", "ed25519")


def rotate_log(site: Site, new: FileKey, *signers: FileKey, by_new: bool = True) -> int:
    """An entry that rotates the log's key; its checkpoint is by the new key, or wrongly the old."""
    old_key, new_key = site.log_key.note_key(ORIGIN), new.note_key(ORIGIN)
    previous = (old_key, site.log_key.sign)
    key, sign = (new_key, new.sign) if by_new else previous
    opened = site.store.open_log(
        key=key, sign=sign, clock=site.clock, previous=previous if by_new else None
    )
    with opened as log:
        record = KeyRecord(
            use="log", action="rotate", key=new_key.vkey, replaces=old_key.vkey, since=site.clock()
        )
        index = log.append(sign_record(record, *(signers or (site.log_key, new))))
        log.commit()
    return index


def verify(site: Site, trust: TrustPolicy | None = None) -> VerificationReport:
    return verify_store(site.store.reader(), trust or site.trust, rejudge=rejudge, now=LATER)


def verdicts(report: VerificationReport) -> list[StepVerdict]:
    return [step.verdict for step in report.steps]


def said(report: VerificationReport, step: int) -> str:
    return " ".join(note.detail for note in report.steps[step].notes)


def test_a_checkpoint_by_a_key_that_a_rotation_leads_to_is_a_warning(
    site: Site, second: FileKey
) -> None:
    entry = rotate_log(site, second)
    report = verify(site)
    assert (report.steps[2].verdict, report.steps[3].verdict) == (WARNING, WARNING)
    assert second.key_id in said(report, 3)
    assert f"entry {entry} rotates to it from a trusted key" in said(report, 3)
    assert report.exit_code == 0


def test_a_checkpoint_by_a_key_that_the_policy_names_is_no_warning(
    site: Site, second: FileKey
) -> None:
    rotate_log(site, second)
    key = LogKey(vkey=second.note_key(ORIGIN).vkey, not_before=BEGIN)
    trust = site.trust.model_copy(update={"log_keys": (*site.trust.log_keys, key)})
    assert verdicts(verify(site, trust))[3] is OK


def test_a_checkpoint_by_a_key_that_was_replaced_is_bad(site: Site, second: FileKey) -> None:
    entry = rotate_log(site, second, by_new=False)
    report = verify(site)
    assert (report.steps[3].verdict, report.steps[3].where) == (BAD, "log/checkpoint")
    assert f"entry {entry} has replaced" in said(report, 3)


def test_a_forged_rotation_is_bad_and_leads_nowhere(site: Site, second: FileKey) -> None:
    entry = rotate_log(site, second, second)
    report = verify(site)
    assert report.steps[3].where == f"entry {entry}"
    assert f"entry {entry}: the rotation is not signed by the old key" in said(report, 3)
    assert verdicts(report)[3] is BAD


def test_the_new_key_alone_makes_no_log(site: Site, second: FileKey, tmp_path: Path) -> None:
    rotate_log(site, second)
    stranger = Site(tmp_path / "other").trust
    report = verify(site, stranger)
    assert verdicts(report)[3] is CANNOT_TELL
    assert report.exit_code == 3


def test_without_a_policy_the_log_is_held_to_its_own_account(site: Site, second: FileKey) -> None:
    rotate_log(site, second, by_new=False)
    report = verify_store(site.store.reader(), None, rejudge=rejudge, now=LATER)
    assert verdicts(report)[3] is BAD


def test_an_empty_log_by_an_unknown_key_is_never_ok(site: Site, second: FileKey) -> None:
    head = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    signed = sign_checkpoint(head, second.note_key(ORIGIN), second.sign).to_bytes()
    report = verify_store(MemoryReader({"log/checkpoint": signed}), site.trust, now=LATER)
    assert verdicts(report)[3] is CANNOT_TELL


@pytest.mark.parametrize(
    ("revoked", "verdict"),
    [(BEGIN, BAD), (BEGIN + timedelta(days=1), CANNOT_TELL)],
)
def test_a_checkpoint_by_a_revoked_key_does_not_count(
    site: Site, revoked: object, verdict: StepVerdict
) -> None:
    key = site.trust.log_keys[0].model_copy(update={"revoked_at": revoked})
    report = verify(site, site.trust.model_copy(update={"log_keys": (key,)}))
    assert report.steps[3].verdict is verdict
    assert "was revoked" in said(report, 3)


def test_a_statement_by_a_run_key_that_a_rotation_leads_to_is_a_warning(site: Site) -> None:
    old = site.trust
    first, site.run_key = site.run_key, generate_key(site.root / "run-2.pem", "ecdsa-p256-sha256")
    with site.open() as log:
        record = KeyRecord(
            use="run",
            action="rotate",
            key=site.run_key.public_key,
            replaces=first.public_key,
            since=site.clock(),
        )
        log.append(sign_record(record, first, site.run_key))
        log.commit()
    site.record_run("run-2", [b"two"])
    report = verify(site, old)
    assert report.exit_code == 0
    assert report.steps[3].verdict is WARNING
    assert site.run_key.key_id in said(report, 3)
    site.run_key = first
    site.record_run("run-3", [b"three"])
    report = verify(site, old)
    assert report.steps[5].where == "runs/run-3/statement.sigstore.json"
    assert "was replaced by entry" in said(report, 5)


def test_a_statement_backdated_before_its_key_is_bad(site: Site) -> None:
    key = NamedKey(name="r", public_key=site.run_key.public_key, not_before=BEGIN + timedelta(1))
    report = verify(site, site.trust.model_copy(update={"run_keys": (key,)}))
    assert report.steps[5].verdict is BAD
    assert "was not valid at" in said(report, 5)
