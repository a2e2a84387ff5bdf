"""What people have signed, over all checks: waivers, and which statements are overdue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from auditor.app.project import Project
from auditor.collectors.own_records import OwnRecords, Reading, Wanted
from auditor.collectors.records.attestations import read_attestations, read_shelf
from auditor.collectors.records.files import Folder
from auditor.collectors.records.types import load_types
from auditor.core.model.observation import Resource
from auditor.core.times import format_instant


def read_waivers(project: Project) -> Reading:
    """Every waiver of the folder, also those that do not count."""
    owners = {c.id: _owners(project, c.owner.role) for c in project.library.sorted_controls()}
    resources = []
    for signed in project.waivers:
        waiver = signed.waiver
        data = {
            "id": waiver.id,
            "check": waiver.check,
            "signature": signed.signature,
            "reason": waiver.reason,
            "requested_by": waiver.requested_by,
            "approved_by": waiver.approved_by,
            "approved_at": format_instant(waiver.approved_at),
            "expires": format_instant(waiver.expires),
            "owners": owners[waiver.check.partition("/")[0]],
            "approver": same_name(waiver.approved_by),
            "requester": same_name(waiver.requested_by),
        }
        resources.append(Resource(data))
    return Reading(resources, {"files": _files(project)})


def _files(project: Project) -> int:
    """The files of the folder, counted apart from reading them."""
    folder = project.loaded.config.waivers
    return 0 if folder is None else len(list(project.loaded.path(folder).glob("*.yaml")))


def _owners(project: Project, role: str) -> list[str]:
    person = project.loaded.config.owners.get(role)
    names = (role,) if person is None else (role, person.name, person.email)
    return sorted({same_name(name) for name in names if name})


def same_name(name: str) -> str:
    """A name as it is compared: another case or a space does not make another person."""
    return " ".join(name.casefold().split())


def read_statements(
    folder: Path, wanted: Sequence[Wanted], records: OwnRecords, now: datetime
) -> Reading:
    """For each check that waits for a statement, the newest one and whether it counts."""
    shelf = read_shelf(Folder(folder, records.attestations), now)
    types = load_types()
    resources: list[Resource] = []
    for kind in sorted({one.resource_type for one in wanted}):
        found = read_attestations(shelf, types[kind], records, now).resources
        own = [one for one in wanted if one.resource_type == kind]
        resources += [Resource(_statement(one, found)) for one in own]
    return Reading(resources, {"wanted": len(wanted)}, shelf.gaps, [shelf.call])


def _statement(wanted: Wanted, found: Sequence[Resource]) -> dict[str, object]:
    """The newest comes first; the last one counts, unless none does."""
    own = [r for r in found if r.data["check"] == wanted.check]
    counting = next((r.data for r in own if not r.data["problem"]), None)
    return {
        "id": wanted.check,
        "role": wanted.role,
        "made_at": counting["made_at"] if counting else None,
        "valid_until": counting["valid_until"] if counting else None,
        "problem": str(own[0].data["problem"]) if own else "",
    }
