"""The program over a bucket: scan, verify, hold, prune, copy there and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.app.project import load_trust
from auditor.app.upkeep.copying import copy_log
from auditor.app.upkeep.holds import clear_hold, read_book, set_hold
from auditor.app.upkeep.prune import prune
from auditor.app.upkeep.stores import open_store
from auditor.app.verifying import rejudge_record
from auditor.attest.result import VerificationReport
from auditor.attest.verify import verify_store
from auditor.catalog.config import ObjectStore
from auditor.errors import ConfigError
from auditor.store.interface import Store
from auditor.store.local import LocalStore
from tests.services.s3.conftest import Place
from tests.unit.app.company import Company, found, target

pytestmark = pytest.mark.service
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Clock:
    """Real time, or as many days later as is wished: the server's locks follow the real one."""

    def __init__(self, days: int = 0) -> None:
        self.days = days

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.days * DAY


@pytest.fixture
def company(place: Place, tmp_path: Path) -> Company:
    company = found(tmp_path / "work", target())
    company.clock = Clock()
    company.configure(
        store=place.location, object_store={"endpoint_url": place.url, "region": "us-east-1"}
    )
    return company


def verified(company: Company, store: Store) -> VerificationReport:
    trust = load_trust(company.folder / "trust")
    return verify_store(
        store.reader(),
        trust,
        rejudge=lambda record: rejudge_record(record, trust.approvers),
        now=datetime.now(UTC) + 1000 * DAY,
    )


def test_a_scan_into_a_bucket_verifies(company: Company, place: Place) -> None:
    run = company.scan().run
    company.scan()
    store = company.project().store
    assert store.location == place.location
    assert verified(company, store).exit_code == 0
    history = store.history(run)
    assert history is not None
    assert history.start is not None
    until = history.start.retain_until
    assert until is not None
    head = place.client.head_object(
        Bucket=place.bucket, Key=f"some/place/{history.collects[0].blob.path}"
    )
    assert head["ObjectLockMode"] == "COMPLIANCE"
    assert abs(head["ObjectLockRetainUntilDate"] - until) < timedelta(seconds=2)


def test_what_is_locked_longer_than_the_log_says_is_kept(company: Company) -> None:
    company.scan()
    clock = Clock(days=500)
    done = prune(company.project(), now=clock(), clock=clock)
    assert (done.deleted, done.kept) == (0, done.blobs)  # the server's clock is not ours
    assert verified(company, company.project().store).exit_code == 0


def test_evidence_past_its_retention_is_gone_with_all_its_versions(
    company: Company, place: Place
) -> None:
    company.configure(retention={"default": "0d"})
    run = company.scan().run
    clock = Clock(days=2)  # more than the day of grace
    store = company.project().store
    blobs = [collect.blob for collect in read_book(store).runs[run].collects]
    done = prune(company.project(), now=clock(), clock=clock)
    assert (done.deleted, done.kept) == (len(blobs), 0)
    for blob in blobs:
        versions = place.client.list_object_versions(
            Bucket=place.bucket, Prefix=f"some/place/{blob.path}"
        )
        assert "Versions" not in versions
    assert verified(company, store).exit_code == 0


def test_a_held_run_is_locked_also_in_what_is_stored_later(company: Company, place: Place) -> None:
    company.configure(retention={"default": "0d"})
    run = company.scan().run
    project = company.project()
    set_hold(project, "case", [run], "a letter", company.clock)
    path, _digest = project.store.write_run_file(run, "later.txt", b"later")
    history = read_book(project.store).runs[run]
    paths = [path, *(c.blob.path for c in history.collects)]

    def status(name: str) -> str | None:
        head = place.client.head_object(Bucket=place.bucket, Key=f"some/place/{name}")
        held: str | None = head.get("ObjectLockLegalHoldStatus")
        return held

    assert [status(name) for name in paths] == ["ON"] * len(paths)
    clock = Clock(days=2)
    assert prune(company.project(), now=clock(), clock=clock).blobs == 0
    company.clock = clock
    clear_hold(company.project(), "case", "settled", company.clock)
    assert "ON" not in [status(name) for name in paths]
    assert prune(company.project(), now=clock(), clock=clock).deleted == len(history.collects)


def test_a_log_moves_to_a_bucket_and_back(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    company = found(tmp_path / "work", target())
    company.clock = Clock()
    run = company.scan().run
    options = ObjectStore(endpoint_url=place.url, region="us-east-1")
    there = open_store(place.location, tmp_path, options)
    done = copy_log(company.project(), there, company.clock, lambda _line: None)
    assert verified(company, there).exit_code == 0
    history = there.history(run)
    assert history is not None
    for path in (history.collects[0].blob.path, f"runs/{run}/statement.sigstore.json"):
        head = place.client.head_object(Bucket=place.bucket, Key=f"some/place/{path}")
        assert head["ObjectLockMode"] == "COMPLIANCE"
    company.configure(
        store=place.location, object_store={"endpoint_url": place.url, "region": "us-east-1"}
    )
    company.scan()
    back = open_store("back", tmp_path)
    assert isinstance(back, LocalStore)
    again = copy_log(company.project(), back, company.clock, lambda _line: None)
    assert again.size > done.size
    assert verified(company, back).exit_code == 0
    assert again.new == again.files - 1


def test_a_scheme_that_no_store_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a folder or s3"):
        open_store("gs://bucket/x", tmp_path)
