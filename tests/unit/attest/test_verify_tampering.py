"""Any changed, cut or missing file of a store is found, and named."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    step = max(1, len(data) // 60)
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


def test_a_cut_lengthened_or_missing_file_is_bad_and_named(two_runs: Recorded) -> None:
    for path, data in two_runs.files.items():
        changes = [data[:-1], data[: len(data) // 2], b"", data + b"\x00", data + data]
        for changed in changes:
            report = two_runs.verify(two_runs.files | {path: changed})
            assert report.exit_code == 5, (path, len(changed))
            assert path in named(report), (path, len(changed))


def test_a_missing_file_is_bad_and_named(two_runs: Recorded) -> None:
    size = two_runs.files["log/checkpoint"].split(b"\n")[1].decode()
    for path in two_runs.files:
        files = {name: data for name, data in two_runs.files.items() if name != path}
        report = two_runs.verify(files)
        outgrown = "/tile/" in path and not path.endswith(f".p/{size}")
        # A partial tile of an earlier checkpoint holds nothing that a later one does not.
        assert (path in named(report)) is not outgrown, path
        assert report.exit_code == (0 if outgrown else 5), path


def test_two_files_swapped_are_bad(two_runs: Recorded) -> None:
    for folder in ("runs/", "blobs/", "log/"):
        paths = [path for path in two_runs.files if path.startswith(folder)]
        for one, other in itertools.pairwise(paths):
            swapped = {one: two_runs.files[other], other: two_runs.files[one]}
            assert two_runs.verify(two_runs.files | swapped).exit_code == 5, (one, other)


def test_an_older_state_of_the_log_is_caught_by_the_remembered_head(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    site.record_run("run-1", [b"one"])
    before = site.files()
    site.record_run("run-2", [b"two"])
    head = site.files()["log/checkpoint"]
    assert verify_store(MemoryReader(before), site.trust, now=LATER).exit_code == 0
    report = verify_store(MemoryReader(before), site.trust, now=LATER, remembered=head)
    assert report.exit_code == 5
    assert "its end was cut off" in report.steps[2].detail


def test_without_trust_changed_files_are_still_bad(two_runs: Recorded) -> None:
    for path, data in two_runs.files.items():
        changed = data[:-3] + bytes([data[-3] ^ 4]) + data[-2:]
        files = two_runs.files | {path: changed}
        report = verify_store(MemoryReader(files), None, rejudge=rejudge, now=LATER)
        assert report.exit_code == 5, path


@given(st.data())
def test_hostile_files_give_an_answer_and_never_ok(two_runs: Recorded, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(two_runs.files)))
    content = data.draw(st.binary(max_size=200) | st.sampled_from([b"[" * 5000, bytes(70_000)]))
    assert two_runs.verify(two_runs.files | {path: content}).exit_code == 5


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Three bundles, the last one at two widths, and a second level of tiles."""
    site = Site(tmp_path_factory.mktemp("long"))
    site.record_run("run-1", [b"one"] * 550)
    site.record_run("run-2", [b"two"])
    files = {path: data for path, data in site.files().items() if path not in DERIVED}
    return Recorded(files, site.trust)


def test_a_change_in_any_tile_of_a_long_log_is_named(long_log: Recorded) -> None:
    assert long_log.verify(long_log.files).exit_code == 0
    tiles = [path for path in long_log.files if path.startswith("log/tile/")]
    assert {path.split("/")[2] for path in tiles} == {"entries", "0", "1"}
    for path in tiles:
        data = long_log.files[path]
        flipped = data[:40] + bytes([data[40] ^ 1]) + data[41:]
        for changed in (flipped, data * 9, data[:-1], b"\xff" * 20_000_000):
            report = long_log.verify(long_log.files | {path: changed})
            assert path in named(report), path


def test_all_that_is_damaged_is_named_at_once(long_log: Recorded) -> None:
    damaged = ["log/tile/entries/000", "log/tile/entries/001"]
    files = long_log.files | {
        path: long_log.files[path][:50] + b"?" + long_log.files[path][51:] for path in damaged
    }
    assert named(long_log.verify(files)) == set(damaged)
    unreadable = long_log.files | dict.fromkeys(damaged, b"\xff")
    assert named(long_log.verify(unreadable)) == set(damaged)
