"""What every collector is. Collectors are the only code that talks to systems; they never judge.

Contract, which `tests/services/contract` checks for each of them:

- Nothing is swallowed. A denied, throttled, timed-out, truncated or unparsable answer becomes a
  `Gap`: on the observation when listing failed (with `subject` = the region or resource concerned,
  "" when it is all, `facts.<name>` when only that fact is missing), on the resource's `unread`
  when only one of its fields could not be read.
- `collect` yields exactly one observation for each resource type asked for, gaps or not.
- Evidence is normalised JSON: dict, list, str, int, bool, None. No floats (decimal strings), no
  datetime (RFC 3339 with zone), only the fields that the resource type declares, no secrets.
- Nothing is written to the system, and nothing active is sent unless `allow_probes`.
- Each request is a `Call`, in order of time, and so is looking for what is not there; the clock is
  the context's. What leaves this machine is taken from the budget first.
- The order of resources is the same for an unchanged system (sort by key where it has none).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel

from auditor.collectors.budget import CallBudget
from auditor.collectors.own_records import OwnRecords
from auditor.core.model.observation import Gap, Observation, Resource
from auditor.core.model.query import BoundQuery
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.target import Target

Wanted = Callable[[Resource], bool]
Earlier = Callable[[str, str, Wanted], Observation | None]


def nothing_earlier(_target: str, _resource_type: str, _wanted: Wanted) -> Observation | None:
    """For collections outside a project: nothing was recorded before."""
    return None


@dataclass(frozen=True, slots=True)
class CollectionContext:
    """What a collection may use, made once per run.

    Args:
        clock: The reader's clock, UTC.
        executor: Runs independent requests side by side (threads by default). A task must not
            submit further tasks to it and wait for them.
        inventory: `inventory` of `auditor.yaml`.
        allow_probes: The user has said that active probes are allowed.
        timeout_s: Ceiling for one request, in seconds.
        progress: Told a line for people when something takes long; never a secret.
        budget: Counts the requests of the run; a collector takes from it before each request that
            leaves this machine.
        earlier: What was recorded before this run of a target (its name) and a resource type: the
            newest observation that holds a resource that is wanted. For what may only grow, and is
            compared with what was there.
        records: The organisation's own records; None outside of a project.
        queries: Resource type to the control's own query that makes it, with its values bound for
            the target that is read; only collectors with a `query_language` get any.
    """

    clock: Callable[[], datetime]
    executor: Executor
    inventory: Mapping[str, object] = field(default_factory=dict)
    allow_probes: bool = False
    timeout_s: float = 30.0
    progress: Callable[[str], None] = lambda _line: None
    budget: CallBudget = field(default_factory=CallBudget)
    earlier: Earlier = nothing_earlier
    records: OwnRecords | None = None
    queries: Mapping[str, BoundQuery] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preflight:
    """Whether a target answers, and as whom."""

    identity: str
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One kind of request that reading will make.

    Args:
        request: Operation, in the system's own words (`s3:GetBucketAcl`).
        times: How often, where that is known before anything is read; None where it depends on
            what is found.
        per: What it is made for: `account`, `region`, `S3 bucket`.
    """

    request: str
    times: int | None
    per: str


@dataclass(frozen=True, slots=True)
class Expansion:
    """What a target that stands for many turned out to be.

    Args:
        targets: Those that are read; at least one. Where they could not be found out, one on which
            everything is a gap: it must not vanish.
        inventory: What was found and is not read, by name of the list, for people and checks.
    """

    targets: tuple[Target, ...]
    inventory: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class TargetKind:
    """A kind of target that a collector reads.

    Args:
        settings: Pydantic model (frozen, extra forbidden) of a target's own settings.
        declared: It is what somebody wrote down (manifests, a plan) and not a living system: what
            it cannot show is a gap of cause `not_declared` or `known_after_apply`.
    """

    settings: type[BaseModel]
    declared: bool = False


class Expander(Protocol):
    """A kind of target that stands for many: an organization for its accounts."""

    @property
    def target_kind(self) -> str:
        """`aws-organization`."""
        ...

    @property
    def settings(self) -> type[BaseModel]:
        """Pydantic model (frozen, extra forbidden) of such a target's settings."""
        ...

    def unexpanded(self, target: Target) -> Target:
        """One target in place of the many, for a plan that asks nothing."""
        ...

    def expand(self, target: Target, context: CollectionContext) -> Expansion:
        """Find out what it stands for; never raises because the system does not answer."""
        ...


def listed_permissions(types: Iterable[ResourceType]) -> Mapping[str, str]:
    """Permissions in the systems' own words, a line each, where there is no policy language."""
    lines = sorted({permission for kind in types for permission in kind.permissions})
    return {"text": "".join(f"{line}\n" for line in lines)}


class Collector(Protocol):
    """One kind of system."""

    @property
    def name(self) -> str:
        """First part of the names of its resource types: `aws`."""
        ...

    @property
    def query_language(self) -> str:
        """`sql` where it also answers the queries of controls; "" where it does not."""
        ...

    @property
    def target_kinds(self) -> Mapping[str, TargetKind]:
        """The kinds of targets it reads (`aws-account`), the most usual one first."""
        ...

    @property
    def expanders(self) -> Sequence[Expander]:
        """Kinds of targets that stand for many of its own."""
        ...

    def resource_types(self) -> Mapping[str, ResourceType]:
        """All types it can read, by name. Needs no SDK and no network."""
        ...

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        """The least that reading these types needs: name of a form to the document in that form.

        The first form is the default. Needs no SDK and no network.
        """
        ...

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        """Which requests reading these types will make; sorted. Sends nothing, needs no SDK."""
        ...

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        """One cheap request that says who we are there."""
        ...

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        """Read the resource types from the target, one observation for each, as they are ready.

        Args:
            target: Settings already validated by `settings`.
            resource_types: Names out of `resource_types()` and of `context.queries`, without
                duplicates.
            context: Clock, executor and limits.
        """
        ...
