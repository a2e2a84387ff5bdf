"""The repository is made once; each test works on a copy of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli import run
from tests.gate.collector import PLACES
from tests.gate.repository import Repository, branch, found
from tests.unit.app.test_collector_registry import install
from tests.unit.cli.conftest import Said

Gate = Callable[..., Said]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Never changed by a test."""
    return found(tmp_path_factory.mktemp("base") / "repository")


@pytest.fixture
def change(
    base: Repository,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Repository:
    """A branch of one's own, in which commands run; the collector is an installed package."""
    site = tmp_path_factory.mktemp("site")
    install(site, **PLACES)
    monkeypatch.syspath_prepend(site)
    for name in ("AUDITOR_CONFIG", "AUDITOR_KEY_PASSPHRASE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    made = branch(base, tmp_path / "repository")
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture
def auditor(capfdbinary: pytest.CaptureFixture[bytes]) -> Gate:
    """Run a command line and give what it said."""

    def call(*arguments: str) -> Said:
        capfdbinary.readouterr()
        code = run(arguments)
        out, err = capfdbinary.readouterr()
        return Said(code, out.decode(), err.decode())

    return call
