"""Asking for one item's details side by side, where few items would leave threads without work.

Only calls that depend on nothing but the listed item are sent ahead, and only after the first of
them has shown that the item still exists. `enrich` then reads the fields as it always does: what is
answered already is not asked again.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.collectors.aws.caller import Caller, Reply, Request
from auditor.collectors.aws.enrich import enrich, locate, request_for
from auditor.collectors.aws.extract import MALFORMED, Draft
from auditor.collectors.aws.loader import CollectedType
from auditor.core.model.observation import Call, Resource

FEW = 128
"""Listed items above which every thread has work anyway."""


class Answered(Caller):
    """A caller that has some answers already; each is given once, to the request that it is of."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._replies: dict[tuple[str, str], Reply] = {}

    def add(self, request: Request, reply: Reply) -> None:
        """Keep an answer."""
        self._replies[_key(request)] = reply

    def send(self, request: Request) -> Reply:
        """The answer that is there, or that of the account."""
        known = self._replies.pop(_key(request), None)
        return known if known is not None else self._caller.send(request)

    def shared(self, request: Request) -> Reply:
        """Answers for many items are asked for once anyway."""
        return self._caller.shared(request)

    @property
    def unused(self) -> list[Reply]:
        """Answers that nobody asked for after all: they are part of the provenance."""
        return list(self._replies.values())


def _key(request: Request) -> tuple[str, str]:
    return request.region, request.text()


@dataclass(slots=True)
class Begun:
    """An item that exists, and what is asked about it.

    Args:
        located: Provenance of finding its place.
        waiting: Calls to send now, in any order.
    """

    draft: Draft
    collected: CollectedType
    answered: Answered
    located: list[Call]
    waiting: list[Request]

    def receive(self, request: Request, reply: Reply) -> bool:
        """Take an answer; True when it is the last one."""
        self.answered.add(request, reply)
        self.waiting.remove(request)
        return not self.waiting

    def finish(self) -> tuple[Resource, list[Call]]:
        """The resource, and the provenance of every call."""
        resource, calls = enrich(self.draft, self.collected, self.answered, self.located)
        return resource, [*calls, *(reply.call for reply in self.answered.unused)]


def begin(draft: Draft, collected: CollectedType, caller: Caller) -> Begun:
    """Find the item, and make the first call about it."""
    answered = Answered(caller)
    calls = locate(draft, collected, caller)
    requests = [] if "region" in draft.unread else _independent(draft, collected)
    if requests:
        reply = caller.send(requests[0])
        answered.add(requests[0], reply)
        requests = [] if reply.code in collected.spec.gone else requests[1:]
    return Begun(draft, collected, answered, calls, requests)


def _independent(draft: Draft, collected: CollectedType) -> list[Request]:
    """The calls that need nothing but the listed item."""
    found: list[Request] = []
    for spec in collected.spec.enrich:
        if spec.shared or spec.when or spec.each or spec.chunks:
            continue
        try:
            request = request_for(draft, collected, spec)
        except MALFORMED:
            continue  # `enrich` meets it again and says what is wrong with the item
        if request not in found:
            found.append(request)
    return found
