"""Power cuts: in every state that a disk may be in, what was acknowledged is there.

The calls of real writers are recorded with their data and played into a model of a disk, which
says what may be left after each of them. The same is tried with calls left out or in another order:
then bad states must be found, or the test would not have shown anything.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.store.building import Site
from tests.unit.store.disk_model import Disk, Files, lay_out, picks
from tests.unit.store.stories import (
    STORIES,
    Said,
    Story,
    Tell,
    a_run,
    at,
    check,
    committed,
    in_batches,
)
from tests.unit.store.tracing import Call, Child

NOT_EVIDENCE = ("evidence/tmp", "evidence/lock", "evidence/index.sqlite")
Trace = list[Call]


def traced(site: Site, tell: Tell, until: int | None = None) -> Trace:
    """The calls of a teller; killed before its call number `until`."""
    reading, writing = os.pipe()
    child = Child(lambda: tell(site, Said(writing)))
    calls: Trace = []
    for call in child.calls():
        if call.descriptor == writing or call.path.startswith(str(site.root)):
            if len(calls) == until:
                break
            calls.append(call)
    child.kill()
    os.close(reading)
    os.close(writing)
    assert child.status == 0 or until is not None
    return calls


@dataclass
class Cut:
    """A state after a power cut, and what had been acknowledged by then."""

    after: int
    files: Files
    said: bytes


def cuts(disk: Disk, calls: Trace, samples: int = 12) -> Iterator[Cut]:
    """States that may be found after each call; each one once."""
    draw = random.Random(20260301)  # noqa: S311 - a sample, no secret
    said = b""
    known: set[int] = set()
    for number, call in enumerate(calls):
        if call.path.startswith("pipe:"):
            said += call.data
        else:
            disk.apply(call)
        for pick in picks(disk.pending(), draw.random, samples):
            state = disk.after_power_cut(pick)
            files = {p: d for p, d in state.items() if not p.startswith(NOT_EVIDENCE)}
            name = hash((frozenset(files.items()), said))
            if name not in known:
                known.add(name)
                yield Cut(number, files, said)


def problems(model: Site, root: Path, chosen: list[Cut]) -> Iterator[str]:
    """What is wrong after each of the cuts; nothing where all is well."""
    for cut in chosen:
        lay_out(cut.files, root)
        found = check(at(root, model, hours=3), cut.said)
        if found.problem:
            yield f"after call {cut.after}: {found.problem}"
        shutil.rmtree(root)


def chosen(all_cuts: list[Cut], count: int) -> list[Cut]:
    """Some of them, from the whole length."""
    draw = random.Random(1)  # noqa: S311 - a sample, no secret
    return draw.sample(all_cuts, min(count, len(all_cuts)))


def recorded(root: Path, story: Story) -> tuple[Site, Site, Disk, Trace]:
    """A story told to its end: the site with the keys, that of the teller, the disk, the calls."""
    model = Site(root / "model")
    story.prepare(model)
    shutil.copytree(model.root, root / "site")
    site = at(root / "site", model, hours=1)
    disk = Disk(site.root)
    return model, site, disk, traced(site, story.tell)


# Nearly everything is safe at nearly every moment: it takes many commits to see many states.
LONG = {"90 commits": Story(committed(200), in_batches(*[1, 2, 1] * 30), 0)}
LEAST = 40
MOST = 1300


@pytest.mark.parametrize("name", [*STORIES, *LONG])
def test_a_power_cut_at_any_moment_loses_nothing(memory: Path, name: str) -> None:
    model, _site, disk, calls = recorded(memory, (STORIES | LONG)[name])
    every = chosen(list(cuts(disk, calls)), MOST)
    assert list(problems(model, memory / "after", every)) == []
    sys.stdout.write(f"{name}: {len(every)} states\n")
    assert len(every) >= LEAST * (32 if name in LONG else 1)


def test_there_are_two_thousand_states() -> None:
    assert LEAST * (len(STORIES) + 32 * len(LONG)) + 200 * len(SECOND) >= 2000


SECOND = {
    "batches": (in_batches(2, 1), in_batches(3, 1, first=1000)),
    "runs": (a_run("run-x"), a_run("run-y")),
}


@pytest.mark.parametrize("name", SECOND)
def test_a_power_cut_after_another_writer_was_killed_loses_nothing(memory: Path, name: str) -> None:
    """What the dead one left unsafe, the next one must not build on unsafe."""
    first, second = SECOND[name]
    model = Site(memory / "model")
    site = at(memory / "site", model, hours=1)
    site.root.mkdir()
    length = len(traced(site, first))
    count = 0
    for until in range(1, length, max(1, length // 24)):
        shutil.rmtree(site.root)
        site.root.mkdir()
        disk = Disk(site.root)
        for call in (before := traced(at(site.root, model, hours=1), first, until)):
            if not call.path.startswith("pipe:"):
                disk.apply(call)
        said = b"".join(call.data for call in before if call.path.startswith("pipe:"))
        calls = traced(at(site.root, model, hours=2), second)
        every = [Cut(cut.after, cut.files, said + cut.said) for cut in cuts(disk, calls, 1)]
        some = chosen(every, 12)
        assert list(problems(model, memory / "after", some)) == [], f"killed before call {until}"
        count += len(some)
    sys.stdout.write(f"{name}, one killed and then another: {count} states\n")
    assert count >= 200


def without_syncs(*, files: bool) -> Callable[[Trace], Trace]:
    """The trace without fsync of files, or of folders."""

    def mutate(calls: Trace) -> Trace:
        plain = {call.path for call in calls if call.name in ("create", "write", "truncate")}
        plain |= {call.target for call in calls if call.name == "rename"}
        return [c for c in calls if c.name != "sync" or (c.path in plain) != files]

    return mutate


def without_journal_sync(calls: Trace) -> Trace:
    return [c for c in calls if c.name != "sync" or not c.path.endswith("/journal")]


def checkpoint_first(calls: Trace) -> Trace:
    """Each checkpoint before the tiles of its commit."""
    mutated: Trace = []
    commit: Trace = []
    for call in calls:
        if call.path.endswith("/journal") or call.path.startswith("pipe:"):
            mutated += _checkpoint_before(commit)
            commit = []
            mutated.append(call)
        else:
            commit.append(call)
    return mutated + _checkpoint_before(commit)


def _checkpoint_before(commit: Trace) -> Trace:
    """The calls of one commit, with those about the checkpoint's file moved to the front."""
    files: list[Trace] = [[]]
    for call in commit:
        if call.name == "create" and "/tmp/" in call.path:
            files.append([])
        files[-1].append(call)
    first = [file for file in files if any(c.target.endswith("/checkpoint") for c in file)]
    others = [file for file in files[1:] if file not in first]
    return [call for file in files[:1] + first + others for call in file]


def journal_emptied_first(calls: Trace) -> Trace:
    """The journal emptied before the checkpoint is written."""
    mutated = list(calls)
    for number, call in enumerate(calls):
        if call.target.endswith("/checkpoint"):
            later = [c for c in calls[number:] if c.path.endswith("/journal")]
            if later and later[0].name == "truncate":
                moved = later[:2]
                mutated = [c for c in mutated if not any(c is item for item in moved)]
                place = next(at for at, c in enumerate(mutated) if c is call)
                mutated[place:place] = moved
    return mutated


MUTATIONS = {
    "no fsync of files": without_syncs(files=True),
    "no fsync of folders": without_syncs(files=False),
    "no fsync of the journal": without_journal_sync,
    "checkpoint before tiles": checkpoint_first,
    "journal emptied before the checkpoint": journal_emptied_first,
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_with_a_step_left_out_or_moved_bad_states_are_found(memory: Path, name: str) -> None:
    model, _site, disk, calls = recorded(memory, STORIES["the first commits"])
    mutated = MUTATIONS[name](calls)
    assert mutated != calls
    every = chosen(list(cuts(disk, mutated)), 400)
    bad = next(problems(model, memory / "after", every), None)
    sys.stdout.write(f"{name}: {bad}\n")
    assert bad is not None
