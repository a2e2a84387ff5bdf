"""Changes by people, from events of the API server's audit log (audit.k8s.io/v1).

Counted is what a user outside the system's own names (`system:`) created, updated, patched or
deleted; reviews are left out, which are created and write nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import orjson

from auditor.collectors.kubernetes.world import Item, UnreadError, World, mapping, text
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_KIND = "AuditEvent"
_VERBS = frozenset({"create", "update", "patch", "delete", "deletecollection"})
# An administrator's name (k3s, OpenShift), and whoever shows no credentials: not the system itself.
_NOT_SYSTEM = frozenset({"system:admin", "system:anonymous"})
_REVIEWS = frozenset({"authentication.k8s.io", "authorization.k8s.io"})


def changes_by_people(items: Sequence[Item], world: World) -> Iterable[Item]:
    """A row for each change, once even where files of the log overlap."""
    seen: set[str] = world.once("changes told", set)  # it is called event by event
    for item in items:
        event = item.object
        identity = text(event.get("auditID"))
        if _is_change(event) and identity not in seen:
            seen.add(identity)
            yield Item(_KIND, {"row": _row(event)}, identity)


def _is_change(event: Mapping[str, object]) -> bool:
    reference = mapping(event.get("objectRef"))
    return (
        event.get("stage") == "ResponseComplete"
        and event.get("verb") in _VERBS
        and reference.get("apiGroup") not in _REVIEWS
        and not _is_system(_user(event))
    )


def _is_system(user: str) -> bool:
    return user.startswith("system:") and user not in _NOT_SYSTEM


def _user(event: Mapping[str, object]) -> str:
    return text(mapping(event.get("user")).get("username"))


def _row(event: Mapping[str, object]) -> dict[str, object]:
    reference = mapping(event.get("objectRef"))
    parts = ("apiGroup", "resource", "subresource", "namespace", "name")
    return {
        "id": event.get("auditID"),
        "user": _user(event),
        "verb": event.get("verb"),
        "object": "/".join(text(reference.get(part)) for part in parts if reference.get(part)),
        "at": event.get("requestReceivedTimestamp"),
        "code": mapping(event.get("responseStatus")).get("code"),
    }


def audit_events(world: World) -> int:
    """How many events of any kind the log holds.

    Raises:
        UnreadError: The log could not be read completely.
    """
    return sum(1 for _ in _events(world))


def newest_audit_event(world: World) -> str:
    """When the newest request in the log came in.

    Raises:
        UnreadError: The log could not be read completely, or holds no event.
    """
    times = (text(event.get("requestReceivedTimestamp")) for event in _events(world))
    # RFC 3339 in UTC with microseconds: texts sort like times.
    newest = max(times, default="")
    if not newest:
        detail = "the audit log holds no event"
        raise UnreadError(
            Gap(Cause.NOT_COLLECTED, detail, hint="look at the log's path and policy")
        )
    return newest


def _events(world: World) -> Iterator[Mapping[str, object]]:
    listing = world.listings[_KIND]
    gap = listing.gap_for(None)
    if gap is not None:
        raise UnreadError(gap)
    for _place, document in listing.documents:
        yield orjson.loads(document)
