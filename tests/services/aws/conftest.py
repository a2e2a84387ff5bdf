"""A stand-in for AWS with good and bad things of every type, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.aws.seed import seed
from tests.services.aws.server import CREDENTIALS, moto_server


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Static credentials; nothing of the machine's own configuration is used."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a seeded account; tests only read from it."""
    with moto_server(tmp_path_factory.mktemp("moto") / "moto.log") as url:
        seed(url)
        yield url


@pytest.fixture
def empty_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of an account without anything, for one test."""
    with moto_server(tmp_path_factory.mktemp("moto") / "moto.log") as url:
        yield url
