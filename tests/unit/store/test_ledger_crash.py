"""Whatever is cut off or killed: what was acknowledged is there, and the log verifies."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from auditor.ledger.entries import WaiverRecord
from tests.unit.store.building import Site
from tests.unit.store.test_ledger_writer import numbers
from tests.unit.store.workers import numbered, reopened, start

JOURNAL = "log/journal"
Files = dict[str, bytes]


def log_files(site: Site) -> Files:
    return {path: data for path, data in site.files().items() if path.startswith("log/")}


def lay_out(site: Site, files: Files) -> None:
    """Put the log into exactly this state."""
    root = site.root / "evidence"
    shutil.rmtree(root)
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def check(site: Site, acknowledged: list[int]) -> None:
    """Open and recover: nothing acknowledged is lost, and the log can go on."""
    with site.open() as log:
        log.append(numbered(999))
        log.commit()
    found = numbers(site.store)
    assert found[: len(acknowledged)] == acknowledged
    assert found[-1] == 999
    assert site.verify().steps[3].verdict == "ok"
    assert site.verify().exit_code != 5


class Story:
    """A log before and after a commit of three more entries, across the end of a tile or not."""

    def __init__(self, site: Site, before: int) -> None:
        with site.open() as log:
            for number in range(before - 1):
                log.append(numbered(number))
            log.commit()
        self.committed = list(range(before - 1))
        self.old = log_files(site)
        with site.open() as log:
            for number in range(before - 1, before + 2):
                log.append(numbered(number))
        self.journal = log_files(site)[JOURNAL]
        with site.open() as log:
            log.commit()
        self.new = log_files(site)
        self.all = list(range(before + 2))

    def states_of_commit(self) -> list[Files]:
        """The states that a crash within the commit can leave, in the order of writing."""
        state = self.old | {JOURNAL: self.journal}
        states = [dict(state)]
        added = [path for path in self.new if path not in self.old and path != JOURNAL]
        for path in sorted(added, key=lambda name: ("entries" not in name, name)):
            state[path] = self.new[path]
            states.append(dict(state))
        state["log/checkpoint"] = self.new["log/checkpoint"]
        states.append(dict(state))
        state[JOURNAL] = b""
        states.append(dict(state))
        return states


@pytest.mark.parametrize("before", [1, 5, 254, 255, 256])
def test_a_crash_at_any_step_of_a_commit_loses_nothing(tmp_path: Path, before: int) -> None:
    site = Site(tmp_path)
    story = Story(site, before)
    states = story.states_of_commit()
    assert len(states) >= 5
    for state in states:
        lay_out(site, state)
        check(site, story.all)


def test_a_journal_cut_at_any_byte_gives_its_whole_entries(tmp_path: Path) -> None:
    site = Site(tmp_path)
    story = Story(site, 3)
    length = len(story.journal) // 3  # three entries of one length
    assert len(story.journal) == 3 * length
    cuts = {*range(0, len(story.journal), 11)}
    cuts |= {at * length + near for at in (0, 1, 2) for near in (-9, -1, 0, 1, 4, 8, 9)}
    for cut in sorted(cut for cut in cuts if cut >= 0):
        lay_out(site, story.old | {JOURNAL: story.journal[:cut]})
        check(site, story.committed + story.all[2 : 2 + cut // length])


def test_a_crash_while_a_whole_tile_is_written_loses_nothing(tmp_path: Path) -> None:
    """A bundle becomes full before the commit: its files are past the checkpoint."""
    site = Site(tmp_path)
    with site.open() as log:
        log.commit()
    old = log_files(site)
    with site.open() as log:
        for number in range(300):
            log.append(numbered(number))
    new = log_files(site)
    added = [path for path in new if path not in old]
    assert sorted(added) == ["log/tile/0/000", "log/tile/entries/000"]
    for kept in ([], added[:1], added):
        lay_out(site, old | {JOURNAL: new[JOURNAL]} | {path: new[path] for path in kept})
        check(site, list(range(300)))


def test_a_new_log_that_died_before_its_first_checkpoint_goes_on(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with site.open() as log:
        log.append(WaiverRecord(fields={"number": 0}))
    journal = log_files(site)[JOURNAL]
    for cut in range(0, len(journal) + 1, 17):
        lay_out(site, {JOURNAL: journal[:cut]})
        check(site, [0] if cut == len(journal) else [])


def rest_of(worker: subprocess.Popen[str]) -> str:
    """What it still said; `communicate` would leave out what `readline` had read ahead."""
    assert worker.stdout is not None
    with worker.stdout as pipe:
        rest = pipe.read()
    worker.wait(timeout=60)
    return rest


def test_a_writer_killed_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    """Thirty times kill -9 at a random number of acknowledged entries, on one and the same log."""
    site = Site(tmp_path)
    draw = random.Random(20260301)  # noqa: S311 - a sample, no secret
    acknowledged: list[int] = []
    for turn in range(30):
        worker = start("for-ever", site, str(turn * 1000))
        assert worker.stdout is not None
        lines = [worker.stdout.readline() for _ in range(draw.randint(1, 40))]
        worker.kill()
        acknowledged += [int(line) for line in [*lines, *rest_of(worker).split("\n")[:-1]]]
    with reopened(site.root).open() as log:
        log.commit()
    found = numbers(site.store)
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found)) <= len(acknowledged) + 30
    assert site.verify().steps[3].verdict == "ok"


def test_writers_that_queue_and_die_lose_nothing_and_hold_up_nobody(tmp_path: Path) -> None:
    """Several processes take turns; some are killed while they wait or write."""
    site = Site(tmp_path)
    draw = random.Random(20260302)  # noqa: S311 - a sample, no secret
    acknowledged: list[int] = []
    for turn in range(4):
        first = [turn * 100 + number * 10 for number in range(5)]
        workers = [start("turns", site, str(number), killed=True) for number in first]
        for worker in workers[:3]:
            assert worker.stdout is not None
            acknowledged += [int(worker.stdout.readline()) for _ in range(draw.randint(1, 4))]
            worker.kill()
        for worker in workers:
            acknowledged += map(int, rest_of(worker).split())
        assert [worker.returncode for worker in workers[3:]] == [0, 0]
    with reopened(site.root).open() as log:
        log.commit()
    found = numbers(site.store)
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))
    assert site.verify().steps[3].verdict == "ok"
