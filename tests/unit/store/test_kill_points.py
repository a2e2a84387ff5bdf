"""kill -9 before every call that writes: what was acknowledged is there, and all verifies."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.unit.store.building import Site
from tests.unit.store.stories import STORIES, Said, Story, at, check
from tests.unit.store.tracing import Child


def told(site: Site, story: Story, stop: int) -> tuple[Child, bytes]:
    """Tell the story up to a stop of its teller, then kill -9; what it had acknowledged."""
    reading, writing = os.pipe()
    child = Child(lambda: story.tell(site, Said(writing)))
    child.run_to(stop)
    child.kill()
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return child, pipe.read()


def stops(site: Site, story: Story) -> list[int]:
    """The stops of the story before calls that change something in the store."""
    reading, writing = os.pipe()
    child = Child(lambda: story.tell(site, Said(writing)))
    found = [child.stops for call in child.calls() if call.path.startswith(str(site.root))]
    child.kill()
    os.close(reading)
    os.close(writing)
    assert child.status == 0, "the story was not told to its end"
    return found


@pytest.mark.parametrize("name", STORIES)
def test_killed_before_any_call_a_writer_loses_nothing(memory: Path, name: str) -> None:
    story = STORIES[name]
    model, site = Site(memory / "model"), memory / "site"
    story.prepare(model)
    shutil.copytree(model.root, site)
    points = stops(at(site, model, hours=1), story)
    replayed = 0
    for point, stop in enumerate([*points, 1_000_000]):
        shutil.rmtree(site)
        shutil.copytree(model.root, site)
        child, said = told(at(site, model, hours=1), story, stop)
        assert os.WIFSIGNALED(child.status) == (stop < 1_000_000)
        found = check(at(site, model, hours=2), said)
        assert not found.problem, f"killed before call {point} of {name!r}: {found.problem}"
        replayed += found.recovery.entries > 0
    sys.stdout.write(f"{name}: {len(points)} points, {replayed} with entries replayed\n")
    assert len(points) >= story.least
    assert replayed > 0


def test_there_are_two_thousand_points() -> None:
    assert sum(story.least for story in STORIES.values()) >= 2000
