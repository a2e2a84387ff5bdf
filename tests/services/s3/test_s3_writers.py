"""Processes write one log in a bucket at once, some are killed: one history, nothing lost."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from auditor.attest.result import StepVerdict
from auditor.attest.verify import verify_store
from auditor.errors import LedgerError
from tests.services.s3.conftest import BucketSite, Place

pytestmark = pytest.mark.service
ROOT = Path(__file__).parents[3]


def start(place: Place, site: BucketSite, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.services.s3.workers", place.location, place.url]
    command += [str(site.root / "log.pem"), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def acknowledged(process: subprocess.Popen[str]) -> list[tuple[int, str]]:
    output, _errors = process.communicate(timeout=120)
    lines = [line.split() for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return [(int(index), name) for index, name in lines]


def check(site: BucketSite, written: list[tuple[int, str]]) -> None:
    with site.open() as log:
        log.commit()
    names = [getattr(entry.body, "run", "") for entry in site.store.entries()]
    assert [names[index] for index, _name in written] == [name for _index, name in written]
    assert names[1:] == list(dict.fromkeys(names[1:]))  # nothing is there twice
    report = verify_store(site.store.reader(), None, now=site.clock())
    assert report.steps[1].verdict is StepVerdict.OK
    assert report.steps[3].verdict in (StepVerdict.OK, StepVerdict.CANNOT_TELL)  # of the clock


def test_processes_that_write_at_once_make_one_history(weed: Place, tmp_path: Path) -> None:
    """On the server whose conditional writes are atomic; the stand-in looks and then writes."""
    site = BucketSite(tmp_path / "site", weed)
    processes = [start(weed, site, f"w{number}", 12) for number in range(4)]
    written = [line for process in processes for line in acknowledged(process)]
    assert [process.returncode for process in processes] == [0] * 4
    assert len(written) == 48
    check(site, written)


def test_processes_that_are_killed_lose_nothing_that_was_acknowledged(
    weed: Place, tmp_path: Path
) -> None:
    site = BucketSite(tmp_path / "site", weed)
    chance = random.Random(4)  # noqa: S311 - when to kill
    written: list[tuple[int, str]] = []
    for round_ in range(4):
        processes = [start(weed, site, f"r{round_}w{number}", 60) for number in range(3)]
        first = processes[0].stdout
        assert first is not None
        line = first.readline()  # now they are at work
        written.append((int(line.split()[0]), line.split()[1]))
        for process in processes:
            time.sleep(chance.random() * 0.3)
            process.kill()
        written += [line for process in processes for line in acknowledged(process)]
    check(site, written)


def test_threads_with_a_store_each_make_one_history(weed: Place, tmp_path: Path) -> None:
    site = BucketSite(tmp_path / "site", weed)
    sites = [BucketSite(tmp_path / f"site-{number}", weed) for number in range(6)]
    problems: list[BaseException] = []

    def record(number: int) -> None:
        one = sites[number]
        one.log_key, one.run_key = site.log_key, site.run_key
        try:
            for run in range(3):
                one.record_run(f"t{number}-{run}", [b"%d" % number, b"same"])
        except BaseException as error:  # noqa: BLE001 - shown by the assertion
            problems.append(error)

    threads = [threading.Thread(target=record, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(site.store.runs()) == 18
    report = site.verify()
    assert [step.number for step in report.steps if step.verdict is StepVerdict.BAD] == []


def test_a_log_of_another_organisation_is_refused(place: Place, tmp_path: Path) -> None:
    site = BucketSite(tmp_path / "site", place)
    site.record_run("run-1", [b"one"])
    other = BucketSite(tmp_path / "other", place)
    with pytest.raises(LedgerError, match="another key"), other.open():
        pass
