"""Making attestations, having them reviewed, and saying which count: what `auditor attest` does."""

from __future__ import annotations

import mimetypes
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import yaml
from pydantic import ValidationError

from auditor.app.project import Project
from auditor.app.records.own import ProjectRecords
from auditor.app.waiving.approving import check_approver
from auditor.attest.detached import SIGNATURE_SUFFIX, sign_file
from auditor.attest.signing import Signer, key_id
from auditor.catalog.source import did_you_mean
from auditor.collectors.own_records import Wanted
from auditor.collectors.records.attestations import (
    Found,
    Shelf,
    read_attestation,
    read_attestations,
    read_shelf,
)
from auditor.collectors.records.files import MAX_ATTACHMENT, Folder, read_file, sha256
from auditor.core.model.attestation import REVIEW_SUFFIX, Attachment, Attestation
from auditor.core.model.fields import FieldTypeError, Record, typed_record
from auditor.core.times import format_instant, parse_instant
from auditor.errors import AuditorError, ConfigError, DefinitionError, Problem, UsageError


@dataclass(frozen=True, slots=True)
class Wish:
    """An attestation to be made.

    Args:
        check: `control/check`, or a control with one check that is attested.
        role: In which role; must be the one that owns the control.
        valid_until: Exclusive.
        reviewer: Name of the approver that will review it; None for nobody.
    """

    check: str
    statement: str
    role: str
    valid_until: datetime
    files: tuple[Path, ...] = ()
    period: str | None = None
    reviewer: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """One attestation and what is known of it.

    Args:
        state: `counts`, `overdue`, `superseded`, `not asked for`, or why it does not count.
    """

    attestation: Attestation
    state: str

    @property
    def holds(self) -> bool:
        """Nothing is wrong with it."""
        return self.state in ("counts", "superseded")


def attest(project: Project, wish: Wish, signer: Signer, now: datetime) -> Path:
    """Write and sign an attestation with its attachments; gives the path of the file.

    Raises:
        UsageError: An unknown check, the wrong role, particulars that the check asks for missing.
        ConfigError: The key is no approver's, or a file cannot be read.
        DefinitionError: A field has a wrong form.
    """
    records = ProjectRecords(project, now)
    wanted = find_wanted(records, wish.check)
    maker = maker_of(project, signer)
    _check_role(wanted, wish.role, maker)
    if wish.reviewer is not None and wish.reviewer not in project.loaded.config.approvers:
        raise UsageError(f"the reviewer {wish.reviewer} is not among the approvers")
    attachments = [_attachment(path) for path in wish.files]
    names = [attachment.name for attachment in attachments]
    if len(set(names)) < len(names):
        raise UsageError("two attachments have one name", hint="rename one of the files")
    attestation = _model(wish, wanted, maker, attachments, records, now)
    _check_facts(project, wanted, attestation)
    folder = _folder(records).path
    _write(folder, attestation, wish.files, signer)
    return folder / f"{attestation.id}.yaml"


def find_wanted(records: ProjectRecords, name: str) -> Wanted:
    """The check that waits for an attestation.

    Raises:
        UsageError: There is none of that name, or the control has several.
    """
    known = [one.check for one in records.wanted]
    found = [one for one in records.wanted if name in (one.check, one.check.partition("/")[0])]
    if not found:
        raise UsageError(
            f"no check `{name}` waits for an attestation{did_you_mean(name, known)}",
            hint="auditor attest list --all",
        )
    if len(found) > 1:
        names = ", ".join(one.check for one in found)
        raise UsageError(f"{name} has {len(found)} checks that are attested: {names}")
    return found[0]


def maker_of(project: Project, signer: Signer) -> str:
    """Whose key it is: the name of the approver.

    Raises:
        ConfigError: Nobody's in auditor.yaml.
    """
    for name, place in sorted(project.loaded.config.approvers.items()):
        try:
            if key_id(project.loaded.path(place).read_text("utf-8")) == signer.key_id:
                return name
        except (OSError, UnicodeDecodeError, AuditorError):
            continue  # the key of another: if it is this one, the message below names the remedy
    raise ConfigError(
        f"the key {signer.key_id[:16]} is that of no approver of auditor.yaml",
        hint="approvers: {NAME: trust/NAME.pub}",
    )


def _check_role(wanted: Wanted, role: str, maker: str) -> None:
    if role != wanted.role:
        raise UsageError(
            f"{wanted.check} is attested by {wanted.role}, not by {role}",
            hint=f"--role {wanted.role}, with the key of who fills it",
        )
    if maker.casefold() not in {name.casefold() for name in wanted.holders}:
        raise UsageError(
            f"{maker} does not fill the role {role} in auditor.yaml",
            hint=f"owners: {{{role}: {{name: {maker}}}}}",
        )


def _attachment(path: Path) -> Attachment:
    data = read_file(path, str(path), MAX_ATTACHMENT)
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    try:
        return Attachment(
            name=path.name, size=len(data), media_type=media_type, sha256=sha256(data)
        )
    except ValidationError as error:
        raise DefinitionError([Problem(str(path), str(error.errors()[0]["msg"]))]) from error


def _model(
    wish: Wish,
    wanted: Wanted,
    maker: str,
    attachments: Sequence[Attachment],
    records: ProjectRecords,
    now: datetime,
) -> Attestation:
    made_at = now.replace(microsecond=0)
    try:
        return Attestation(
            id=_next_id(_folder(records).path, made_at),
            check=wanted.check,
            statement=wish.statement,
            made_by=maker,
            role=wish.role,
            made_at=made_at,
            valid_until=wish.valid_until,
            period=wish.period,
            reviewer=wish.reviewer,
            facts=dict(wish.facts),
            attachments=tuple(attachments),
        )
    except ValidationError as error:
        problems = [
            Problem("attestation", f"{'.'.join(str(p) for p in item['loc'])}: {item['msg']}")
            for item in error.errors()
        ]
        raise DefinitionError(problems) from error


def _check_facts(project: Project, wanted: Wanted, attestation: Attestation) -> None:
    """What the check asks for must be there, and nothing else: found before it is signed.

    Raises:
        UsageError: A particular is missing, unknown or of another type.
    """
    kind = project.collectors.resource_types([wanted.resource_type])[wanted.resource_type]
    of = kind.fields.fields["facts"]
    if kind.derive is None or not isinstance(of, Record):
        raise UsageError(f"{wanted.resource_type} cannot be attested")
    unknown = sorted(attestation.facts.keys() - of.fields.keys())
    if unknown:
        nearest = did_you_mean(unknown[0], of.fields)
        raise UsageError(f"{wanted.check} knows no particular `{unknown[0]}`{nearest}")
    raw = {
        "text": _text(attestation), "sidecar": "", "review": "", "keys": {}, "role": "",
        "holders": [], "found": {}, "reused": {}, "read_at": format_instant(attestation.made_at),
    }  # fmt: skip
    told = kind.derive({"id": attestation.id, "raw": raw})
    try:
        typed_record(told["facts"], of)
    except FieldTypeError as error:
        asked = ", ".join(f"--fact {name}=..." for name in of.fields)
        raise UsageError(f"particulars of {wanted.check}: {error}", hint=asked) from error


def _text(attestation: Attestation) -> str:
    document = attestation.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _write(folder: Path, attestation: Attestation, files: Sequence[Path], signer: Signer) -> None:
    path = folder / f"{attestation.id}.yaml"
    beside = folder / attestation.id
    if path.exists() or beside.exists():
        raise UsageError(f"{path} exists already", hint="an attestation is never overwritten")
    folder.mkdir(parents=True, exist_ok=True)
    if files:
        beside.mkdir()
    for file in files:
        shutil.copyfile(file, beside / file.name)
    data = _text(attestation).encode()
    path.write_bytes(data)
    path.with_name(path.name + SIGNATURE_SUFFIX).write_text(sign_file(data, signer), "utf-8")


def _next_id(folder: Path, now: datetime) -> str:
    """The next free id of the year: A-2026-004."""
    start = f"A-{now.year}-"
    numbers = [
        int(path.stem.removeprefix(start))
        for path in folder.glob(f"{start}*.yaml")
        if path.stem.removeprefix(start).isdecimal()
    ]
    return f"{start}{max(numbers, default=0) + 1:03d}"


def review(project: Project, name: str, as_name: str, signer: Signer, now: datetime) -> Path:
    """Sign an attestation as its reviewer.

    Args:
        name: Its id.
        as_name: Of the reviewer, whom the attestation has to name.

    Raises:
        UsageError: There is no such attestation, or it names another reviewer.
        ConfigError: This is not the reviewer's key.
    """
    found = _one(ProjectRecords(project, now), name)
    if found.attestation.reviewer != as_name:
        named = found.attestation.reviewer or "nobody"
        raise UsageError(f"{name} names {named} as its reviewer, not {as_name}")
    check_approver(project, as_name, signer)
    path = _folder(ProjectRecords(project, now)).path / f"{name}.yaml{REVIEW_SUFFIX}"
    path.write_text(sign_file(found.text.encode(), signer), "utf-8")
    return path


def _one(records: ProjectRecords, name: str) -> Found:
    folder = _folder(records)
    if not (folder.path / f"{name}.yaml").is_file():
        known = [path.stem for path in folder.path.glob("*.yaml")]
        raise UsageError(f"no attestation `{name}`{did_you_mean(name, known)}")
    return read_attestation(folder, f"{name}.yaml")


def list_attestations(project: Project, now: datetime) -> list[Listed]:
    """Every attestation of the folder, and whether it counts.

    Raises:
        DefinitionError: A file of the folder is no attestation.
    """
    records = ProjectRecords(project, now)
    shelf = read_shelf(_folder(records), now)
    if shelf.gaps:
        raise DefinitionError([Problem(gap.subject, gap.detail, gap.hint) for gap in shelf.gaps])
    states = dict(_states(project, records, shelf, now))
    asked = {one.check for one in records.wanted}
    return [
        Listed(found.attestation, _state(found.attestation, states, asked)) for found in shelf.found
    ]


def _states(
    project: Project, records: ProjectRecords, shelf: Shelf, now: datetime
) -> Iterator[tuple[str, str]]:
    kinds = project.collectors.resource_types({one.resource_type for one in records.wanted})
    for kind in kinds.values():
        for resource in read_attestations(shelf, kind, records, now).resources:
            problem = str(resource.data["problem"])
            until = resource.data.get("valid_until")
            overdue = not problem and parse_instant(until) <= now
            yield str(resource.data["id"]), problem or ("overdue" if overdue else "counts")


def _state(attestation: Attestation, states: Mapping[str, str], asked: set[str]) -> str:
    if attestation.check not in asked:
        return "not asked for"
    return states.get(attestation.id, "superseded")


def _folder(records: ProjectRecords) -> Folder:
    return Folder(records.folder / records.attestations, records.attestations)
