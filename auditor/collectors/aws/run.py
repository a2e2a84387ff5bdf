"""One collection from one account, from credentials to observations. Needs botocore.

`collector` loads this module when it is asked to read; the rest of the program does without.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError

from auditor import __version__
from auditor.collectors.aws.caller import Caller
from auditor.collectors.aws.collection import Collection, Progress
from auditor.collectors.aws.failures import classify
from auditor.collectors.aws.identity import Opened, who_am_i, with_regions
from auditor.collectors.aws.loader import CollectedType
from auditor.collectors.aws.modelcheck import check_against_botocore
from auditor.collectors.aws.permissions import WHOAMI
from auditor.collectors.aws.session import Account, Clients
from auditor.collectors.aws.settings import AwsSettings
from auditor.collectors.interface import CollectionContext, Preflight
from auditor.core.model.observation import Call, Gap, Observation, Resource
from auditor.core.model.target import Target

_SAY_EVERY = timedelta(seconds=10)
_COLLECTOR = f"aws {__version__}"


def preflight(settings: AwsSettings, context: CollectionContext) -> Preflight:
    """Whether the account answers, and as whom."""
    if settings.unresolved is not None:
        return Preflight("", Gap.from_json(settings.unresolved))
    try:
        clients = Clients(settings, context.timeout_s, context.budget)
    except BotoCoreError as error:
        return Preflight("", classify(error, *WHOAMI).gap)
    try:
        opened = who_am_i(settings, clients.home, Caller(clients, context.clock))
    finally:
        clients.close()
    identity = opened.account.caller if opened.account else ""
    return Preflight(identity, opened.gap)


def collect(
    target: Target,
    settings: AwsSettings,
    types: Sequence[CollectedType],
    context: CollectionContext,
) -> Iterator[Observation]:
    """One observation for each type, as they are ready."""
    report = _Report(target, context, context.clock())
    if settings.unresolved is not None:
        gap = Gap.from_json(settings.unresolved)
        yield from (report.nothing(collected, Opened(None, gap, ())) for collected in types)
        return
    try:
        clients = Clients(settings, context.timeout_s, context.budget)
    except BotoCoreError as error:  # an unknown profile, an unreadable configuration file
        gap = classify(error, *WHOAMI).gap
        yield from (report.nothing(collected, Opened(None, gap, ())) for collected in types)
        return
    try:
        check_against_botocore(types, clients.session)
        yield from _read(report, settings, types, clients)
    finally:
        clients.close()


def _read(
    report: _Report, settings: AwsSettings, types: Sequence[CollectedType], clients: Clients
) -> Iterator[Observation]:
    caller = Caller(clients, report.context.clock)
    opened = who_am_i(settings, clients.home, caller)
    regional = [collected for collected in types if collected.spec.scope == "regional"]
    placed = with_regions(opened, settings, clients.home, caller) if regional else opened
    if placed.account is None:
        yield from (report.nothing(collected, placed) for collected in types)
        return
    readable = types
    if placed.gap is not None:  # the regions are not known: what has none can still be read
        yield from (report.nothing(collected, placed) for collected in regional)
        readable = [collected for collected in types if collected not in regional]
    collection = Collection(
        placed.account,
        clients.home,
        caller,
        report.context.executor,
        settings,
        report.started_at,
    )
    for progress in collection.run(readable):
        made = [report.finished(progress, placed, placed.account)]
        del progress  # what waits here must not hold what was read
        yield made.pop()
        report.say(len(readable))


@dataclass(slots=True)
class _Report:
    """Makes observations, and says how far it is."""

    target: Target
    context: CollectionContext
    started_at: datetime
    done: int = 0
    said_at: datetime | None = None

    def say(self, wanted: int) -> None:
        """Types read, and requests of the whole run; not more often than people read lines."""
        self.done += 1
        now = self.context.clock()
        if now - (self.said_at or self.started_at) < _SAY_EVERY:
            return
        self.said_at = now
        budget = self.context.budget
        seconds = (now - self.started_at).total_seconds()
        limit = f" of {budget.limit}" if budget.limit is not None else ""
        self.context.progress(
            f"{self.target.name}: {self.done} of {wanted} types read, {budget.made}{limit} requests"
            f" in {seconds:.0f} s"
        )

    def nothing(self, collected: CollectedType, opened: Opened) -> Observation:
        """A type of which nothing could be read."""
        gaps = (opened.gap,) if opened.gap else ()
        return self._observation(collected, opened.account, gaps=gaps, calls=opened.calls)

    def finished(self, progress: Progress, opened: Opened, account: Account) -> Observation:
        """A type of which everything was asked."""
        collected = progress.collected
        key = collected.spec.key
        resources = sorted(progress.resources, key=lambda found: (str(found.data[key]), found.uid))
        # A shared call stands once, whatever the number of items that it served.
        calls = sorted(set(progress.calls), key=lambda call: (call.started_at, call.request))
        return self._observation(
            collected,
            account,
            resources=tuple(resources),
            gaps=tuple(sorted(progress.gaps, key=lambda gap: (gap.subject, gap.action))),
            calls=(*opened.calls, *calls),
            facts=_facts(progress, account),
            as_of=min([self.started_at, *progress.as_of]),
        )

    def _observation(
        self,
        collected: CollectedType,
        account: Account | None,
        *,
        gaps: tuple[Gap, ...],
        calls: tuple[Call, ...],
        resources: tuple[Resource, ...] = (),
        facts: dict[str, object] | None = None,
        as_of: datetime | None = None,
    ) -> Observation:
        return Observation(
            target=self.target.name,
            environment=self.target.environment,
            resource_type=collected.name,
            identity=account.caller if account else "",
            started_at=self.started_at,
            read_at=self.context.clock(),
            as_of=as_of or self.started_at,
            resources=resources,
            facts=facts or {},
            gaps=gaps,
            calls=calls,
            collector=_COLLECTOR,
        )


def _facts(progress: Progress, account: Account) -> dict[str, object]:
    facts: dict[str, object] = {
        "account": account.id,
        "caller": account.caller,
        "items": len(progress.resources),
    }
    if progress.collected.spec.scope == "regional":
        facts |= {
            "regions": list(account.regions),
            "regions_not_enabled": list(account.not_enabled),
        }
    return facts | progress.facts
