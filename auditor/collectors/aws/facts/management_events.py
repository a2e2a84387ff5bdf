"""Who did what, out of CloudTrail's own records.

Source: CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity element".
The name of a session is often a person's address: the role that was assumed is kept instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from auditor.collectors.aws.facts.unreadable import Unreadable, mapping, mappings, text


def management_events(events: object) -> list[dict[str, object]]:
    """Events as rows; what a record does not say makes that field unreadable, not the list."""
    return [_row(event) for event in mappings(events, "Events")]


def _row(event: Mapping[str, object]) -> dict[str, object]:
    row: dict[str, object] = {
        "id": event.get("EventId"),
        "name": event.get("EventName"),
        "service": event.get("EventSource"),
        "at": event.get("EventTime"),
    }
    try:
        record = mapping(
            json.loads(text(event.get("CloudTrailEvent"), "CloudTrailEvent")), "record"
        )
        error = record.get("errorCode")
        row["error"] = None if error is None else text(error, "errorCode")
        row["actor"] = _actor(mapping(record.get("userIdentity"), "userIdentity"))
    except ValueError as error:
        row["actor"] = row["error"] = Unreadable(str(error))
    return row


def _actor(identity: Mapping[str, object]) -> str:
    """ARN of the role of a session, else of the user, else the service that acted."""
    context = mapping(identity.get("sessionContext") or {}, "sessionContext")
    issuer = mapping(context.get("sessionIssuer") or {}, "sessionIssuer")
    for found in (issuer.get("arn"), identity.get("arn"), identity.get("invokedBy")):
        if found is not None:
            return text(found, "actor")
    raise ValueError(f"userIdentity of type {identity.get('type')!r} names nobody")
