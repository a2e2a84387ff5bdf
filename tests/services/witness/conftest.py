"""A company with a recorded run, and the command line in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from tests.unit.app.company import Company, found, target


@dataclass(frozen=True, slots=True)
class Said:
    """What a command gave."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


Auditor = Callable[..., Said]


@pytest.fixture
def auditor(capfdbinary: pytest.CaptureFixture[bytes]) -> Auditor:
    """Run a command line and give what it said."""

    def call(*arguments: object) -> Said:
        capfdbinary.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return Said(code, out, err.decode())

    return call


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    """A working folder with one run."""
    for name in ("AUDITOR_CONFIG", "AUDITOR_KEY_PASSPHRASE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    company = found(tmp_path / "company", target())
    company.scan()
    return company
