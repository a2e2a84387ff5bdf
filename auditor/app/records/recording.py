"""What people signed goes into the log: waivers in force, attestations that count, attachments.

An entry is made when something is new or has changed since the last entry about it, so that a
report can cite the index at which it came into force. Attachments are copied into the store by
digest. `recorded` states are read back from the log, never remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue

from auditor.app.assess import load_policy
from auditor.app.project import Project
from auditor.app.records.own import ProjectRecords
from auditor.collectors.records.attestations import Found, read_attestations, read_shelf
from auditor.collectors.records.files import MAX_ATTACHMENT, Folder, sha256
from auditor.collectors.records.types import ATTESTATION
from auditor.core.canonical import digest
from auditor.core.model.policy import Policy
from auditor.core.model.waiver import SignedWaiver
from auditor.core.times import format_instant
from auditor.errors import CollectionError
from auditor.ledger.entries import AttestationRecord, Entry, FreeBody, WaiverRecord

IN_FORCE, ENDED = "in_force", "ended"


def people_entries(
    project: Project, policy: Policy, now: datetime, retain: datetime
) -> list[FreeBody]:
    """The entries that a run beginning now has to make; what they refer to is stored already.

    Raises:
        AuditorError: The store refuses.
    """
    types = {check.resource for control in policy.controls for check in control.checks}
    attested = sorted(name for name in types if name.startswith(ATTESTATION))
    if not (project.waivers or attested or _waived_before(project)):
        return []  # nothing could be new or have ended, and the log need not be read
    known = _recorded(project.store.entries())
    made: list[FreeBody] = list(_waivers(project.waivers, known, now))
    made += _attestations(project, attested, known, now, retain)
    return made


def _waived_before(project: Project) -> bool:
    """Whether the newest complete run had waivers, which may have ended since."""
    newest = project.store.latest()
    history = project.store.history(newest.id) if newest else None
    return history is not None and bool(load_policy(project.store, history).waivers)


def _recorded(entries: Iterable[Entry]) -> dict[tuple[str, str], Mapping[str, object]]:
    """The last entry about each waiver and attestation, by type and id."""
    found: dict[tuple[str, str], Mapping[str, object]] = {}
    for entry in entries:
        body = entry.body
        if isinstance(body, WaiverRecord) and "waiver" in body.fields:
            found["waiver", str(body.fields["waiver"])] = body.fields
        elif isinstance(body, AttestationRecord) and "attachment" not in body.fields:
            found["attestation", str(body.fields.get("attestation"))] = body.fields
    return found


def is_in_force(signed: SignedWaiver, now: datetime) -> bool:
    """Its signature counts, and now lies in its time."""
    waiver = signed.waiver
    return signed.signature == "valid" and waiver.approved_at <= now < waiver.expires


def _waivers(
    waivers: Sequence[SignedWaiver],
    known: Mapping[tuple[str, str], Mapping[str, object]],
    now: datetime,
) -> Iterator[WaiverRecord]:
    in_force = {signed.waiver.id: signed for signed in waivers if is_in_force(signed, now)}
    for name, signed in sorted(in_force.items()):
        fields = _waiver_fields(signed)
        if dict(known.get(("waiver", name), {})) != fields:
            yield WaiverRecord(fields=fields)
    for (kind, name), before in sorted(known.items()):
        if kind == "waiver" and before.get("state") == IN_FORCE and name not in in_force:
            yield WaiverRecord(fields={**before, "state": ENDED})  # type: ignore[dict-item]


def _waiver_fields(signed: SignedWaiver) -> dict[str, JsonValue]:
    waiver = signed.waiver
    return {
        "waiver": waiver.id,
        "state": IN_FORCE,
        "check": waiver.check,
        "approved_by": waiver.approved_by,
        "approved_at": format_instant(waiver.approved_at),
        "expires": format_instant(waiver.expires),
        "max_items": waiver.max_items,
        "digest": digest(signed.text.encode()),
        "signature_digest": digest(signed.sidecar.encode()),
    }


def _attestations(
    project: Project,
    types: Sequence[str],
    known: Mapping[tuple[str, str], Mapping[str, object]],
    now: datetime,
    retain: datetime,
) -> Iterator[FreeBody]:
    records = ProjectRecords(project, now)
    folder = Folder(Path(records.folder) / records.attestations, records.attestations)
    shelf = read_shelf(folder, now)
    kinds = project.collectors.resource_types(types)
    counting = {
        str(resource.data["id"])
        for name in types
        for resource in read_attestations(shelf, kinds[name], records, now).resources
        if not resource.unread
    }
    for found in shelf.found:
        fields = _attestation_fields(found)
        name = found.attestation.id
        before = dict(known.get(("attestation", name), {}))
        before.pop("blob", None)
        if name not in counting or before == fields:
            continue
        blob = project.store.put(found.text.encode(), retain_until=retain)
        yield AttestationRecord(fields={**fields, "blob": blob.model_dump(mode="json")})
        yield from _attachments(project, folder, found, retain)


def _attestation_fields(found: Found) -> dict[str, JsonValue]:
    attestation = found.attestation
    reviewed: dict[str, JsonValue] = {}
    if attestation.reviewer is not None:
        reviewed["review_digest"] = digest(found.review.encode())
    return reviewed | {
        "attestation": attestation.id,
        "check": attestation.check,
        "made_by": attestation.made_by,
        "role": attestation.role,
        "made_at": format_instant(attestation.made_at),
        "valid_until": format_instant(attestation.valid_until),
        "period": attestation.period,
        "reviewer": attestation.reviewer,
        "digest": digest(found.text.encode()),
        "signature_digest": digest(found.sidecar.encode()),
    }


def _attachments(
    project: Project, folder: Folder, found: Found, retain: datetime
) -> Iterator[AttestationRecord]:
    """Copy each attachment into the store; the digest is checked again on what is copied.

    Raises:
        CollectionError: It was changed since it was looked at.
    """
    for attachment in found.attestation.attachments:
        name = f"{found.attestation.id}/{attachment.name}"
        data = folder.read(name, MAX_ATTACHMENT)
        if sha256(data) != attachment.sha256:
            raise CollectionError(f"{folder.name}/{name} changed while it was read")
        blob = project.store.put(data, retain_until=retain)
        yield AttestationRecord(
            fields={
                "attestation": found.attestation.id,
                "attachment": attachment.name,
                "media_type": attachment.media_type,
                "sha256": attachment.sha256,
                "blob": blob.model_dump(mode="json"),
            }
        )
