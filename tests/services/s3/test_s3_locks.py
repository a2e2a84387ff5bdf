"""What Object Lock and legal hold keep: tried with the means of whoever would like it gone."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from auditor.errors import ConfigError
from auditor.ledger.blobs import BlobRef
from tests.services.s3.conftest import BucketSite, Place

pytestmark = pytest.mark.service
SOON = timedelta(days=2)


def until(days: int) -> datetime:
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


def head(place: Place, path: str) -> dict[str, Any]:
    found: dict[str, Any] = place.client.head_object(Bucket=place.bucket, Key=f"some/place/{path}")
    return found


def delete(place: Place, path: str, **options: object) -> None:
    """Delete the very version that is in force."""
    version = head(place, path)["VersionId"]
    place.client.delete_object(
        Bucket=place.bucket, Key=f"some/place/{path}", VersionId=version, **options
    )


def test_a_locked_version_can_be_neither_deleted_nor_overwritten(place: Place) -> None:
    store = place.store()
    reference = store.put(b"evidence", retain_until=until(2))
    version = head(place, reference.path)["VersionId"]
    for options in ({}, {"BypassGovernanceRetention": True}):
        with pytest.raises(ClientError, match="AccessDenied"):
            delete(place, reference.path, **options)
    key = f"some/place/{reference.path}"
    place.client.put_object(Bucket=place.bucket, Key=key, Body=b"another version")
    place.client.delete_object(Bucket=place.bucket, Key=key)  # hides it, and leaves it
    kept = place.client.get_object(Bucket=place.bucket, Key=key, VersionId=version)
    assert len(kept["Body"].read()) == reference.stored.size


def test_a_later_run_keeps_a_blob_longer_and_an_earlier_one_never_shorter(place: Place) -> None:
    store = place.store()
    first, later = until(2), until(5)
    reference = store.put(b"evidence", retain_until=first)
    assert head(place, reference.path)["ObjectLockRetainUntilDate"] == first
    store.put(b"evidence", retain_until=later)
    assert head(place, reference.path)["ObjectLockRetainUntilDate"] == later
    store.put(b"evidence", retain_until=first)
    store.put(b"evidence")
    assert head(place, reference.path)["ObjectLockRetainUntilDate"] == later
    assert head(place, reference.path)["ObjectLockMode"] == "COMPLIANCE"


def test_governance_can_be_chosen(place: Place) -> None:
    reference = place.store("governance").put(b"evidence", retain_until=until(2))
    assert head(place, reference.path)["ObjectLockMode"] == "GOVERNANCE"
    with pytest.raises(ClientError, match="AccessDenied"):
        delete(place, reference.path)
    delete(place, reference.path, BypassGovernanceRetention=True)


def test_the_vault_is_never_locked(place: Place) -> None:
    reference = place.store().put_disclosures(b'["a"]\n')
    assert "ObjectLockMode" not in head(place, f"vault/{reference.path}")


def test_a_legal_hold_keeps_what_has_no_retention(place: Place) -> None:
    store = place.store()
    reference = store.put(b"evidence")
    store.hold([reference.path, "blobs/sha256/00/missing"])
    assert head(place, reference.path)["ObjectLockLegalHoldStatus"] == "ON"
    with pytest.raises(ClientError, match="AccessDenied"):
        delete(place, reference.path)
    assert not store.erase(reference, before=datetime.now(UTC) + SOON)
    store.release([reference.path, "blobs/sha256/00/missing"])
    assert store.erase(reference, before=datetime.now(UTC) + SOON)
    assert not store.reader().exists(reference.path)


def test_what_was_stored_since_is_not_erased(place: Place) -> None:
    store = place.store()
    reference = store.put(b"evidence")
    assert not store.erase(reference, before=datetime.now(UTC) - SOON)
    assert store.get(reference) == b"evidence"


def test_storing_again_makes_a_blob_young_where_nothing_can_be_locked(
    moto_url: str, make_place: Callable[..., Place]
) -> None:
    place = make_place(moto_url, lock=False)
    store = place.store("none")
    reference = store.put(b"evidence")
    before = head(place, reference.path)["LastModified"]
    while head(place, reference.path)["LastModified"] == before:  # the server counts in seconds
        store.put(b"evidence")
    store.hold([reference.path])
    store.release([reference.path])
    assert store.get(reference) == b"evidence"
    assert store.erase(reference, before=datetime.now(UTC) + SOON)


def test_files_of_runs_and_of_the_log_are_locked_as_the_run_says(
    weed: Place, tmp_path: Path
) -> None:
    site = BucketSite(tmp_path / "site", weed)
    keep = until(3)
    with site.open() as log:
        start, _index = site.begin(log, "run-1")
        log.append(start.model_copy(update={"run": "run-2", "retain_until": keep}))
        log.commit()
    site.store.write_statement("run-2", b"statement")
    path, _digest = site.store.write_run_file("run-2", "report.html", b"<p>")
    for name in (path, "runs/run-2/statement.sigstore.json"):
        assert head(weed, name)["ObjectLockRetainUntilDate"] == keep
    site.store.write_statement("run-1", b"statement")
    assert "ObjectLockMode" not in head(weed, "runs/run-1/statement.sigstore.json")
    site.record_run("run-3", [b"one"])
    for name in ("log/checkpoint", "log/tile/0/000.p/8", "log/tile/entries/000.p/8"):
        assert head(weed, name)["ObjectLockRetainUntilDate"] == keep


class Forgetful(BaseHTTPRequestHandler):
    """Passes requests on without the headers that it has not heard of."""

    target = ""
    forgets: tuple[str, ...] = ()

    def _pass_on(self) -> None:
        address = urlsplit(self.target)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in self.forgets}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection(address.hostname or "", address.port or 0)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        size = answer.getheader("Content-Length", "0") if self.command == "HEAD" else len(data)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(data)
        connection.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815 - names of the library

    def log_message(self, *_arguments: object) -> None:
        """Tests print nothing."""


@contextmanager
def forgetful(url: str, *headers: str) -> Iterator[str]:
    """A server that knows nothing of some headers, in front of a real one."""
    handler = type("Handler", (Forgetful,), {"target": url, "forgets": headers})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        (("if-none-match",), "ignores If-None-Match"),
        (("if-match",), "ignores If-Match"),
        (("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"), "is not"),
    ],
)
def test_a_server_that_does_not_enforce_is_refused_before_anything_is_written(
    moto_url: str, make_place: Callable[..., Place], headers: tuple[str, ...], problem: str
) -> None:
    place = make_place(moto_url)
    with forgetful(moto_url, *headers) as url:
        store = Place(url, place.bucket, place.cache).store()
        with pytest.raises(ConfigError, match=problem):
            store.put(b"evidence")
    assert place.names() == []


def test_a_server_that_forgets_nothing_is_accepted(
    moto_url: str, make_place: Callable[..., Place]
) -> None:
    place = make_place(moto_url)
    with forgetful(moto_url) as url:
        reference: BlobRef = Place(url, place.bucket, place.cache).store().put(b"evidence")
    assert place.store().get(reference) == b"evidence"
