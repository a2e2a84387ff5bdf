"""`auditor waivers audit`: waivers that do not hold, soon will not, or hold too much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from auditor.app.project import Project
from auditor.app.waiving.requesting import Covered, covered, requests, waivers_folder
from auditor.core.evaluate.waivers import same_person
from auditor.core.model.waiver import MAX_LIFETIME, SignedWaiver, WaiverRequest
from auditor.core.times import format_instant
from auditor.errors import UsageError

SOON = timedelta(days=14)
Kind = Literal[
    "unsigned", "self_approved", "expired", "expiring", "too_long", "unmatched", "over_broad"
]


@dataclass(frozen=True, slots=True)
class Objection:
    """One thing wrong with one waiver."""

    waiver: str
    kind: Kind
    detail: str

    def to_json(self) -> dict[str, str]:
        """All fields."""
        return {"waiver": self.waiver, "kind": self.kind, "detail": self.detail}


def audit(project: Project, now: datetime) -> list[Objection]:
    """Everything wrong with the waivers of a project, in order of id.

    What they match is asked of the newest complete run.

    Raises:
        UsageError: There are waivers, and no complete run to hold them against.
    """
    found = [
        Objection(path.stem, "unsigned", "it was asked for, and nobody has approved it")
        for path in requests(waivers_folder(project))
    ]
    for signed in project.waivers:
        found += _of_file(project, signed, now)
        found += _of_run(project, signed, now)
    return sorted(found, key=lambda one: (one.waiver, one.kind))


def _of_file(project: Project, signed: SignedWaiver, now: datetime) -> Iterator[Objection]:
    waiver = signed.waiver
    if signed.signature != "valid":
        yield Objection(waiver.id, "unsigned", signed.signature)
    control = project.library.controls[waiver.check.partition("/")[0]].control
    person = project.loaded.config.owners.get(control.owner.role)
    others = [waiver.requested_by, control.owner.role]
    others += [person.name, person.email] if person else []
    if any(same_person(waiver.approved_by, other) for other in others):
        detail = f"{waiver.approved_by} approved it, and asked for it or owns {control.id}"
        yield Objection(waiver.id, "self_approved", detail)
    if waiver.expires - waiver.approved_at > MAX_LIFETIME:
        yield Objection(waiver.id, "too_long", f"it lasts longer than {MAX_LIFETIME.days} days")
    ends = format_instant(waiver.expires)
    if now >= waiver.expires:
        yield Objection(waiver.id, "expired", f"it ended at {ends}")
    elif waiver.expires - now < SOON:
        yield Objection(waiver.id, "expiring", f"it ends at {ends}, within {SOON.days} days")


def _of_run(project: Project, signed: SignedWaiver, now: datetime) -> Iterator[Objection]:
    """What it matches matters only while it could be honoured."""
    waiver = signed.waiver
    if now >= waiver.expires:
        return
    request = WaiverRequest.model_validate(
        waiver.model_dump(exclude={"approved_by", "approved_at"})
    )
    try:
        seen: Covered = covered(project, request)
    except UsageError as error:
        yield Objection(waiver.id, "unmatched", error.message)
        return
    if seen.refused:
        yield Objection(waiver.id, "over_broad", seen.refused)
    elif not seen.findings:
        detail = f"it matches no failing finding of run {seen.run}"
        yield Objection(waiver.id, "unmatched", detail)
    elif len(seen.findings) < waiver.max_items:
        detail = f"it covers {len(seen.findings)}, and was approved for {waiver.max_items}"
        yield Objection(waiver.id, "over_broad", detail)
