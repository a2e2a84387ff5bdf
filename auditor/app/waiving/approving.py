"""Approving a requested waiver: another person adds name and time, and signs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import yaml

from auditor.app.project import Project
from auditor.app.waivers import sign_waiver
from auditor.app.waiving.requesting import check_request, waivers_folder
from auditor.attest.signing import Signer, key_id
from auditor.catalog.source import read_yaml, validate
from auditor.core.evaluate.waivers import same_person
from auditor.core.model.waiver import Waiver, WaiverRequest
from auditor.core.times import format_instant
from auditor.errors import ConfigError, UsageError


def approve(project: Project, path: Path, name: str, signer: Signer, now: datetime) -> Path:
    """Make a signed waiver of a request; gives the path of the waiver.

    Args:
        name: Of the approver, as auditor.yaml has it.
        signer: The approver's key.

    Raises:
        UsageError: The approver asked for it, or owns the control; or it cannot be approved.
        ConfigError: The approver is unknown, or this is not the approver's key.
        DefinitionError: The file is no request.
    """
    request = validate(read_yaml(path, path.name), WaiverRequest)
    check_request(project, request, now)
    check_approver(project, name, signer)
    _check_other(project, request, name)
    values = request.model_dump(mode="json", exclude_defaults=True)
    values |= {"approved_by": name, "approved_at": format_instant(now.replace(microsecond=0))}
    Waiver.model_validate(values)
    target = waivers_folder(project) / f"{request.id}.yaml"
    if target.exists():
        raise UsageError(f"{target} exists already", hint="a waiver is never overwritten")
    target.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), "utf-8")
    sign_waiver(target, signer)
    path.unlink()
    return target


def check_approver(project: Project, name: str, signer: Signer) -> None:
    """The key is that of this approver.

    Raises:
        ConfigError: It is not, or auditor.yaml knows no such approver.
    """
    places = project.loaded.config.approvers
    if name not in places:
        known = ", ".join(sorted(places)) or "nobody"
        raise ConfigError(
            f"{name} is not among the approvers of auditor.yaml; known: {known}",
            hint=f"approvers: {{{name}: trust/{name}.pub}}",
        )
    place = project.loaded.path(places[name])
    try:
        expected = key_id(place.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the key of {name} cannot be read: {error}") from error
    if expected != signer.key_id:
        raise ConfigError(
            f"this is not the key of {name}: it is {signer.key_id[:16]}, expected {expected[:16]}"
        )


def _check_other(project: Project, request: WaiverRequest, name: str) -> None:
    if same_person(name, request.requested_by):
        raise UsageError(f"{name} asked for it: another person has to approve it")
    control = project.library.controls[request.check.partition("/")[0]].control
    person = project.loaded.config.owners.get(control.owner.role)
    owners = (control.owner.role,) if person is None else (control.owner.role, *_names(person))
    if any(same_person(name, owner) for owner in owners):
        raise UsageError(f"{name} owns the control {control.id}: another person has to approve it")


def _names(person: object) -> tuple[str, ...]:
    return tuple(str(getattr(person, field)) for field in ("name", "email"))
