"""A whole store in a bucket: the same files as in a folder, read, verified, and listed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.attest.result import StepVerdict
from auditor.attest.verify import verify_store
from auditor.errors import ConfigError, StoreError, VerificationError
from auditor.ledger.entries import RunAbort
from auditor.store.base import STATEMENT
from auditor.store.s3 import S3Store
from auditor.store.s3.bucket import LARGEST_PUT
from tests.services.s3.conftest import BucketSite, Place
from tests.services.s3.servers import READER_KEY, READER_SECRET
from tests.unit.store.building import LATER, Site, rejudge

pytestmark = pytest.mark.service


def test_runs_are_recorded_and_verify(site: BucketSite) -> None:
    for number in range(3):
        site.record_run(f"run-{number}", [b"one", b"two %d" % number])
    report = site.verify()
    assert [step.verdict for step in report.steps if step.number in (0, 1, 3, 4, 6, 7, 8)] == [
        StepVerdict.OK
    ] * 7
    assert [run.id for run in site.store.runs()] == ["run-2", "run-1", "run-0"]
    latest = site.store.latest()
    assert latest is not None
    assert latest.id == "run-2"
    history = site.store.history("run-1")
    assert history is not None
    assert [site.store.get(item.blob) for item in history.collects] == [b"one", b"two 1"]


def test_the_files_are_those_of_a_folder(site: BucketSite, tmp_path: Path) -> None:
    local = Site(tmp_path / "local")
    for key in ("log.pem", "run.pem"):
        shutil.copy(site.root / key, local.root / key)
    local.log_key, local.run_key = site.log_key, site.run_key
    for one in (local, site):
        one.record_run("run-1", [b"one", b"two"])
    names = {key.removeprefix("some/place/") for key in site.place.names()}
    not_evidence = {"lock", "index.sqlite", "log/journal"}
    assert names == set(local.files()) - not_evidence
    same = [n for n in names if n.startswith("blobs/")]
    reader = site.store.reader()
    assert same
    assert all(b"".join(reader.chunks(name)) == local.files()[name] for name in same)


def test_proofs_and_heads_come_from_the_tiles(site: BucketSite) -> None:
    site.record_run("run-1", [b"one"])
    first = site.store.checkpoint()
    site.record_run("run-2", [b"two"])
    assert first is not None
    assert site.store.head(first.checkpoint.size) == first.checkpoint
    entry = next(site.store.entries(2, 3))
    site.store.prove(2).verify(entry.to_bytes())


def test_another_statement_is_refused(site: BucketSite) -> None:
    site.store.write_statement("run-1", b"one")
    site.store.write_statement("run-1", b"one")
    with pytest.raises(StoreError, match="never overwritten") as caught:
        site.store.write_statement("run-1", b"two")
    assert caught.value.where == f"runs/run-1/{STATEMENT}"
    assert site.store.read_statement("run-1") == b"one"


def test_disclosures_are_kept_apart_and_can_be_erased(site: BucketSite) -> None:
    reference = site.store.put_disclosures(b'["a"]\n["b"]\n')
    assert site.store.get_disclosures(reference) == b'["a"]\n["b"]\n'
    site.store.erase_disclosures(reference, b'["b"]\n')
    with pytest.raises(VerificationError):
        site.store.get_disclosures(reference)
    site.store.erase_disclosures(reference, b"")
    assert list(site.store.reader().paths("vault")) == []
    versions = site.place.client.list_object_versions(
        Bucket=site.place.bucket, Prefix="some/place/vault/"
    )
    assert "Versions" not in versions
    assert "DeleteMarkers" not in versions


def test_a_blob_that_was_changed_is_found(site: BucketSite) -> None:
    reference = site.store.put(b"evidence")
    key = f"some/place/{reference.path}"
    site.place.client.put_object(Bucket=site.place.bucket, Key=key, Body=b"other")
    with pytest.raises(VerificationError) as caught:
        site.store.get(reference)
    assert caught.value.where == reference.path
    with pytest.raises(VerificationError):
        site.store.put(b"evidence")


def test_a_file_in_parts_is_one_file(weed: Place) -> None:
    store = weed.store()
    piece = os.urandom(1 << 20)
    count = (LARGEST_PUT >> 20) + 9
    until = datetime.now(UTC) + timedelta(days=2)
    reference = store.put_stream((piece for _ in range(count)), retain_until=until)
    assert reference.stored.size > LARGEST_PUT
    assert sum(map(len, store.stream(reference))) == count << 20
    head = weed.client.head_object(Bucket=weed.bucket, Key=f"some/place/{reference.path}")
    assert head["ObjectLockMode"] == "COMPLIANCE"
    assert store.put_stream(piece for _ in range(count)) == reference


def test_the_index_may_be_deleted(site: BucketSite) -> None:
    site.record_run("run-1", [b"one"])
    expected = site.store.runs()
    (index,) = site.place.cache.glob("*.sqlite")
    index.unlink()
    assert site.store.runs() == expected
    assert list(site.place.cache.glob("*.sqlite")) == [index]


def test_an_empty_bucket_has_no_log(place: Place) -> None:
    store = place.store()
    assert (store.checkpoint(), store.runs(), store.latest(), store.run("r")) == (
        None,
        [],
        None,
        None,
    )
    assert not store.is_held("r")
    assert place.names() == []


def test_who_may_only_read_can_verify_and_not_write(weed: Place, tmp_path: Path) -> None:
    site = BucketSite(tmp_path / "site", weed)
    site.record_run("run-1", [b"one"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", READER_KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", READER_SECRET)
        reading = weed.store()
        report = verify_store(reading.reader(), site.trust, rejudge=rejudge, now=LATER)
        assert report.exit_code == 0
        with pytest.raises(StoreError, match="AccessDenied") as caught:
            reading.put(b"x")
    assert "permissions" in caught.value.hint


@pytest.mark.parametrize(
    "location",
    ["s3://", "s3://UPPER/x", "s3://b", "s3://bucket//x", "s3://bucket/../x", "s3://bucket/a b"],
)
def test_a_location_that_is_none_is_refused(location: str) -> None:
    with pytest.raises(ConfigError, match="expected s3://bucket/prefix"):
        S3Store.open(location)


def test_a_profile_that_is_not_there_is_a_matter_of_configuration() -> None:
    with pytest.raises(ConfigError, match="nobody"):
        S3Store.open("s3://bucket/x", profile="nobody")


def test_a_server_that_does_not_answer_is_named() -> None:
    store = S3Store.open("s3://bucket/x", endpoint_url="http://127.0.0.1:1", region="eu-west-1")
    with pytest.raises(StoreError, match="cannot be reached"):
        store.checkpoint()


def test_a_bucket_that_is_not_there_is_named(moto_url: str, tmp_path: Path) -> None:
    store = Place(moto_url, "no-such-bucket", tmp_path).store()
    with pytest.raises(StoreError, match="NoSuchBucket") as caught:
        store.put(b"x")
    assert "Object Lock" in caught.value.hint


def test_a_bucket_without_object_lock_is_refused(
    moto_url: str, make_place: Callable[..., Place]
) -> None:
    place = make_place(moto_url, lock=False)
    with pytest.raises(ConfigError, match="no Object Lock"):
        place.store().put(b"x")
    reference = place.store("none").put(b"x", retain_until=datetime.now(UTC))
    assert place.store("none").get(reference) == b"x"


def test_recovery_is_told(site: BucketSite) -> None:
    with site.open() as log:
        log.append(RunAbort(run="r", reason="x"))
    other = BucketSite(site.root / "other", site.place)
    other.log_key = site.log_key
    with other.open() as log:
        assert log.recovery.entries == 2
        log.commit()
    assert len(list(site.store.entries())) == 2
    with site.open() as log:  # what it has read before is no recovery
        assert log.recovery.entries == 0
