"""A fault: what somebody did to the honest folder, and what verification must say to it.

Each file of `faults` makes one. It changes a copy of the honest folder, so nothing of one fault is
seen by another; what an attacker would need for it (which keys, whose help) stands in `needs`.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from auditor.app.project import load_trust
from auditor.app.subject import find_subject
from auditor.app.verifying import verify
from auditor.attest.result import StepVerdict, VerificationReport
from auditor.attest.trust import TrustPolicy
from auditor.ledger.blobs import BlobEncoder, BlobRef
from auditor.ledger.entries import Entry
from auditor.ledger.runs import RunBook, RunHistory
from auditor.ledger.tiles import parse_bundle
from tests.unit.app.bundles import Members, pack, unpacked
from tests.vectors.tamper.story import Honest

Artefact = Literal["store", "bundle", "report"]
BAD, CANNOT_TELL = StepVerdict.BAD, StepVerdict.CANNOT_TELL


@dataclass
class Case:
    """A copy of the honest folder in the hands of an attacker, and how the auditor looks at it.

    Args:
        folder: The copy.
        subject: What is given to the auditor; the working folder's store where it is None.
        since: The checkpoint that the auditor kept.
        max_age: How old the newest run may be.
    """

    honest: Honest
    folder: Path
    subject: Path | None = None
    store: Path | None = None
    since: Path | None = None
    max_age: timedelta | None = None

    @classmethod
    def copy(cls, honest: Honest, folder: Path) -> Case:
        """A fresh one."""
        shutil.copytree(honest.folder, folder)
        return cls(honest, folder, since=folder / "earlier" / "checkpoint")

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def evidence(self) -> Path:
        return self.work / "evidence"

    @property
    def log(self) -> Path:
        return self.evidence / "log"

    @property
    def bundle(self) -> Path:
        return self.folder / "bundle.zip"

    def report(self, form: str) -> Path:
        return self.folder / "reports" / f"report.{form}"

    def run(self, name: str) -> RunHistory:
        """What the log says of run A, B, C or D."""
        book = RunBook()
        for entry in self.entries():
            book.add(entry)
        return book.runs[self.honest.runs[name]]

    def entries(self) -> list[Entry]:
        data = self.entry_bundle.read_bytes()
        return [Entry.parse(item) for item in parse_bundle(data, int(self.entry_bundle.name))]

    @property
    def entry_bundle(self) -> Path:
        """The file with all entries: the log has fewer than 256."""
        return max((self.log / "tile/entries/000.p").iterdir(), key=lambda path: int(path.name))

    def statement(self, name: str) -> Path:
        return self.evidence / "runs" / self.honest.runs[name] / "statement.sigstore.json"

    def blob(self, reference: BlobRef) -> Path:
        return self.evidence / reference.path

    def read(self, reference: BlobRef) -> bytes:
        return gzip.decompress(self.blob(reference).read_bytes())

    def put(self, data: bytes) -> BlobRef:
        """Store a blob as the program does."""
        encoder = BlobEncoder()
        packed = encoder.update(data)
        packed += encoder.finish()
        path = self.blob(encoder.reference)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(packed)
        return encoder.reference

    def trust(self, change: Callable[[TrustPolicy], TrustPolicy]) -> None:
        """The auditor's own policy says something else: a key has expired, say."""
        changed = change(load_trust(self.folder / "trust"))
        (self.folder / "trust" / "policy.json").write_text(changed.to_json(), "utf-8")

    def members(self) -> Members:
        return unpacked(self.bundle)

    def give(self, members: Members) -> None:
        """Another bundle of these members."""
        self.subject = pack(members, self.folder / "given.zip")

    def verify(self) -> VerificationReport:
        """What the auditor's program says."""
        return verify(
            find_subject(self.subject or self.evidence, self.store),
            trust=self.folder / "trust",
            run=None,
            now=self.honest.now,
            since=self.since,
            max_age=self.max_age,
        )


@dataclass(frozen=True)
class Fault:
    """One fault.

    Args:
        attack: What was done, in a sentence.
        artefact: What the auditor is given.
        step: The number of the step that names it.
        says: Part of what that step says, in its place or its words.
        apply: Does it.
        needs: What the attacker has besides write access.
        verdict: Of the step and of the whole: bad, or cannot tell; never ok.
        threat: Heading of the threat in docs/reference/threats.md.
    """

    attack: str
    artefact: Artefact
    step: int
    says: str
    apply: Callable[[Case], None] = field(repr=False)
    needs: str = "write access"
    verdict: StepVerdict = BAD
    threat: str = "edit without a key"


def replace_once(path: Path, old: bytes, new: bytes) -> None:
    """Change bytes of a file that are there."""
    path.write_bytes(changed(path.read_bytes(), old, new))


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    """These bytes with others in one place; `old` must be there."""
    assert old in data, old
    return data.replace(old, new, 1)


def flip(path: Path, at: int | None = None) -> None:
    """Change one bit."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1
    path.write_bytes(bytes(data))


def swap(one: Path, two: Path) -> None:
    """Exchange the contents of two files."""
    first, second = one.read_bytes(), two.read_bytes()
    assert first != second
    one.write_bytes(second)
    two.write_bytes(first)
