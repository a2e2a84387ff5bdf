"""The commands in this process, over a working folder whose systems are in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from tests.unit.app.company import PLACES, Company, found, target
from tests.unit.app.test_collector_registry import install


@dataclass(frozen=True, slots=True)
class Said:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Auditor = Callable[..., Said]


@pytest.fixture
def auditor(capfdbinary: pytest.CaptureFixture[bytes]) -> Auditor:
    """Run a command line and give what it said."""

    def call(*arguments: str) -> Said:
        capfdbinary.readouterr()
        code = run(arguments)
        out, err = capfdbinary.readouterr()
        return Said(code, out.decode(), err.decode())

    return call


@pytest.fixture
def installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The collector in memory, as a package that somebody installed offers it."""
    site = tmp_path_factory.mktemp("site")
    install(site, **PLACES)
    monkeypatch.syspath_prepend(site)
    for name in ("AUDITOR_CONFIG", "AUDITOR_KEY_PASSPHRASE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return site


@pytest.fixture
def here(tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    """A working folder with a failing thing `a` and no run yet; the command runs in it."""
    del installed
    company = found(tmp_path / "work", target(bad=["a"]), approvers={"ciso": "trust/ciso.pub"})
    monkeypatch.chdir(company.folder)
    return company
