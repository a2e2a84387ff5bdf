"""Packs a bundle: chosen runs, what proves them, the guide, and the signed manifest.

(1) choose, (2) evidence as it lies in the store, (3) readable controls, (4) entries and proofs
against one checkpoint, (5) reports, trust copy and guide, (6) manifest, signature, sums. Members
come in this order of their folders' names; memory is bounded by the list of members.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from auditor.app.export.archive import Archive
from auditor.app.export.choice import Choice, Wish, choose
from auditor.app.export.controls import readable_controls
from auditor.app.export.guide import guide
from auditor.app.export.people import RecordBlob
from auditor.app.export.proving import Prover
from auditor.app.project import TRUST_FILE
from auditor.attest.bundle import Bundle
from auditor.attest.detached import sign_file
from auditor.attest.package import (
    GUIDE,
    MANIFEST,
    REPORTS,
    SIGNATURE,
    SUMS,
    TRUST,
    LeftOut,
    Manifest,
    consistency_path,
    entry_path,
    proof_path,
    sums_text,
)
from auditor.attest.reader import read_bounded
from auditor.attest.report_parts import read_report
from auditor.attest.signing import Signer
from auditor.attest.steps_package_evidence import blobs_of, judged_of
from auditor.attest.steps_runs import statement_path
from auditor.attest.steps_trust import CHECKPOINT
from auditor.attest.vault import pack_vault, read_vault, vault_path
from auditor.core.canonical import digest
from auditor.errors import UsageError, VerificationError
from auditor.ledger.add_checkpoint import AddCheckpoint
from auditor.ledger.blobs import BlobRef
from auditor.ledger.encoding import encode_base64
from auditor.ledger.entries import Collect, Entry
from auditor.ledger.tlog_proof import TlogProof
from auditor.store.interface import Store

MAX_RUN_FILE = 1 << 30
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_DIGEST = re.compile(rb"sha256:[0-9a-f]{64}")
Disclose = Callable[[Collect, bytes], bytes]
"""Of the disclosures of an observation, one a line, those that go along."""


def keep_all(_collect: Collect, lines: bytes) -> bytes:
    """Every disclosure goes along."""
    return lines


@dataclass(frozen=True, slots=True)
class Extras:
    """What goes along besides the evidence.

    Args:
        reports: Files of reports; each must be one that the log knows.
        since_sizes: Sizes of earlier checkpoints, from which the growth of the log is proven.
        trust: The trust policy's folder, None without one; a copy for convenience.
        disclose: Chooses among the disclosures of personal fields.
        attachments: Documents that people attached to attestations go along.
    """

    reports: tuple[Path, ...] = ()
    since_sizes: tuple[int, ...] = ()
    trust: Path | None = None
    disclose: Disclose = keep_all
    attachments: bool = True


@dataclass(frozen=True, slots=True)
class Exported:
    """What was packed: how many runs, entries, members and bytes; `left_out` as the manifest.

    Args:
        before: How many runs before the period go along for its report.
        records: How many blobs of attestations and samples.
        record_bytes: Their size, unpacked.
        no_report: Why the report of the period cannot be made from the bundle; "" where it can.
    """

    runs: int
    entries: int
    members: int
    size: int
    left_out: tuple[LeftOut, ...]
    before: int = 0
    records: int = 0
    record_bytes: int = 0
    no_report: str = ""


def export(store: Store, wish: Wish, extras: Extras, signer: Signer, output: Path) -> Exported:
    """Write a bundle.

    Args:
        signer: The run key; signs the manifest.
        output: The zip file; replaced where it is there.

    Raises:
        UsageError: There is nothing of the kind to export.
        VerificationError: The store is damaged: a bundle of it would prove nothing.
        StoreError: The file cannot be written.
    """
    choice = choose(store, wish, extras.reports, _heads(extras.reports))
    with Archive(output) as archive:
        packing = _Packing(store, choice, extras, archive)
        packing.pack()
        manifest = packing.manifest()
        _seal(archive, manifest, signer)
        archive.publish()
    records = packing.record_sizes()
    return Exported(
        runs=len(manifest.runs),
        entries=len(manifest.indexes),
        members=len(archive.members),
        size=output.stat().st_size,
        left_out=tuple(manifest.left_out),
        before=len(manifest.before),
        records=len(records),
        record_bytes=sum(records.values()),
        no_report=choice.no_report,
    )


def _heads(reports: Sequence[Path]) -> Iterator[int]:
    """The last entries under the checkpoints that reports carry: with them these can be checked."""
    for path in reports:
        proof = read_report(path.read_bytes()).proof
        if proof is not None:
            yield TlogProof.parse(proof.end_proof).signed.checkpoint.size - 1


def _seal(archive: Archive, manifest: Manifest, signer: Signer) -> None:
    data = manifest.to_bytes()
    Manifest.parse(data)  # what would not be read must not be written
    archive.add(MANIFEST, data)
    archive.add(SIGNATURE, sign_file(data, signer).encode())
    archive.add(SUMS, sums_text((item.path, item.digest) for item in archive.members.values()))


class _Packing:
    """One bundle in the making."""

    def __init__(self, store: Store, choice: Choice, extras: Extras, archive: Archive) -> None:
        self._store = store
        self._reader = store.reader()
        self._choice = choice
        self._extras = extras
        self._archive = archive
        self._left_out: dict[str, str] = {}
        self._tokens: dict[str, int] = {}
        self._prover = Prover(self._reader, choice.signed)

    def pack(self) -> None:
        """Every member but the manifest and what is made from it."""
        reports = self._reports()
        self._add_blobs()
        self._add_consistency()
        self._add_controls()
        entries = self._add_entries()
        self._archive.add(CHECKPOINT, self._choice.signed.to_bytes())
        self._add_proofs(entries)
        for name, path in sorted(reports.items()):
            self._archive.add(f"{REPORTS}/{name}", path.read_bytes())
        self._add_run_files()
        self._add_trust()
        self._add_disclosures()
        choice = self._choice
        there = self._archive.members
        records = [one for one in choice.records if one.blob.path in there]
        text = guide(self.manifest(), choice.histories, choice.earlier, records, self._tokens)
        self._archive.add(GUIDE, text.encode())

    def record_sizes(self) -> Mapping[str, int]:
        """The blobs of attestations and samples that are there: path to bytes, unpacked."""
        records, there = self._choice.records, self._archive.members
        return {one.blob.path: one.blob.size for one in records if one.blob.path in there}

    def manifest(self) -> Manifest:
        """The manifest of what was packed so far."""
        choice, head = self._choice, self._choice.signed.checkpoint
        return Manifest(
            schema="bundle-1",
            origin=head.origin,
            size=head.size,
            root=encode_base64(head.root),
            chosen=choice.wish.chosen,
            runs=sorted(run.run for run in choice.histories),
            before=sorted(run.run for run in choice.earlier),
            span=choice.span,
            entries=list(choice.singles),
            left_out=[
                LeftOut(path=path, reason=reason) for path, reason in sorted(self._left_out.items())
            ],
            members=[self._archive.members[path] for path in sorted(self._archive.members)],
        )

    def _add_blobs(self) -> None:
        needed = self._choice.needed
        beyond = (*self._choice.pruned, *self._choice.others)
        wanted: dict[str, BlobRef] = {ref.path: ref for ref in beyond}
        for run in self._choice.histories:
            for collect in run.collects:
                if needed is not None and collect.resource_type not in needed:
                    reason = f"no check of {self._choice.wish.control} reads it"
                    self._left_out[collect.blob.path] = reason
            wanted |= {ref.path: ref for ref in blobs_of(run)}
        wanted |= {ref.path: ref for run in self._choice.earlier for ref in judged_of(run)}
        wanted |= self._records(wanted)
        for path, reference in sorted(wanted.items()):
            if path not in self._left_out:
                self._add_blob(path, reference)

    def _records(self, wanted: Mapping[str, BlobRef]) -> Mapping[str, BlobRef]:
        """What attestations and samples rest on, but for what is named as left out."""
        found = {
            one.blob.path: one.blob for one in self._choice.records if not self._not_packed(one)
        }
        for one in self._choice.records:
            if one.blob.path not in found and one.blob.path not in wanted:
                self._left_out[one.blob.path] = self._not_packed(one)
        return found

    def _not_packed(self, record: RecordBlob) -> str:
        wish = self._choice.wish
        if wish.only_needed and record.control != wish.control:
            return f"an attestation or a sample of {record.control or 'no control'}"
        if record.attached and not self._extras.attachments:
            size = record.blob.size
            return f"an attached document of {size} bytes, which redaction cannot look into"
        return ""

    def _add_blob(self, path: str, reference: BlobRef) -> None:
        """A blob as it is stored, proven while it is copied."""
        pieces = self._reader.chunks(path)
        try:
            first = next(pieces, b"")
        except VerificationError as error:
            if not self._was_pruned(reference):
                raise VerificationError(error.message, where=path, hint="auditor verify") from error
            self._left_out[path] = "deleted after its retention, as the log says"
            return
        found = self._archive.add_stream(path, chain([first], pieces), reference.stored.size)
        if found.digest != reference.stored.digest:
            raise VerificationError(
                "the blob has another digest than the log says", where=path, hint="auditor verify"
            )

    def _was_pruned(self, reference: BlobRef) -> bool:
        """True when a list of what was deleted names the blob's digest."""
        return reference.digest.encode() in self._pruned

    @cached_property
    def _pruned(self) -> frozenset[bytes]:
        lists = (self._store.get(blob) for blob in self._choice.pruned)
        return frozenset(found for data in lists for found in _DIGEST.findall(data))

    def _add_consistency(self) -> None:
        signed = self._choice.signed
        for old in sorted(set(self._extras.since_sizes)):
            if not 0 < old <= signed.checkpoint.size:
                raise UsageError(
                    f"the log never had {old} entries: it has {signed.checkpoint.size}"
                )
            if old < signed.checkpoint.size:
                proof = tuple(self._prover.consistency(old))
                data = AddCheckpoint(old, proof, signed).to_bytes()
                self._archive.add(consistency_path(old), data)

    def _add_controls(self) -> None:
        files: dict[str, bytes] = {}
        starts = [run.start for run in self._choice.histories if run.start is not None]
        for policy in {start.policy.digest: start.policy for start in starts}.values():
            if policy.path not in self._left_out:
                files |= readable_controls(policy, self._store.get(policy))
        for path, data in sorted(files.items()):
            self._archive.add(path, data)

    def _add_entries(self) -> list[int]:
        """The entries in order; gives their indexes."""
        span, singles = self._choice.span, self._choice.singles
        indexes = [index for index in singles if index < span.first]
        later = [index for index in singles if index > span.last]
        for index in indexes:
            self._add_entry(next(iter(self._store.entries(index, index + 1))))
        for entry in self._store.entries(span.first, span.last + 1):
            self._add_entry(entry)
        for index in later:
            self._add_entry(next(iter(self._store.entries(index, index + 1))))
        return [*indexes, *range(span.first, span.last + 1), *later]

    def _add_entry(self, entry: Entry) -> None:
        self._archive.add(entry_path(entry.index), entry.to_bytes())

    def _add_proofs(self, indexes: Iterable[int]) -> None:
        for index in indexes:
            self._archive.add(proof_path(index), self._prover.inclusion(index).to_bytes())

    def _reports(self) -> dict[str, Path]:
        """The reports by their names in the bundle; each is one that the log knows.

        Raises:
            UsageError: One is not, or two have one name.
        """
        known = {report.digest for run in self._choice.histories for report in run.reports}
        reports: dict[str, Path] = {}
        for path in self._extras.reports:
            name = _UNSAFE.sub("-", path.name).lstrip("-._") or "report"
            if digest(path.read_bytes()) not in known:
                raise UsageError(
                    f"{path} is no report of the chosen runs: the log knows no such bytes",
                    hint="auditor report --output FORMAT=FILE writes one and notes it in the log",
                )
            if name in reports:
                raise UsageError(f"two reports are called {name}")
            reports[name] = path
        return reports

    def _add_run_files(self) -> None:
        """The signed statements, and what the log says is kept beside them."""
        for run in self._choice.histories:
            for item in run.reports:
                if item.file is not None:
                    self._add_run_file(item.file, item.digest)
        for run in (*self._choice.earlier, *self._choice.histories):
            for stamp in run.timestamps:
                self._add_run_file(stamp.file, stamp.digest)
            if run.end is not None:
                data = self._add_run_file(statement_path(run.run), run.end.statement)
                self._tokens[run.run] = len(Bundle.parse(data).timestamps)

    def _add_run_file(self, path: str, expected: str) -> bytes:
        data = read_bounded(self._reader, path, MAX_RUN_FILE)
        if digest(data) != expected:
            raise VerificationError(
                "has another digest than the log says", where=path, hint="auditor verify"
            )
        self._archive.add(path, data)
        return data

    def _add_trust(self) -> None:
        folder = self._extras.trust
        if folder is not None and (folder / TRUST_FILE).is_file():
            self._archive.add(f"{TRUST}/{TRUST_FILE}", (folder / TRUST_FILE).read_bytes())

    def _add_disclosures(self) -> None:
        collects = [collect for run in self._choice.histories for collect in run.collects]
        wanted = {c.disclosures.path: c for c in collects if c.disclosures is not None}
        for _path, collect in sorted(wanted.items()):
            if collect.disclosures is not None:
                self._add_disclosure(collect, collect.disclosures)

    def _add_disclosure(self, collect: Collect, reference: BlobRef) -> None:
        """What may be shown of the personal fields; what may not is named."""
        path = vault_path(reference)
        if collect.blob.path in self._left_out:
            self._left_out[path] = "of an observation that was left out"
            return
        found = read_vault(self._reader, reference)
        lines = b"" if found is None else self._extras.disclose(collect, found)
        if lines:
            packed = pack_vault(lines)
            self._archive.add_stream(path, [packed], len(packed))
        if found is None:
            self._left_out[path] = "personal fields: erased from the store"
        elif lines != found:
            self._left_out[path] = "personal fields: withheld, in part or as a whole"
