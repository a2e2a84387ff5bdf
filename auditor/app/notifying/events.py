"""What can be told, and the JSON of a message: file format `event-1`.

An event says what was recorded, in plain text that is escaped by whoever shows it. Its fingerprint
is the same whenever it is found again, so that nobody is told twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field

from auditor.catalog.notifications import EventKind
from auditor.core.canonical import canonical, digest
from auditor.core.model.control import Model
from auditor.core.model.status import Severity
from auditor.core.times import Instant

TITLES: dict[EventKind, str] = {
    "new_failure": "New failures",
    "new_error": "No longer evaluated",
    "waiver_expiring": "Waivers at their end",
    "certificate_expiring": "Certificates at their end",
    "attestation_expiring": "Attestations at their end",
    "missed_run": "Runs that are missing",
}


class Event(Model):
    """One thing to tell.

    `subject` is what it is about, `detail` a sentence; both may hold collected text. `run` is the
    run that shows it, `due` when something ends or was expected.
    """

    kind: EventKind
    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$")
    run: str
    severity: Severity
    subject: str
    detail: str
    next: str
    environment: str = ""
    due: Instant | None = None


class EventMessage(Model):
    """What a webhook gets. `id` is the same when the same events are sent again."""

    schema_: Literal["event-1"] = Field(default="event-1", alias="schema")
    id: str
    organisation: str
    sent_at: Instant
    events: tuple[Event, ...]


def event_fingerprint(kind: EventKind, *parts: str) -> str:
    """64 hexadecimal digits over what makes an event the same."""
    return digest(canonical([kind, *parts])).removeprefix("sha256:")


def message_of(organisation: str, events: Sequence[Event], now: datetime) -> EventMessage:
    """A message with these events.

    Args:
        now: When it is sent, UTC.
    """
    seen = digest(canonical(sorted(event.fingerprint for event in events)))
    return EventMessage(
        id=f"msg_{seen.removeprefix('sha256:')[:32]}",
        organisation=organisation,
        sent_at=now,
        events=tuple(events),
    )


def order(event: Event) -> tuple[int, int, str, str]:
    """Worst first, within the order of the kinds."""
    return (list(TITLES).index(event.kind), event.severity.rank, event.subject, event.fingerprint)
