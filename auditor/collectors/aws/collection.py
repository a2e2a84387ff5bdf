"""Reading types of one account: what is asked first, what follows from it, when a type is done.

One thread (the caller's) decides; the executor's threads only send requests. A task never waits
for a task that is still in the queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from auditor.collectors.aws.caller import Caller, Reply, Request
from auditor.collectors.aws.deep.readers import READERS, regions_of
from auditor.collectors.aws.deep.scope import Part
from auditor.collectors.aws.enrich import enrich, filled_params
from auditor.collectors.aws.extract import MALFORMED, Draft, to_json
from auditor.collectors.aws.fanout import FEW, Begun, begin
from auditor.collectors.aws.lists import Listing, list_items
from auditor.collectors.aws.loader import CollectedType
from auditor.collectors.aws.model import ListSpec
from auditor.collectors.aws.paths import search
from auditor.collectors.aws.session import Account
from auditor.collectors.aws.settings import AwsSettings
from auditor.core.model.fields import parse_field_type
from auditor.core.model.observation import Call, Gap, Resource
from auditor.core.model.status import Cause

_Result = TypeVar("_Result")


@dataclass(slots=True)
class Progress:
    """A type that is being read.

    Args:
        pending: Requests, or rows of requests, not yet answered.
        seen: Keys of the items that are in hand, where the same item shows in several regions.
    """

    collected: CollectedType
    pending: int = 0
    resources: list[Resource] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    as_of: list[datetime] = field(default_factory=list)
    seen: set[object] = field(default_factory=set)


class Collection:
    """Runs the reading of several types of one account side by side.

    Args:
        home: Region whose endpoints answer for the services without regions.
        started_at: When the collection began: the end of the times that deep readers look at.
    """

    def __init__(
        self,
        account: Account,
        home: str,
        caller: Caller,
        executor: Executor,
        settings: AwsSettings,
        started_at: datetime,
    ) -> None:
        self._account = account
        self._home = home
        self._settings = settings
        self._started_at = started_at
        self._caller = caller
        self._executor = executor
        self._done: SimpleQueue[tuple[Progress, Callable[[], None]]] = SimpleQueue()
        self._futures: set[Future[Any]] = set()

    def run(self, types: Sequence[CollectedType]) -> Iterator[Progress]:
        """Each type when everything about it is read or known to be missing."""
        try:
            for collected in types:
                self._start(collected)
            waiting = len(types)
            while waiting:
                progress, receive = self._done.get()
                receive()
                progress.pending -= 1
                if not progress.pending:
                    waiting -= 1
                    yield progress
                del progress, receive  # a finished type is its reader's alone
        finally:
            for future in tuple(self._futures):
                future.cancel()
            wait(self._futures)  # those already sent: their clients must outlive them

    def _start(self, collected: CollectedType) -> None:
        progress = Progress(collected)
        regional = collected.spec.scope == "regional"
        source = collected.spec.source
        once = not regional or (isinstance(source, ListSpec) and source.once)
        for region in (self._home,) if once else self._account.regions:
            listing = (collected, self._account, region, self._caller)
            self._submit(progress, self._listed, list_items, *listing)
        for name in collected.spec.facts:
            self._submit(progress, partial(_counted, name=name), self._count, collected, name)

    def _listed(self, progress: Progress, listing: Listing) -> None:
        """Take a region's items in hand; those without further calls are finished at once."""
        collected = progress.collected
        progress.gaps += listing.gaps
        progress.calls += listing.calls
        if listing.as_of is not None:
            progress.as_of.append(listing.as_of)
        for draft in listing.drafts:
            if not _is_new(progress, draft):
                continue
            if collected.spec.deep is not None:
                self._submit(progress, self._opened, enrich, draft, collected, self._caller)
            elif collected.spec.enrich and len(listing.drafts) <= FEW:
                self._submit(progress, self._begun, begin, draft, collected, self._caller)
            elif collected.spec.enrich:
                self._submit(progress, _enriched, enrich, draft, collected, self._caller)
            else:
                _enriched(progress, enrich(draft, collected, self._caller))

    def _begun(self, progress: Progress, item: Begun) -> None:
        """Ask the rest about an item side by side."""
        if not item.waiting:
            self._submit(progress, _enriched, item.finish)
        for request in tuple(item.waiting):
            receive = partial(self._answered, item=item, request=request)
            self._submit(progress, receive, self._caller.send, request)

    def _answered(self, progress: Progress, reply: Reply, *, item: Begun, request: Request) -> None:
        if item.receive(request, reply):
            self._submit(progress, _enriched, item.finish)

    def _opened(self, progress: Progress, result: tuple[Resource, list[Call]]) -> None:
        """Read an item deeply, in each region that it is read in."""
        item, calls = result
        progress.calls += calls
        deep = progress.collected.spec.deep
        if deep is None:  # excluded by _listed
            raise AssertionError(progress.collected.name)
        for region in regions_of(item, self._account):
            part = Part(
                item,
                self._account.id,
                region,
                self._settings,
                self._started_at,
                derived=deep.derived,
            )
            self._submit(progress, _enriched, READERS[deep.reader], part, self._caller)

    def _count(self, collected: CollectedType, name: str) -> Reply:
        """Ask for a figure of an independent source."""
        spec = collected.spec.facts[name]
        params = filled_params(spec.params, {"account": self._account.id})
        request = Request(collected.service, self._home, spec.operation, params)
        return self._caller.shared(request)

    def _submit(
        self,
        progress: Progress,
        receive: Callable[[Progress, _Result], None],
        task: Callable[..., _Result],
        *arguments: object,
    ) -> None:
        """Run a task on the executor and hand its result to `receive` in the caller's thread."""
        progress.pending += 1
        future = self._executor.submit(task, *arguments)
        self._futures.add(future)

        def finish() -> None:
            self._futures.discard(future)
            receive(progress, future.result())

        future.add_done_callback(lambda _future: self._done.put((progress, finish)))


def _is_new(progress: Progress, draft: Draft) -> bool:
    """Whether the item was not yet seen in another region."""
    if not progress.collected.spec.distinct:
        return True
    key = draft.data[progress.collected.spec.key]
    known = key in progress.seen
    progress.seen.add(key)
    return not known


def _enriched(progress: Progress, result: tuple[Resource, list[Call]]) -> None:
    resource, calls = result
    progress.resources.append(resource)
    progress.calls += calls


def _counted(progress: Progress, reply: Reply, *, name: str) -> None:
    """Keep the figure; without it the fact is absent, and a gap says why."""
    progress.calls.append(reply.call)
    spec = progress.collected.spec.facts[name]
    subject = f"facts.{name}"
    if reply.gap is not None:
        progress.gaps.append(replace(reply.gap, subject=subject))
        return
    try:
        found = search(spec.path, reply.body)
        progress.facts[name] = to_json(found, parse_field_type(spec.type))
    except MALFORMED as error:
        progress.gaps.append(Gap(Cause.UNPARSABLE, f"{spec.path}: {error}", subject=subject))
