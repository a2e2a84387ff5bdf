"""A bucket in memory with S3's conditional semantics, and a scheduler that takes turns at random.

Every call of the port is a turn: between two turns any other writer may go on, die, or have a write
that was under way arrive late. The same seed gives the same history.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from auditor.errors import VerificationError
from auditor.store.s3.objects import NO_LOCK, Body, Found, Lock

T = TypeVar("T")


class Turn(Protocol):
    """Takes a turn: does one request, when its time has come."""

    def __call__(self, action: Callable[[], T], /) -> T: ...


def at_once(action: Callable[[], T], /) -> T:
    """For a writer that is alone."""
    return action()


class Killed(BaseException):
    """The writer's machine has died."""


@dataclass
class MemoryObjects:
    """What is stored; one for all writers."""

    files: dict[str, bytes] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    checkpoints: list[bytes] = field(default_factory=list)
    location: str = "s3://memory"

    def etag_of(self, path: str) -> str | None:
        data = self.files.get(path)
        return None if data is None else hashlib.md5(data).hexdigest()  # noqa: S324 - as S3 does

    def write(self, path: str, body: Body, condition: Callable[[], bool]) -> str | None:
        if not condition():
            own = path in self.files and self.claims.get(path) == body.claim
            return self.etag_of(path) if own else None
        data = body.source if isinstance(body.source, bytes) else body.source.read()
        assert hashlib.sha256(data).digest() == body.sha256
        self.files[path], self.claims[path] = data, body.claim
        if path == "log/checkpoint":
            self.checkpoints.append(data)
        return self.etag_of(path)


class Client:
    """One writer's way to the bucket."""

    def __init__(self, memory: MemoryObjects, turn: Turn = at_once) -> None:
        self.memory = memory
        self._turn = turn
        self.location = memory.location
        self.locks: dict[str, Lock] = {}

    def paths(self, folder: str) -> Iterator[str]:
        return self.paths_after(folder, "")

    def paths_after(self, folder: str, after: str) -> Iterator[str]:
        return iter(
            self._turn(
                lambda: sorted(
                    path
                    for path in self.memory.files
                    if path.startswith(f"{folder}/") and path > after
                )
            )
        )

    def exists(self, path: str) -> bool:
        return self._turn(lambda: path in self.memory.files)

    def etag(self, path: str) -> str | None:
        return self._turn(lambda: self.memory.etag_of(path))

    def chunks(self, path: str) -> Iterator[bytes]:
        data = self._turn(lambda: self.memory.files.get(path))
        if data is None:
            raise VerificationError("the file is missing", where=path)
        yield data

    def read(self, path: str, limit: int) -> Found | None:
        def look() -> Found | None:
            etag = self.memory.etag_of(path)
            return None if etag is None else Found(self.memory.files[path], etag)

        found = self._turn(look)
        assert found is None or len(found.data) <= limit
        return found

    def create(self, path: str, body: Body, lock: Lock = NO_LOCK) -> str | None:
        memory, self.locks[path] = self.memory, lock
        return self._turn(lambda: memory.write(path, body, lambda: path not in memory.files))

    def replace(self, path: str, body: Body, etag: str, lock: Lock = NO_LOCK) -> str | None:
        memory, self.locks[path] = self.memory, lock
        return self._turn(lambda: memory.write(path, body, lambda: memory.etag_of(path) == etag))

    def remove(self, paths: Sequence[str]) -> None:
        def drop() -> None:
            for path in paths:
                self.memory.files.pop(path, None)

        self._turn(drop)

    def erase(self, path: str, *, before: datetime | None = None) -> bool:
        del before
        self.remove([path])
        return True

    def extend(self, path: str, lock: Lock) -> None:
        raise NotImplementedError

    def release(self, path: str) -> None:
        raise NotImplementedError


class Turns:
    """Lets one thread go at a time, the next one by chance.

    Args:
        seed: Of all chances.
        deaths: Chance of a writer dying at a turn. It dies before its request, after it without
            having seen the answer, or with the request still on its way: it arrives later.
    """

    def __init__(self, seed: int, deaths: float) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a seed makes it repeatable
        self._deaths = deaths
        self._changed = threading.Condition()
        self._waiting: set[int] = set()
        self._current: int | None = None
        self._late: list[Callable[[], object]] = []
        self.died = 0

    def run(self, writers: Sequence[Callable[[Turn], None]]) -> None:
        """Run writers to their ends, each in a thread; whatever they raise but death is raised."""
        errors: list[BaseException] = []
        alive = set(range(len(writers)))

        def work(number: int) -> None:
            try:
                self._wait(number)
                writers[number](_turn_of(self, number))
            except Killed:
                self.died += 1
            except BaseException as error:  # noqa: BLE001 - handed to the test
                errors.append(error)
            with self._changed:
                alive.discard(number)
                self._current = None
                self._changed.notify_all()

        threads = [threading.Thread(target=work, args=(n,)) for n in range(len(writers))]
        for thread in threads:
            thread.start()
        with self._changed:
            while alive:
                self._changed.wait_for(
                    lambda: not alive or (self._current is None and self._waiting >= alive)
                )
                if alive:
                    self._current = self._random.choice(sorted(alive))
                    self._waiting.discard(self._current)
                    self._changed.notify_all()
        for thread in threads:
            thread.join()
        while self._late:
            self._late.pop()()
        if errors:
            raise errors[0]

    def _wait(self, number: int) -> None:
        with self._changed:
            self._waiting.add(number)
            if self._current == number:
                self._current = None
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._current == number)

    def take(self, number: int, action: Callable[[], T]) -> T:
        self._wait(number)
        if self._late and self._random.random() < 0.2:
            self._late.pop(self._random.randrange(len(self._late)))()
        if self._random.random() < self._deaths:
            fate = self._random.choice(("before", "after", "late"))
            if fate == "after":
                action()
            elif fate == "late":
                self._late.append(action)
            raise Killed
        return action()


def _turn_of(turns: Turns, number: int) -> Turn:
    def take(action: Callable[[], T], /) -> T:
        return turns.take(number, action)

    return take
