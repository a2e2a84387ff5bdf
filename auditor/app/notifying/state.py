"""What was delivered and what waits: a file of the working folder, outside the evidence.

It is no evidence and proves nothing. Lost, people are told again; so it is written whole or not at
all, and one that cannot be read is an error and never an empty one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from auditor.app.notifying.events import Event
from auditor.core.model.control import Model
from auditor.core.times import Instant
from auditor.errors import ConfigError
from auditor.store.lock import exclusive_lock

KEEP = timedelta(days=400)
"""How long it is remembered that an event was delivered."""
_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=24)
_DOUBLINGS = 10
_LOCK_S = 60.0


class Waiting(Model):
    """An event that one channel has not got yet; `problem` is what the last attempt met."""

    channel: str
    event: Event
    since: Instant
    attempts: int = Field(default=0, ge=0)
    next_at: Instant
    problem: str = ""

    def failed(self, problem: str, now: datetime) -> Waiting:
        """After one more attempt: the pause doubles from five minutes up to a day."""
        pause = min(_FIRST_PAUSE * 2 ** min(self.attempts, _DOUBLINGS), _LONGEST_PAUSE)
        changes = {"attempts": self.attempts + 1, "next_at": now + pause, "problem": problem}
        return self.model_copy(update=changes)


class DeliveryState(Model):
    """The file.

    `delivered` is channel to fingerprint to time; `position` how far the log was read.
    """

    schema_: Literal["deliveries-1"] = Field(default="deliveries-1", alias="schema")
    position: int | None = None
    delivered: dict[str, dict[str, Instant]] = Field(default_factory=dict)
    waiting: tuple[Waiting, ...] = ()

    def knows(self, channel: str, fingerprint: str) -> bool:
        """The channel has the event, or it waits for it."""
        return fingerprint in self.delivered.get(channel, {}) or any(
            item.channel == channel and item.event.fingerprint == fingerprint
            for item in self.waiting
        )

    def only_for(self, channels: Sequence[str]) -> DeliveryState:
        """Without what waits for channels that are configured no more."""
        kept = tuple(item for item in self.waiting if item.channel in channels)
        return self.model_copy(update={"waiting": kept})

    def due_at(self, now: datetime) -> DeliveryState:
        """With everything that waits due now: somebody mended what was wrong."""
        due = tuple(item.model_copy(update={"next_at": now}) for item in self.waiting)
        return self.model_copy(update={"waiting": due})

    def with_waiting(self, new: Sequence[Waiting], position: int | None) -> DeliveryState:
        """With more that waits, and the log read up to there."""
        return self.model_copy(update={"waiting": (*self.waiting, *new), "position": position})

    def sent(self, items: Sequence[Waiting], now: datetime) -> DeliveryState:
        """After these were accepted; what was delivered long ago is forgotten."""
        gone = {(item.channel, item.event.fingerprint) for item in items}
        delivered = {
            channel: {f: at for f, at in times.items() if now - at < KEEP}
            for channel, times in self.delivered.items()
        }
        for channel, fingerprint in gone:
            delivered.setdefault(channel, {})[fingerprint] = now
        left = [w for w in self.waiting if (w.channel, w.event.fingerprint) not in gone]
        return self.model_copy(update={"delivered": delivered, "waiting": tuple(left)})

    def refused(self, items: Sequence[Waiting], problem: str, now: datetime) -> DeliveryState:
        """After an attempt that failed."""
        gone = {(item.channel, item.event.fingerprint) for item in items}
        waiting = [
            w.failed(problem, now) if (w.channel, w.event.fingerprint) in gone else w
            for w in self.waiting
        ]
        return self.model_copy(update={"waiting": tuple(waiting)})


def load_state(path: Path) -> DeliveryState:
    """The state of a file; a new one where there is none.

    Raises:
        ConfigError: It cannot be read, or is not a file of this format.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return DeliveryState()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(path)) from error
    try:
        return DeliveryState.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"not a file of format deliveries-1: {place}: {first['msg']}",
            hint="restore it, or remove it: what was told before is then told again",
            where=str(path),
        ) from error


def save_state(path: Path, state: DeliveryState) -> None:
    """Write it, readable by its owner alone; whole or not at all.

    Raises:
        ConfigError: The folder takes no file.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(state.model_dump_json(by_alias=True, indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise ConfigError(f"cannot be written: {error.strerror}", where=str(path)) from error


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Nobody else sends while the block runs: two would tell everything twice."""
    with exclusive_lock(path.with_name(f".{path.name}.lock"), _LOCK_S):
        yield
