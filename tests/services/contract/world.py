"""What the contract suite must be told of a kind of target: a system in a good state, and trouble.

A world is made once for the whole suite, and its system is read again and again. What cannot be
shown for a kind of target is not left out: a `CannotBe` says why, and stands in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from auditor.collectors.own_records import OwnRecords
from auditor.core.model.status import Cause
from auditor.core.model.target import Target


@dataclass(frozen=True, slots=True)
class CannotBe:
    """Why there is no such trouble, no pages or no budget for a kind of target."""

    reason: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A way in which the system cannot be read.

    Args:
        target: What is read then.
        causes: What the gaps may say; one of them must be on every type concerned.
        types: The types concerned; () for all.
        meanwhile: What holds while it is read, such as being another user.
        project: Whether there are records of a project.
        some_rights: Types that need no right are still answered; then as whole as ever.
        answers: Preflight still gets an answer: only what comes after it is in trouble.
    """

    target: Target
    causes: Iterable[Cause]
    types: Sequence[str] = ()
    meanwhile: Callable[[], AbstractContextManager[object]] = nullcontext
    project: bool = True
    some_rights: bool = False
    answers: bool = False


@dataclass(frozen=True, slots=True)
class Pages:
    """The same system, read in pages of other sizes.

    Args:
        targets: Each gives the same resources in the same order as the world's own target.
        types: Of which at least one call of the world's own, or of one of `targets`, must have
            several pages: else nothing is proven.
    """

    targets: Sequence[Target]
    types: Sequence[str]


@dataclass(frozen=True, slots=True)
class World:
    """A running system in a good state.

    Args:
        target: Reads it with everything that its account needs.
        state: What the system itself knows of changes to it: the same before and after a reading.
        secrets: Texts that the system holds, or that we sign in with, and that are not kept.
        denied: An identity without rights.
        timeout: A system that takes connections and says nothing.
        unreachable: Nothing listens there.
        pages: Other sizes of pages.
        requests: How many requests have reached the system, counted by the system.
        keys: Type to the field that is its key, where no shipped control names one.
        moving: Type to fields (dotted) that differ between two readings of an unchanged system.
        gaps: Type to the reason why it is not complete even here.
        silent: Types that ask the system nothing, so that a budget of one request is enough.
        inventory: Of `auditor.yaml`.
        records: The records of a project.
    """

    target: Target
    state: Callable[[], object]
    secrets: Sequence[str]
    denied: Trouble | CannotBe
    timeout: Trouble | CannotBe
    unreachable: Trouble | CannotBe
    pages: Pages | CannotBe
    requests: Callable[[], int] | CannotBe
    keys: Mapping[str, str] = field(default_factory=dict)
    moving: Mapping[str, Sequence[str]] = field(default_factory=dict)
    gaps: Mapping[str, str] = field(default_factory=dict)
    silent: Sequence[str] = ()
    inventory: Mapping[str, object] = field(default_factory=dict)
    records: OwnRecords | None = None


MakeWorld = Callable[[Path], AbstractContextManager[World]]
"""Starts the system, with a folder of its own that other users may enter."""
