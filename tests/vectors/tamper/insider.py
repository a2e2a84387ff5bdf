"""What somebody can do who has all keys of the company, and writes the log as it pleases him.

The log is written anew from its entries: tiles, root, checkpoint by the real key. Where the
witnesses cosign it, they saw only this log: the lie was told when the log was written, not later.
A run that was changed has its statement made and signed again, and stamped at its own time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from auditor.app.registry import Collectors
from auditor.app.setup import Setup, write_setup
from auditor.attest.bundle import Bundle
from auditor.attest.dsse import sign_envelope
from auditor.attest.signing import Signer
from auditor.attest.statement import PAYLOAD_TYPE, LogPosition, Statement, subjects
from auditor.attest.steps_runs import statement_path
from auditor.attest.vault import vault_path
from auditor.core.canonical import canonical, digest, parse_canonical
from auditor.keys.file import FileKey, generate_key, load_key
from auditor.ledger.blobs import BlobRef, blob_path
from auditor.ledger.checkpoint import Checkpoint, SignedCheckpoint, sign_checkpoint
from auditor.ledger.cosignature import CosignerKey, cosign
from auditor.ledger.entries import (
    GENESIS,
    Collect,
    Entry,
    LogBody,
    Report,
    RunEnd,
    RunStart,
    Verdicts,
    entry_digest,
)
from auditor.ledger.note import Note
from auditor.ledger.tiles import TileEdge, TileName, encode_bundle, leaf_hashes
from tests.unit.app.bundles import Members, sealed
from tests.unit.app.company import write_library
from tests.vectors.tamper.case import Case
from tests.vectors.tamper.story import CHECKS, PLACES, WITNESSES, Story

ORIGIN = "example-ltd/auditor-log"


@dataclass
class Line:
    """An entry without its place."""

    time: datetime
    body: LogBody


@dataclass
class Insider:
    """The log of a case, open for writing.

    Args:
        run_key: Who signs statements; the key in use where it is None.
        log_key: Who signs the checkpoint; the key in use where it is None.
    """

    case: Case
    lines: list[Line] = field(default_factory=list)
    run_key: Signer | None = None
    log_key: FileKey | None = None

    def __post_init__(self) -> None:
        self.lines = [Line(entry.time, entry.body) for entry in self.case.entries()]
        keys = self.case.work / "keys"
        self.run_key = self.run_key or load_key(keys / "run-2.pem")
        self.log_key = self.log_key or load_key(keys / "log-2.pem")

    def run(self, name: str) -> list[Line]:
        """The lines of a run; they can be changed in place."""
        wanted = self.case.honest.runs[name]
        return [line for line in self.lines if getattr(line.body, "run", None) == wanted]

    def line(self, name: str, kind: type[LogBody], resource_type: str = "") -> Line:
        """The line of this kind."""
        return next(
            line
            for line in self.run(name)
            if isinstance(line.body, kind)
            and (not resource_type or getattr(line.body, "resource_type", "") == resource_type)
        )

    def change(self, line: Line, **fields: object) -> None:
        """Other fields in an entry."""
        line.body = line.body.model_copy(update=fields)

    def document(self, reference: BlobRef) -> Any:
        """A blob as JSON."""
        return parse_canonical(self.case.read(reference))

    def put(self, document: object) -> BlobRef:
        """A blob of a JSON document."""
        return self.case.put(canonical(document))

    def edit_observation(
        self, name: str, resource_type: str, edit: Callable[[Any], None], **fields: object
    ) -> None:
        """Change an observation, and let the log name the changed one."""
        line = self.line(name, Collect, resource_type)
        assert isinstance(line.body, Collect)
        document = self.document(line.body.blob)
        edit(document)
        self.change(line, blob=self.put(document), **fields)

    def edit_policy(self, name: str, edit: Callable[[Any], None]) -> None:
        """Change the controls, and let the log name the changed ones."""
        line = self.line(name, RunStart)
        assert isinstance(line.body, RunStart)
        document = self.document(line.body.policy)
        edit(document)
        self.change(line, policy=self.put(document))

    def edit_verdicts(self, name: str, edit: Callable[[Any], None], **fields: object) -> None:
        """Change the verdicts, and let the log name the changed ones."""
        line = self.line(name, Verdicts)
        assert isinstance(line.body, Verdicts)
        document = self.document(line.body.blob)
        edit(document)
        self.change(line, blob=self.put(document), **fields)

    def seal_run(
        self, name: str, *, tokens: Sequence[bytes] | None = None, at: datetime | None = None
    ) -> None:
        """Sign the statement that fits the lines of the run, and stamp it.

        Args:
            tokens: Instead of a good one.
            at: When it is stamped; at the run's end where it is None.
        """
        run = self.case.honest.runs[name]
        path = self.case.evidence / statement_path(run)
        old = Statement.parse(Bundle.parse(path.read_bytes()).envelope.payload)
        start, verdicts = self.line(name, RunStart), self.line(name, Verdicts)
        end = self.line(name, RunEnd)
        assert isinstance(start.body, RunStart)
        assert isinstance(verdicts.body, Verdicts)
        assert isinstance(end.body, RunEnd)
        collects = [line.body for line in self.run(name) if isinstance(line.body, Collect)]
        predicate = old.predicate.model_copy(
            update={
                "now": start.body.now,
                "counts": verdicts.body.counts,
                "outcome": end.body.outcome,
                "log": LogPosition(origin=ORIGIN, index=self.lines.index(start)),
            }
        )
        statement = Statement(
            subject=subjects(start.body.policy, collects, verdicts.body.blob),
            predicate=predicate,
        )
        assert self.run_key is not None
        envelope = sign_envelope(statement.to_bytes(), PAYLOAD_TYPE, self.run_key)
        if tokens is None:
            signature = envelope.signatures[0].signature
            tokens = (self.case.honest.maker.stamp(signature, at or end.time),)
        data = Bundle(envelope, self.run_key.key_id, tuple(tokens)).to_bytes()
        path.write_bytes(data)
        self.change(end, statement=digest(data))

    def write(self, *, witnessed: bool = True) -> None:
        """Tiles, bundle of entries and checkpoint of these lines, in place of the old log.

        Args:
            witnessed: The witnesses saw only this log.
        """
        entries: list[bytes] = []
        prev = GENESIS
        for index, line in enumerate(self.lines):
            entries.append(Entry(index, prev, line.time, line.body).to_bytes())
            prev = entry_digest(entries[-1])
        write_log(self.case.log, entries, self.log_key, self.case if witnessed else None)


def write_log(
    log: Path, entries: Sequence[bytes], key: FileKey | None, witnesses: Case | None
) -> None:
    """A log of these entries, signed, and cosigned where a case lends its witnesses."""
    assert key is not None
    shutil.rmtree(log / "tile")
    edge = TileEdge()
    tiles = {name.name.path: name.data for name in edge.extend(leaf_hashes(entries))}
    tiles |= {tile.name.path: tile.data for tile in edge.partial_tiles()}
    tiles[TileName(-1, 0, len(entries)).path] = encode_bundle(entries)
    for path, data in tiles.items():
        (log / path).parent.mkdir(parents=True, exist_ok=True)
        (log / path).write_bytes(data)
    checkpoint = Checkpoint(ORIGIN, len(entries), edge.root())
    signed = sign_checkpoint(checkpoint, key.note_key(ORIGIN), key.sign)
    if witnesses is not None:
        signed = cosigned(signed, witnesses)
    (log / "checkpoint").write_bytes(signed.to_bytes())


def cosigned(signed: SignedCheckpoint, case: Case) -> SignedCheckpoint:
    """The checkpoint with a line of each witness."""
    lines = list(signed.note.signatures)
    for number, name in enumerate(WITNESSES):
        key = load_key(case.folder / "witnesses" / f"{number}.pem")
        vkey = (case.folder / "witnesses" / f"{number}.vkey").read_text("ascii").strip()
        assert vkey.startswith(name)
        at = case.honest.now - timedelta(minutes=1)
        lines.append(cosign(signed.checkpoint, CosignerKey.parse(vkey), key.sign, at))
    return replace(signed, note=Note(signed.note.text, tuple(lines)))


def run_key(case: Case) -> FileKey:
    """The key that signs runs, manifests and reports."""
    return load_key(case.work / "keys" / "run-2.pem")


def stranger(case: Case) -> FileKey:
    """A key that nobody trusts."""
    return generate_key(case.folder / "stranger.pem", "ecdsa-p256-sha256")


def insiders_bundle(case: Case, edit: Callable[[Members], None], **manifest: object) -> None:
    """A changed bundle whose manifest fits, signed by the real run key."""
    members = case.members()
    edit(members)
    case.give(sealed(members, run_key(case), **manifest))


def log_report(case: Case, data: bytes, form: str, *, instead: bool = False) -> None:
    """Let the log name these bytes as a report of run D; the report is what the auditor gets.

    Args:
        instead: No other entry names a report.
    """
    insider = Insider(case)
    if instead:
        insider.lines = [line for line in insider.lines if not isinstance(line.body, Report)]
    body = Report(run=case.honest.runs["D"], format=form, digest=digest(data))
    insider.lines.append(Line(case.honest.now - timedelta(minutes=1), body))
    insider.write()
    path = case.report(form)
    path.write_bytes(data)
    case.subject, case.store = path, case.evidence


def disclosures(case: Case, name: str) -> Path:
    """The file of the vault with the personal fields that run D, say, has read."""
    references = [item.disclosures for item in case.run(name).collects if item.disclosures]
    return case.evidence / vault_path(references[0])


def forgery(case: Case) -> Story:
    """A company of the same name with other keys, and a run of the same day."""
    story = Story.on(case.folder / "forger", case.honest.now - timedelta(days=20))
    setup = Setup(
        "Example Ltd",
        "prod",
        [{"name": "one", "kind": "fake", "environment": "prod"}],
        {"controls": ["library"]},
    )
    write_setup(story.folder, setup, story.today - timedelta(days=1), Collectors(PLACES))
    write_library(story.folder / "library", CHECKS[:1])
    story.scan()
    return story


def first_observation(members: Members) -> str:
    """The evidence that the first `collect` entry of a bundle names."""
    for name in sorted(members):
        if name.startswith("entries/"):
            entry = json.loads(members[name])
            if entry["type"] == "collect":
                path: str = blob_path(entry["body"]["blob"]["digest"])
                if path in members:
                    return path
    raise AssertionError("the bundle has no evidence")
