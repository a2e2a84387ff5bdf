"""The worlds, each started when it is first asked for, and what was read of each in good state."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.app.registry import Collectors
from auditor.collectors.interface import Collector
from tests.services.contract.reading import Read, collect
from tests.services.contract.world import World
from tests.services.contract.worlds import make_world


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of target: its collector, its running world, and two readings of it.

    Args:
        before, between, after: What the system itself knew of changes, around the readings.
        reached: Requests that the system had counted at those moments; () if it does not count.
    """

    collector: Collector
    world: World
    first: Read
    second: Read
    states: tuple[object, object, object]
    reached: tuple[int, ...]


@pytest.fixture(scope="session")
def subject_of() -> Iterator[Callable[[str], Subject]]:
    """The subject of a kind of target."""
    made: dict[str, Subject | Exception] = {}
    collectors = Collectors()
    with ExitStack() as stack:

        def get(kind: str) -> Subject:
            if kind not in made:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="contract-")))
                folder.chmod(0o755)
                try:
                    world = stack.enter_context(make_world(kind)(folder))
                    made[kind] = _read_twice(collectors.by_kind(kind), world)
                except Exception as error:  # noqa: BLE001 - each test of it fails, and none retries
                    made[kind] = error
            found = made[kind]
            if isinstance(found, Exception):
                raise found
            return found

        yield get


def _read_twice(collector: Collector, world: World) -> Subject:
    count = world.requests if callable(world.requests) else None
    states, reached = [world.state()], [count()] if count else []
    reads = []
    for _ in range(2):
        reads.append(collect(collector, world))
        states.append(world.state())
        reached += [count()] if count else []
    return Subject(
        collector, world, reads[0], reads[1], (states[0], states[1], states[2]), tuple(reached)
    )
