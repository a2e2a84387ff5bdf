"""Any changed, cut or missing file of a store is found, and named."""

from __future__ import annotations

import dataclasses

import pytest

from auditor.attest.result import StepVerdict, VerificationReport
from auditor.attest.trust import TrustPolicy
from auditor.attest.verify import verify_store
from tests.unit.store.building import LATER, MemoryReader, Site, rejudge

DERIVED = ("lock", "index.sqlite", "log/journal")


@dataclasses.dataclass
class Recorded:
    files: dict[str, bytes]
    trust: TrustPolicy

    def verify(self, files: dict[str, bytes]) -> VerificationReport:
        return verify_store(MemoryReader(files), self.trust, rejudge=rejudge, now=LATER)


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Two runs, the second of which fills the first tile and bundle."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.record_run("run-1", [b"one", b"two" * 500])
    site.record_run("run-2", [b"%d" % number for number in range(20)])
    files = {path: data for path, data in site.files().items() if path not in DERIVED}
    return Recorded(files, site.trust)


def named(report: VerificationReport) -> set[str]:
    notes = [note for step in report.steps for note in step.notes]
    return {note.where for note in notes if note.verdict is StepVerdict.BAD}


def test_the_untouched_store_is_good(two_runs: Recorded) -> None:
    report = two_runs.verify(two_runs.files)
    assert [step.verdict for step in report.steps] == ["ok"] * 2 + ["warning"] + ["ok"] * 2 + [
        "warning"
    ] + ["ok"] * 3
    assert report.exit_code == 0


def positions(data: bytes) -> list[int]:
    """Every byte of a small file, and a spread of those of a larger one."""
    step = max(1, len(data) // 150)
    return sorted({*range(0, len(data), step), len(data) - 1})


@pytest.mark.parametrize("change", [0x01, 0x20, 0x80, 0xFF])
def test_a_changed_byte_of_any_file_is_bad_and_names_the_file(
    two_runs: Recorded, change: int
) -> None:
    for path, data in two_runs.files.items():
        for at in positions(data):
            changed = data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]
            report = two_runs.verify(two_runs.files | {path: changed})
            assert report.exit_code == 5, (path, at)
            assert path in named(report), (path, at, named(report))
