"""Object stores for the tests of this folder: each server runs once, each test has its bucket."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from auditor.store.s3 import S3Store
from tests.services.s3.servers import ACCESS_KEY, SECRET_KEY, client_of, moto, seaweedfs
from tests.unit.store.building import Site

_NUMBERS = itertools.count(1)
LockMode = Literal["compliance", "governance", "none"]


@dataclass
class Place:
    """A bucket of a test's own, and the store below a prefix of it."""

    url: str
    bucket: str
    cache: Path

    @property
    def client(self) -> Any:
        return client_of(self.url)

    @property
    def location(self) -> str:
        return f"s3://{self.bucket}/some/place"

    def store(self, lock: LockMode = "compliance") -> S3Store:
        return S3Store.open(self.location, endpoint_url=self.url, lock=lock, cache=self.cache)

    def names(self, prefix: str = "some/place/") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix
        )
        return [item["Key"] for page in pages for item in page.get("Contents", ())]


class BucketSite(Site):
    """A site whose store is a bucket."""

    def __init__(self, root: Path, place: Place, lock: LockMode = "compliance") -> None:
        self.place, self.lock = place, lock
        self._store = place.store(lock)
        super().__init__(root)

    @property
    def store(self) -> S3Store:  # type: ignore[override]  # the same port, another place
        return self._store


@pytest.fixture(scope="session")
def seaweed_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as url:
        yield url


@pytest.fixture(scope="session")
def moto_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def make_place(tmp_path: Path) -> Callable[..., Place]:
    """Makes a bucket on a server."""

    def make(url: str, *, lock: bool = True) -> Place:
        bucket = f"evidence-{next(_NUMBERS)}"
        client_of(url).create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=lock)
        cache = tmp_path / "index"
        cache.mkdir(exist_ok=True)
        return Place(url, bucket, cache)

    return make


@pytest.fixture(params=["seaweedfs", "moto"])
def place(request: pytest.FixtureRequest, make_place: Callable[..., Place]) -> Place:
    """A bucket with Object Lock, on each of the servers."""
    url = "seaweed_url" if request.param == "seaweedfs" else "moto_url"
    return make_place(request.getfixturevalue(url))


@pytest.fixture
def weed(seaweed_url: str, make_place: Callable[..., Place]) -> Place:
    """A bucket with Object Lock on the server that enforces it."""
    return make_place(seaweed_url)


@pytest.fixture
def site(place: Place, tmp_path: Path) -> BucketSite:
    return BucketSite(tmp_path / "site", place)
