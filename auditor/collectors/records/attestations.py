"""Attestations of a folder: which there are for each check, and which of them count.

For each check that waits for one: the newest that counts, and every newer one that does not, as a
resource whose fields are unread. Where none counts and none is wrong, a gap says that a person is
waited for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.attest.detached import SIGNATURE_SUFFIX
from auditor.attest.signing import key_id
from auditor.catalog.source import parse_yaml, validate
from auditor.collectors.own_records import OwnRecords, Reading, Wanted
from auditor.collectors.records.files import MAX_ATTACHMENT, Folder, sha256, unreadable
from auditor.collectors.records.standing import FROM_FILE
from auditor.core.canonical import digest
from auditor.core.model.attestation import REVIEW_SUFFIX, Attestation
from auditor.core.model.observation import Call, Gap, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.times import format_instant
from auditor.errors import AuditorError, CollectionError, DefinitionError


@dataclass(frozen=True, slots=True)
class Found:
    """One file, and what lies beside it.

    Args:
        digests: Attachment to the SHA-256 of the file that is there; "" where it cannot be read.
    """

    attestation: Attestation
    text: str
    sidecar: str
    review: str
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everything in the folder; `gaps` are files that are no attestations."""

    found: Sequence[Found]
    gaps: Sequence[Gap]
    call: Call


def read_shelf(folder: Folder, clock_time: datetime) -> Shelf:
    """Read every `*.yaml` of the folder; a folder that is not there is an empty one."""
    found: list[Found] = []
    gaps: list[Gap] = []
    if folder.path.exists() and not folder.path.is_dir():
        gaps.append(unreadable(CollectionError(f"{folder.name} is not a folder")))
    for name in _names(folder, gaps):
        try:
            found.append(read_attestation(folder, name))
        except (CollectionError, DefinitionError) as error:
            gaps.append(unreadable(error, name, "mend the file, or take it out"))
    seen: set[str] = set()
    for one in found:
        name = one.attestation.id
        if name in seen:
            gaps.append(unreadable(CollectionError(f"two attestations have the id {name}"), name))
        seen.add(name)
    request = f"read {folder.name}/*.yaml"
    call = Call(request, "local", clock_time, items=len(found), ok=not gaps)
    return Shelf(found, gaps, call)


def _names(folder: Folder, gaps: list[Gap]) -> list[str]:
    """Files of the folder itself; one that cannot be listed is a gap, and not an empty one."""
    try:
        return [name for name in folder.files(".yaml") if "/" not in name]
    except CollectionError as error:
        if folder.path.is_dir():
            gaps.append(unreadable(error))
        return []


def read_attestation(folder: Folder, name: str) -> Found:
    """One file of the folder, its signatures and the digests of its attachments.

    Raises:
        CollectionError: It cannot be read.
        DefinitionError: It is no attestation.
    """
    text = folder.text(name)
    attestation = validate(parse_yaml(text, f"{folder.name}/{name}"), Attestation)
    return Found(
        attestation,
        text,
        _beside(folder, name + SIGNATURE_SUFFIX),
        _beside(folder, name + REVIEW_SUFFIX),
        {a.name: _digest(folder, f"{attestation.id}/{a.name}") for a in attestation.attachments},
    )


def _beside(folder: Folder, name: str) -> str:
    """A signature; "" where none can be read, which never counts."""
    try:
        return folder.text(name)
    except CollectionError:
        return ""


def _digest(folder: Folder, name: str) -> str:
    try:
        return sha256(folder.read(name, MAX_ATTACHMENT))
    except CollectionError:
        return ""


def read_attestations(
    shelf: Shelf, kind: ResourceType, records: OwnRecords, read_at: datetime
) -> Reading:
    """What a resource type's checks have: see the top of this module."""
    wanted = [one for one in records.wanted if one.resource_type == kind.name]
    resources: list[Resource] = []
    gaps = list(shelf.gaps)
    for one in wanted:
        chosen = list(_of_check(shelf, kind, records, one, read_at))
        resources += chosen
        gaps += _gone(shelf, records, one, read_at)
        if not chosen:
            gaps.append(_waiting(one))
    return Reading(resources, {"wanted": len(wanted)}, gaps, [shelf.call])


def _waiting(wanted: Wanted) -> Gap:
    return Gap(
        Cause.NOT_ATTESTED,
        f"nobody has attested {wanted.check} yet; it waits for {wanted.role}",
        subject=wanted.check,
        hint=f"auditor attest {wanted.check} --role {wanted.role} --statement ... --key ...",
    )


def _gone(shelf: Shelf, records: OwnRecords, wanted: Wanted, read_at: datetime) -> Iterator[Gap]:
    """What the log took note of, and neither lies here nor was followed by a later statement.

    Without this, a statement that says what nobody likes could be taken away, and another one laid
    there that bears an earlier date.
    """
    texts = {digest(one.text.encode()) for one in shelf.found}
    made = [one.attestation.made_at for one in shelf.found if one.attestation.check == wanted.check]
    for noted in records.noted:
        over = noted.valid_until is not None and noted.valid_until <= read_at
        followed = any(time > noted.at for time in made)
        if noted.check == wanted.check and noted.digest not in texts and not (over or followed):
            yield Gap(
                Cause.INCOMPLETE,
                f"the log took note of attestation {noted.id} at {format_instant(noted.at)}"
                f" (entry {noted.entry}), and it is not here any more as it was",
                subject=f"{wanted.check} {noted.id}",
                hint="put it back, or attest again: what is made after that takes its place",
            )


def _of_check(
    shelf: Shelf, kind: ResourceType, records: OwnRecords, wanted: Wanted, read_at: datetime
) -> Iterator[Resource]:
    """From the newest back to the first that counts."""
    own = [one for one in shelf.found if one.attestation.check == wanted.check]
    own.sort(key=lambda one: (one.attestation.made_at, one.attestation.id))
    for index in range(len(own) - 1, -1, -1):
        reused = _reused(own[index], own[:index]) | _reused_of_log(own[index], shelf, records)
        raw = _raw(own[index], reused, records, wanted, read_at)
        resource = as_resource(own[index].attestation.id, raw, kind)
        yield resource
        if not resource.unread:
            return


def _raw(
    found: Found, reused: Mapping[str, str], records: OwnRecords, wanted: Wanted, read_at: datetime
) -> dict[str, object]:
    names = {found.attestation.made_by, found.attestation.reviewer}
    return {
        "text": found.text,
        "sidecar": found.sidecar,
        "review": found.review,
        "keys": {name: key for name, key in records.approvers.items() if name in names},
        "role": wanted.role,
        "holders": list(wanted.holders),
        "found": dict(found.digests),
        "reused": dict(reused),
        "ends": dict(_ends(names, records)),
        "logged": dict(_logged(found, records)),
        "read_at": format_instant(read_at),
    }


def _ends(names: Collection[str | None], records: OwnRecords) -> Iterator[tuple[str, str]]:
    """Name to when the key went out of use, of those whose key did."""
    for name, text in records.approvers.items():
        if name in names and records.key_ends:
            try:
                end = records.key_ends.get(key_id(text))
            except AuditorError:
                continue  # no public key: `problem_of` says so
            if end is not None:
                yield name, format_instant(end)


def _logged(found: Found, records: OwnRecords) -> Iterator[tuple[str, str]]:
    """When the log first took note of this text with this signature, and with this review."""
    text = digest(found.text.encode())
    for name, sidecar in (("signature", found.sidecar), ("review", found.review)):
        at = records.signed_by.get((text, digest(sidecar.encode())))
        if at is not None:
            yield name, format_instant(at)


def _reused_of_log(found: Found, shelf: Shelf, records: OwnRecords) -> dict[str, str]:
    """The same as `_reused`, of what the log took note of and is not here any more as it was.

    A file that was written over served its period as well, and goes by the same id.
    """
    here = {digest(one.text.encode()) for one in shelf.found}
    digests = {a.sha256 for a in found.attestation.attachments}
    return {
        noted.id: noted.period
        for noted in records.noted
        if noted.check == found.attestation.check
        and noted.digest not in here
        and noted.period != (found.attestation.period or "")
        and noted.attachments
        and digests
        and (digests <= noted.attachments or noted.attachments <= digests)
    }


def _reused(found: Found, earlier: Sequence[Found]) -> dict[str, str]:
    """Earlier attestations with the same attachments, and their periods.

    All of one among those of the other are the same: a file more, or less, makes no new evidence.
    """
    digests = {a.sha256 for a in found.attestation.attachments}
    return {
        one.attestation.id: one.attestation.period or ""
        for one in earlier
        if (theirs := {a.sha256 for a in one.attestation.attachments})
        and digests
        and (digests <= theirs or theirs <= digests)
    }


def as_resource(name: str, raw: Mapping[str, object], kind: ResourceType) -> Resource:
    """The resource; where the attestation does not count, all that it says is unread."""
    if kind.derive is None:
        raise CollectionError(f"{kind.name} has no derive step")
    told = dict(kind.derive({"id": name, "raw": raw}))
    data = {"id": name, **told, "raw": dict(raw)}
    problem = str(told["problem"])
    if not problem:
        return Resource(data)
    gap = Gap(
        Cause.INCOMPLETE,
        f"the attestation {name} does not count: {problem}",
        hint=f"auditor attest verify {name}",
    )
    kept = {key: value for key, value in data.items() if key not in FROM_FILE}
    return Resource(kept, unread=dict.fromkeys(FROM_FILE, gap))
