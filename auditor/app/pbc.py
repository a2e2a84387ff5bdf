"""The request list of an auditor, answered from recorded data: a folder or zip file with an index.

`evidence.zip` is the bundle of the period, made by `app.export`; `files/` holds what is no run's
(attachments, populations of samples). The index names for each item the file, digest and entry of
the log, or that it is missing. Nothing is read from any system.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from auditor.app.export.archive import Archive
from auditor.app.export.choice import Wish
from auditor.app.export.make import Extras, export
from auditor.app.export.period import Period
from auditor.app.period.bounds import parse_bounds
from auditor.app.period.contents import Contents
from auditor.app.project import Project
from auditor.app.reports.outputs import write_files
from auditor.app.sampling.records import Logged, from_entry
from auditor.collectors.records.types import ATTESTATION
from auditor.core.canonical import digest
from auditor.core.model.control import Control
from auditor.core.model.period_report import Bounds
from auditor.core.times import format_instant
from auditor.errors import UsageError, VerificationError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.encoding import encode_base64
from auditor.ledger.entries import (
    AttestationRecord,
    Collect,
    Entry,
    RunStart,
    Verdicts,
    WaiverRecord,
)
from auditor.ledger.runs import RunBook, RunHistory
from auditor.render.request_list import (
    Request,
    RequestList,
    render_index_markdown,
    render_index_xlsx,
)

EVIDENCE = "evidence.zip"
_FILES = "files"


@dataclass(slots=True)
class _Log:
    """What the log has of a period, with the index of each entry.

    Args:
        indexes: Run and digest of an observation, policy or verdicts to the entry that names it.
        blobs: Name of a file in the pack to the blob that it is made of.
    """

    bounds: Bounds
    book: RunBook = field(default_factory=RunBook)
    indexes: dict[tuple[str, str], int] = field(default_factory=dict)
    people: list[Entry] = field(default_factory=list)
    samples: list[Logged] = field(default_factory=list)
    blobs: dict[str, BlobRef] = field(default_factory=dict)
    last: datetime | None = None

    def take(self, entry: Entry) -> None:
        """The next entry."""
        self.last = entry.time
        self.book.add(entry)
        body = entry.body
        if isinstance(body, RunStart):
            self.indexes[body.run, body.policy.digest] = entry.index
        elif isinstance(body, (Collect, Verdicts)):
            self.indexes[body.run, body.blob.digest] = entry.index
        elif isinstance(body, (AttestationRecord, WaiverRecord)):
            self.people.append(entry)
        found = from_entry(entry)
        if found is not None:
            self.samples.append(found)

    def inside(self) -> list[RunHistory]:
        """The runs that judged at a moment of the period."""
        return [
            run
            for run in self.book.runs.values()
            if run.start is not None and self.bounds.since <= run.start.now < self.bounds.until
        ]

    def newest(self) -> RunHistory | None:
        """The newest complete run of the period."""
        complete = [run for run in self.inside() if run.state == "ended" and not run.problems]
        return complete[-1] if complete else None


def make_pack(project: Project, period: str, output: Path) -> RequestList:
    """Write the pack: a zip file where the name ends so, else a folder that is not there yet.

    Args:
        period: `2026-Q3`, `2026-09`, `2026`, `START/END`.

    Raises:
        UsageError: No complete run in the period, or the place is taken.
        VerificationError: The store is damaged.
        DependencyError: XlsxWriter is not installed.
    """
    if output.exists() and output.suffix != ".zip":
        raise UsageError(f"{output} is there already", hint="name a new folder, or a .zip file")
    if not output.parent.is_dir():
        raise UsageError(f"the folder {output.parent} does not exist")
    log = _read(project, parse_bounds(period))
    made = _list(project, log)  # what is wrong is found before anything is written
    if output.suffix != ".zip":
        output.mkdir()
        _fill(project, log, made, output)
        return made
    with TemporaryDirectory(dir=output.parent, prefix=".pbc-") as name, Archive(output) as archive:
        folder = Path(name)
        _fill(project, log, made, folder)
        for path in sorted(item for item in folder.rglob("*") if item.is_file()):
            archive.add(path.relative_to(folder).as_posix(), path.read_bytes())
        archive.publish()
    return made


def _fill(project: Project, log: _Log, made: RequestList, folder: Path) -> None:
    wish = Wish(period=Period(log.bounds.since, log.bounds.until))
    extras = Extras(trust=project.trust_folder)
    export(project.store, wish, extras, project.run_key(), folder / EVIDENCE)
    if log.blobs:
        (folder / _FILES).mkdir()
    write_files(
        [
            *((folder / name, project.store.get(blob)) for name, blob in sorted(log.blobs.items())),
            (folder / "index.md", render_index_markdown(made)),
            (folder / "index.xlsx", render_index_xlsx(made)),
        ]
    )


def _read(project: Project, bounds: Bounds) -> _Log:
    log = _Log(bounds)
    for entry in project.store.entries():
        log.take(entry)
    return log


def _list(project: Project, log: _Log) -> RequestList:
    bounds = log.bounds
    run, signed = log.newest(), project.store.checkpoint()
    if run is None or run.start is None or signed is None or log.last is None:
        raise UsageError(f"there is no complete run in {bounds.name}", hint="auditor run list")
    contents = Contents(project.store, log.book.runs)
    policy = contents.policy(run.start)
    controls = sorted(policy.controls, key=lambda control: control.id)
    requests = [
        *_configuration(log, run),
        *_populations(log, run, controls),
        *_evidence(log, run, controls),
        *_documents(log, bounds, controls),
        *_waivers(log, contents),
        *_samples(log, bounds, controls),
    ]
    head = signed.checkpoint
    said = f"{head.origin}, {head.size} entries, root {encode_base64(head.root)}"
    return RequestList(policy.organisation, bounds.name, log.last, said, requests)


def _configuration(log: _Log, run: RunHistory) -> Iterator[Request]:
    """The policies of the period: controls, parameters, scope, as they were when judged."""
    seen: set[str] = set()
    for other in log.inside():
        start = other.start
        if start is not None and start.policy.digest not in seen:
            seen.add(start.policy.digest)
            note = "in force in the newest run" if start.policy == _policy(run) else ""
            item = f"Controls, parameters and scope, from {format_instant(start.now)}"
            yield _member(log, other.run, start.policy, "Configurations", "", item, note)


def _policy(run: RunHistory) -> BlobRef | None:
    return run.start.policy if run.start else None


def _populations(log: _Log, run: RunHistory, controls: list[Control]) -> Iterator[Request]:
    """The lists that checks judged are in the verdicts of the newest run."""
    if run.verdicts is None:
        return
    for control in controls:
        item = f"Population of {len(control.checks)} checks with the result of each item"
        note = f"run {run.run}; findings whose `control` is this one"
        yield _member(log, run.run, run.verdicts.blob, "Population lists", control.id, item, note)


def _evidence(log: _Log, run: RunHistory, controls: list[Control]) -> Iterator[Request]:
    """What the newest run read for each control; what it did not read is missing."""
    for control in controls:
        for kind in sorted({check.resource for check in control.checks}):
            read = [collect for collect in run.collects if collect.resource_type == kind]
            if not read:
                why = f"run {run.run} read none"
                yield Request("Evidence", control.id, f"Readings of {kind}", note=why)
            for collect in read:
                item = f"{kind} of {collect.target}: {collect.items} items"
                note = "" if collect.complete else "incomplete: it has gaps"
                yield _member(log, run.run, collect.blob, "Evidence", control.id, item, note)


def _documents(log: _Log, bounds: Bounds, controls: list[Control]) -> Iterator[Request]:
    """Attestations and attachments that the log took note of before the period's end."""
    area = "Policies and statements"
    attested: dict[str, str] = {}
    for entry in log.people:
        fields = entry.body.to_json()
        if not isinstance(entry.body, AttestationRecord) or entry.time >= bounds.until:
            continue
        name = str(fields.get("attestation", ""))
        check = attested.setdefault(name, str(fields.get("check", "")))
        file = str(fields.get("attachment", "statement"))
        yield _kept(log, entry, area, check.partition("/")[0], f"{name}: {file}")
    answered = {check.partition("/")[0] for check in attested.values()}
    for control in controls:
        if waits_for_people(control) and control.id not in answered:
            yield Request(area, control.id, "Signed statement", note="nobody attested it")


def waits_for_people(control: Control) -> bool:
    """A check of it asks for somebody's signed statement."""
    return any(check.resource.startswith(ATTESTATION) for check in control.checks)


def _waivers(log: _Log, contents: Contents) -> Iterator[Request]:
    """The waivers of every run of the period, each text once; they stand in the runs' policies."""
    logged = {
        (str(entry.body.to_json().get("waiver")), str(entry.body.to_json().get("digest"))): entry
        for entry in reversed(log.people)
        if isinstance(entry.body, WaiverRecord)
    }
    seen: set[tuple[str, str]] = set()
    for run in log.inside():
        if run.start is None:
            continue
        for signed in contents.policy(run.start).waivers:
            waiver, own = signed.waiver, digest(signed.text.encode())
            if (waiver.id, own) in seen:
                continue
            seen.add((waiver.id, own))
            entry = logged.get((waiver.id, own))
            yield Request(
                "Waivers",
                waiver.check.partition("/")[0],
                f"{waiver.id}, of {waiver.check}, until {format_instant(waiver.expires)}",
                file=f"{EVIDENCE}: {run.start.policy.path}",
                digest=own,
                index=entry.index if entry else log.indexes[run.run, run.start.policy.digest],
                note=f"signature: {signed.signature}" + ("" if entry else "; never in force"),
            )


def _samples(log: _Log, bounds: Bounds, controls: list[Control]) -> Iterator[Request]:
    area = "Samples"
    frozen: dict[int, str] = {}
    drawn: set[str] = set()
    for logged in log.samples:
        one, two = logged.freeze, logged.draw
        if one and one.since < bounds.until and bounds.since < one.until:
            frozen[logged.entry.index] = one.control
            yield _kept(log, logged.entry, area, one.control, f"Population of {one.count} items")
        elif two and two.freeze in frozen:
            drawn.add(frozen[two.freeze])
            population = f"{_FILES}/{two.freeze}-{_short(two.population)}"
            item = f"Draw of {two.size} items: auditor sample verify {logged.entry.index}"
            note = f"drawn again: {two.reason}" if two.reason else ""
            at = logged.entry.index
            yield Request(area, frozen[two.freeze], item, population, two.population, at, note)
    for control in controls:
        if control.id not in drawn:
            hint = f"auditor sample --control {control.id} --period {bounds.name} --nonce NONCE"
            yield Request(area, control.id, "Sample", note=f"none was drawn: {hint}")


def _member(
    log: _Log, run: str, blob: BlobRef, area: str, control: str, item: str, note: str = ""
) -> Request:
    index = log.indexes[run, blob.digest]
    return Request(area, control, item, f"{EVIDENCE}: {blob.path}", blob.digest, index, note)


def _kept(log: _Log, entry: Entry, area: str, control: str, item: str) -> Request:
    """An item whose blob is copied into the pack."""
    blob: BlobRef | None = None
    with suppress(ValidationError):
        blob = BlobRef.model_validate(entry.body.to_json().get("blob"))
    if blob is None:
        raise VerificationError("names no blob", where=f"entry {entry.index}")
    file = f"{_FILES}/{entry.index}-{_short(blob.digest)}"
    log.blobs[file] = blob
    return Request(area, control, item, file, blob.digest, entry.index)


def _short(name: str) -> str:
    return name.removeprefix("sha256:")[:12]
