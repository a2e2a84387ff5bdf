"""What ends soon, or has ended: waivers, certificates, attestations, as a recorded run has them.

Each is told of twice at most: when its end is near, and when it has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from auditor.app.notifying.events import Event, event_fingerprint
from auditor.catalog.notifications import EventKind, WarnBefore
from auditor.collectors.records.types import ATTESTATION
from auditor.core.evaluate import ObservationKey
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.policy import Policy
from auditor.core.model.status import Severity
from auditor.core.times import format_instant, parse_instant

_CERTIFICATE_END = "not_after"
_NAMES = ("endpoint", "arn", "id", "name", "subject", "fingerprint")


def expiring(
    run: str,
    policy: Policy,
    evidence: Mapping[ObservationKey, Observation],
    warn: WarnBefore,
    now: datetime,
) -> Iterator[Event]:
    """Everything of the run whose end is near or past.

    Args:
        now: The moment that ends are measured from, UTC.
    """
    yield from _waivers(run, policy, warn.waivers, now)
    for name in sorted(policy.resource_types):
        certificates = _CERTIFICATE_END in policy.resource_types[name].fields.fields
        if not certificates and not name.startswith(ATTESTATION):
            continue
        for key in sorted(key for key in evidence if key[1] == name):
            seen = evidence[key]
            if certificates:
                yield from _certificates(run, seen, warn.certificates, now)
            else:
                yield from _attestations(run, seen, warn.attestations, now)


def _waivers(run: str, policy: Policy, soon: timedelta, now: datetime) -> Iterator[Event]:
    for signed in policy.waivers:
        waiver = signed.waiver
        if signed.signature != "valid":
            continue
        subject = f"{waiver.id} for {waiver.check}"
        action = f"auditor waivers list; auditor waive {waiver.check} --help"
        event = _ending("waiver_expiring", run, subject, waiver.expires, soon, now, action)
        if event:
            yield event


def _certificates(run: str, seen: Observation, soon: timedelta, now: datetime) -> Iterator[Event]:
    for resource in seen.resources:
        end = _instant(resource, _CERTIFICATE_END)
        if end is None:
            continue
        subject = f"{_name(resource)} ({seen.resource_type} of {seen.target})"
        event = _ending("certificate_expiring", run, subject, end, soon, now, "auditor report")
        if event:
            yield event.model_copy(update={"environment": seen.environment})


def _attestations(run: str, seen: Observation, soon: timedelta, now: datetime) -> Iterator[Event]:
    """Only the newest that counts for a check: an older one may end, for it was renewed."""
    newest: dict[str, tuple[datetime, str]] = {}
    for resource in seen.resources:
        end = _instant(resource, "valid_until")
        if end is None or resource.data.get("problem"):
            continue
        check = str(resource.data.get("check", ""))
        newest[check] = max(newest.get(check, (end, "")), (end, str(resource.data.get("id", ""))))
    for check, (end, name) in sorted(newest.items()):
        subject, action = f"{name} for {check}", f"auditor attest {check} --help"
        event = _ending("attestation_expiring", run, subject, end, soon, now, action)
        if event:
            yield event.model_copy(update={"environment": seen.environment})


def _ending(
    kind: EventKind,
    run: str,
    subject: str,
    end: datetime,
    soon: timedelta,
    now: datetime,
    action: str,
) -> Event | None:
    """The event, where the end is near or past; None where it is far."""
    if end - now > soon:
        return None
    ended = end <= now
    text = format_instant(end)
    return Event(
        kind=kind,
        fingerprint=event_fingerprint(kind, subject, text, "ended" if ended else "near"),
        run=run,
        severity=Severity.HIGH if ended else Severity.MEDIUM,
        subject=subject,
        detail=f"it ended at {text}" if ended else f"it ends at {text}",
        next=action,
        due=end,
    )


def _instant(resource: Resource, name: str) -> datetime | None:
    """A field that is null or could not be read has no end to tell of; its check is in error."""
    value = resource.data.get(name)
    return parse_instant(value) if isinstance(value, str) else None


def _name(resource: Resource) -> str:
    return next((str(resource.data[n]) for n in _NAMES if resource.data.get(n)), "unnamed")
