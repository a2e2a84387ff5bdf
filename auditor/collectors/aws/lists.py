"""Listing a type in one region: the items as drafts, and what is missing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from auditor.collectors.aws.caller import Caller, Reply, Request
from auditor.collectors.aws.enrich import filled_params, put_values
from auditor.collectors.aws.extract import MALFORMED, Draft, filled, read_fields
from auditor.collectors.aws.facts import FUNCTIONS
from auditor.collectors.aws.loader import CollectedType
from auditor.collectors.aws.model import GetSpec, ListSpec, PrepareSpec, Values
from auditor.collectors.aws.paths import search
from auditor.collectors.aws.session import Account
from auditor.core.model.observation import Call, Gap
from auditor.core.model.status import Cause
from auditor.core.times import parse_instant


@dataclass(slots=True)
class Listing:
    """What one region gave."""

    region: str
    drafts: list[Draft] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    as_of: datetime | None = None


def list_items(collected: CollectedType, account: Account, region: str, caller: Caller) -> Listing:
    """The items of a type in one region.

    Args:
        region: Region that is asked; for a global type the one its endpoint is called in.
    """
    listing = Listing(region)
    places = {"partition": account.partition, "account": account.id, "region": region}
    source = collected.spec.source
    if isinstance(source, GetSpec):
        _get(collected, source, places, caller, listing)
    elif _prepared(collected, source.prepare, caller, listing):
        _list(collected, source, places, caller, listing)
    subject = region if collected.spec.scope == "regional" else ""
    listing.gaps = [
        Gap(gap.cause, gap.detail, gap.subject or subject, gap.action, gap.hint)
        for gap in listing.gaps
    ]
    return listing


def _get(
    collected: CollectedType,
    source: GetSpec,
    places: Mapping[str, str],
    caller: Caller,
    listing: Listing,
) -> None:
    reply = _send(collected, source, places, caller)
    draft = _draft(collected, reply.body, places)
    listing.calls.append(reply.call)
    absent = reply.meaning(source.absent)
    if absent is not None:
        listing.calls = [replace(reply.call, ok=True)]  # a complete answer: not configured
        put_values(draft, collected, collected.spec.fields, absent)
    elif reply.gap is not None:
        listing.gaps.append(reply.gap)
        return
    else:
        read_fields(draft, collected, collected.spec.fields, reply.body)
    listing.drafts.append(draft)


def _list(
    collected: CollectedType,
    source: ListSpec,
    places: Mapping[str, str],
    caller: Caller,
    listing: Listing,
) -> None:
    for variant in source.variants or [{}]:
        _list_variant(collected, source, places, caller, listing, variant)


def _list_variant(
    collected: CollectedType,
    source: ListSpec,
    places: Mapping[str, str],
    caller: Caller,
    listing: Listing,
    variant: Values,
) -> None:
    reply = _send(collected, source, places, caller, variant)
    listing.calls.append(reply.call)
    if reply.gap is not None:
        listing.gaps.append(reply.gap)
    try:
        items = _items(source, reply)
        listing.as_of = _moment(source.as_of, reply)
    except MALFORMED as error:
        detail = f"{source.operation}: {error}"
        listing.gaps.append(Gap(Cause.UNPARSABLE, detail, action=_action(collected, source)))
        return
    for number, item in enumerate(items, start=1):
        draft = _draft(collected, item, places)
        read_fields(draft, collected, collected.spec.fields, item)
        _keep(collected, source, draft, number, listing)


def _keep(
    collected: CollectedType, source: ListSpec, draft: Draft, number: int, listing: Listing
) -> None:
    """An item without key or id cannot be told from another: it alone is a gap."""
    key = collected.spec.key
    try:
        if collected.spec.uid is not None:
            draft.uid = filled(collected.spec.uid, draft)
    except MALFORMED as error:
        draft.unread.setdefault(key, Gap(Cause.UNPARSABLE, f"id: {error}"))
    if key in draft.unread:
        detail = f"item {number} of {source.operation}: {draft.unread[key].detail}"
        action = _action(collected, source)
        listing.gaps.append(Gap(Cause.UNPARSABLE, detail, action=action))
    else:
        listing.drafts.append(draft)


def _items(source: ListSpec, reply: Reply) -> list[object]:
    """The listed items; an answer that fails on its first page has none."""
    if not reply.body and (reply.gap is not None or not source.empty):
        return []
    found = search(source.items, reply.body)
    if found is None and source.empty and reply.gap is None:
        return []
    rows = found if source.rows is None else FUNCTIONS[source.rows](found)
    if not isinstance(rows, list):
        raise ValueError(f"the answer has no list at {source.items}")
    return rows


def _moment(path: str | None, reply: Reply) -> datetime | None:
    if path is None or not reply.body:
        return None
    return parse_instant(search(path, reply.body))


def _draft(collected: CollectedType, item: object, places: Mapping[str, str]) -> Draft:
    """A draft with the fields that every resource has."""
    own = collected.spec.region and search(collected.spec.region, item)
    known = isinstance(own, str) and own
    region = str(own) if known else places["region"]
    draft = Draft(item, region, {**places, "region": region})
    draft.data["account"] = places["account"]
    if known or collected.spec.scope == "regional":
        draft.data["region"] = region
    elif collected.spec.region is not None:
        detail = f"region: the item has no {collected.spec.region}"
        draft.unread["region"] = Gap(Cause.UNPARSABLE, detail)
    return draft


def _send(
    collected: CollectedType,
    source: ListSpec | GetSpec,
    places: Mapping[str, str],
    caller: Caller,
    variant: Values | None = None,
) -> Reply:
    params = filled_params({**source.params, **(variant or {})}, places)
    empty = isinstance(source, ListSpec) and source.empty
    request = Request(collected.service, places["region"], source.operation, params, empty=empty)
    return caller.shared(request)


def _prepared(
    collected: CollectedType, spec: PrepareSpec | None, caller: Caller, listing: Listing
) -> bool:
    """Ask the system to make what will be read, until it says that it has."""
    if spec is None:
        return True
    request = Request(collected.service, listing.region, spec.operation)
    for attempt in range(spec.attempts):
        if attempt:
            time.sleep(spec.delay_s)
        reply = caller.send(request)
        listing.calls.append(reply.call)
        if reply.gap is not None:
            listing.gaps.append(reply.gap)
            return False
        if search(spec.path, reply.body) == spec.until:
            return True
    detail = f"{spec.operation}: not {spec.until} after {spec.attempts} requests"
    listing.gaps.append(Gap(Cause.TIMEOUT, detail, action=request.action, hint="scan again"))
    return False


def _action(collected: CollectedType, source: ListSpec | GetSpec) -> str:
    return Request(collected.service, "", source.operation).action
