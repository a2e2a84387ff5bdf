"""The calls that add fields to one item.

They run one after the other, because a later one may depend on what an earlier one gave. A call
that fails leaves exactly its own fields unread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from auditor.collectors.aws.caller import Caller, Reply, Request
from auditor.collectors.aws.extract import MALFORMED, Draft, put, read_fields
from auditor.collectors.aws.facts import FUNCTIONS
from auditor.collectors.aws.facts.unreadable import sequence
from auditor.collectors.aws.loader import CollectedType
from auditor.collectors.aws.model import EnrichSpec, FieldSpec, LocateSpec, Values
from auditor.collectors.aws.paths import search
from auditor.core.model.observation import Call, Gap, Resource
from auditor.core.model.status import Cause

_ACCOUNT = "{account}"


def enrich(
    draft: Draft, collected: CollectedType, caller: Caller, located: list[Call] | None = None
) -> tuple[Resource, list[Call]]:
    """The finished resource, and the provenance of its calls.

    Args:
        draft: The fields of the item itself are read; their key is there.
        located: What `locate` gave, where it was called before.
    """
    calls = locate(draft, collected, caller) if located is None else located
    key = str(draft.data[collected.spec.key])
    for spec in collected.spec.enrich:
        vanished = _enrich_once(draft, collected, spec, caller, calls)
        if vanished is not None:
            _mark_vanished(draft, collected, vanished)
            break
    unread = {name: replace(gap, subject=key) for name, gap in draft.unread.items()}
    return Resource(data=draft.data, uid=draft.uid, unread=unread), calls


def locate(draft: Draft, collected: CollectedType, caller: Caller) -> list[Call]:
    """Ask where the item is, if its list does not say; gives the provenance of the call."""
    calls: list[Call] = []
    if collected.spec.locate is not None and "region" in draft.unread:
        _locate(draft, collected, collected.spec.locate, caller, calls)
    return calls


def filled_params(params: Values, places: Mapping[str, str]) -> dict[str, object]:
    """Constant parameters with the account's id in its place."""
    account = places["account"]
    return {name: _with_account(value, account) for name, value in params.items()}


def _with_account(value: object, account: str) -> object:
    if isinstance(value, list):
        return [_with_account(member, account) for member in value]
    return account if value == _ACCOUNT else value


def put_values(
    draft: Draft, collected: CollectedType, specs: Mapping[str, FieldSpec], values: Values
) -> None:
    """Give fields their stated values; what is not stated is null, which the catalogue checks."""
    for declared in specs:
        name = declared.removesuffix("?")
        put(draft, collected, name, values.get(name))


def mark_unread(draft: Draft, specs: Iterable[str], gap: Gap) -> None:
    """Leave the fields unread, for the same reason."""
    for declared in specs:
        draft.unread[declared.removesuffix("?")] = gap


def _enrich_once(
    draft: Draft, collected: CollectedType, spec: EnrichSpec, caller: Caller, calls: list[Call]
) -> Gap | None:
    """Make one call and read its fields; a gap comes back when the item no longer exists."""
    if not _applies(draft, spec):
        put_values(draft, collected, spec.fields, spec.otherwise)
        return None
    if spec.each or spec.chunks:
        ask = _enrich_from_each if spec.each else _enrich_in_chunks
        ask(draft, collected, spec, caller, calls)
        return None
    try:
        request = request_for(draft, collected, spec)
    except MALFORMED as error:
        mark_unread(draft, spec.fields, _unaskable(spec, error))
        return None
    reply = _ask(caller, request, collected, spec, calls)
    absent = reply.meaning(spec.absent)
    if absent is not None:
        put_values(draft, collected, spec.fields, absent)
    elif reply.gap is None:
        found = reply.found if spec.shared else None
        read_fields(draft, collected, spec.fields, reply.body, found)
    elif reply.code in collected.spec.gone:
        return Gap(Cause.VANISHED, "it was listed and no longer exists", action=request.action)
    else:
        mark_unread(draft, spec.fields, reply.gap)
    return None


def _enrich_from_each(
    draft: Draft, collected: CollectedType, spec: EnrichSpec, caller: Caller, calls: list[Call]
) -> None:
    """Make a call for each of the values, and read the fields from all of the answers."""
    [(parameter, path)] = spec.each.items()
    try:
        first = request_for(draft, collected, spec)
        values = sorted(set(search(path, draft.item)))  # type: ignore[call-overload] # tried
    except MALFORMED as error:
        mark_unread(draft, spec.fields, _unaskable(spec, error))
        return
    answers: dict[str, Mapping[str, object]] = {}
    for value in values:
        request = replace(first, params={**first.params, parameter: value})
        reply = _ask(caller, request, collected, spec, calls)
        if reply.gap is not None:
            mark_unread(draft, spec.fields, reply.gap)
            return
        answers[value] = reply.body
    read_fields(draft, collected, spec.fields, {"item": draft.item, "answers": answers})


def _enrich_in_chunks(
    draft: Draft, collected: CollectedType, spec: EnrichSpec, caller: Caller, calls: list[Call]
) -> None:
    """Make a call for so many ids at a time, and read the fields from all of the answers."""
    [(parameter, field)] = spec.chunks.items()
    if field in draft.unread:
        mark_unread(draft, spec.fields, draft.unread[field])
        return
    ids = draft.data[field]
    try:
        first = request_for(draft, collected, spec)
        chunks = _chunks(ids, spec.chunk_size)
    except MALFORMED as error:
        mark_unread(draft, spec.fields, _unaskable(spec, error))
        return
    answers: list[Mapping[str, object]] = []
    for chunk in chunks:
        request = replace(first, params={**first.params, parameter: chunk})
        reply = _ask(caller, request, collected, spec, calls)
        if reply.gap is not None:
            mark_unread(draft, spec.fields, reply.gap)
            return
        answers.append(reply.body)
    read_fields(draft, collected, spec.fields, {"ids": ids, "answers": answers})


def _chunks(ids: object, size: int) -> list[list[object]]:
    found = sequence(ids, "ids")
    return [found[start : start + size] for start in range(0, len(found), size)]


def _unaskable(spec: EnrichSpec, error: Exception) -> Gap:
    return Gap(Cause.UNPARSABLE, f"{spec.operation} cannot be asked: {error}")


def _locate(
    draft: Draft, collected: CollectedType, spec: LocateSpec, caller: Caller, calls: list[Call]
) -> None:
    """Ask where the item is; the calls that follow are sent there."""
    params = {name: search(path, draft.item) for name, path in spec.from_.items()}
    request = Request(collected.service, draft.region, spec.operation, params)
    reply = caller.send(request)
    calls.append(reply.call)
    if reply.gap is not None:
        draft.unread["region"] = reply.gap
        return
    try:
        draft.region = str(FUNCTIONS[spec.via](search(spec.path, reply.body)))
    except MALFORMED as error:
        draft.unread["region"] = Gap(Cause.UNPARSABLE, f"region: {error}", action=request.action)
    else:
        del draft.unread["region"]
        draft.data["region"] = draft.region
        draft.places = {**draft.places, "region": draft.region}


def _applies(draft: Draft, spec: EnrichSpec) -> bool:
    """Whether the call is made; where a condition is unread, the call decides."""
    return all(
        name in draft.unread or draft.data[name] in values for name, values in spec.when.items()
    )


def request_for(draft: Draft, collected: CollectedType, spec: EnrichSpec) -> Request:
    """The call of an enrichment for this item.

    Raises:
        ValueError: The item lacks what the call needs; or another of `MALFORMED`.
    """
    params = filled_params(spec.params, draft.places)
    for name, path in spec.from_.items():
        value = search(path, draft.item)
        if value is None:
            raise ValueError(f"the item has no {path}")
        params[name] = value
    service = spec.service or collected.service
    return Request(service, draft.region, spec.operation, params, first_page=spec.first_page)


def _ask(
    caller: Caller, request: Request, collected: CollectedType, spec: EnrichSpec, calls: list[Call]
) -> Reply:
    """The reply; an answer "no such item" is asked for once more, lists may run ahead."""
    reply = caller.shared(request) if spec.shared else caller.send(request)
    calls.append(_known(reply, spec))
    if reply.code in collected.spec.gone and not spec.shared:
        reply = caller.send(request)
        calls.append(_known(reply, spec))
    return reply


def _known(reply: Reply, spec: EnrichSpec) -> Call:
    """An error that means "not configured" is a complete answer."""
    return reply.call if reply.meaning(spec.absent) is None else replace(reply.call, ok=True)


def _mark_vanished(draft: Draft, collected: CollectedType, gap: Gap) -> None:
    names = (name.removesuffix("?") for call in collected.spec.enrich for name in call.fields)
    mark_unread(draft, (name for name in names if name not in draft.data), gap)
