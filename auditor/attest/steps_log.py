"""Step 3: every entry is in the tree that the checkpoint signs, and follows the one before it.

First the tree is built from the entries. If it has the checkpoint's root, the entries are proven,
and stored tiles that differ are named. If not, it is built from the stored leaf hashes: if that has
the root, the bundles of entries that differ are named; if neither has, all that differ are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydantic import ValidationError

from auditor.attest.attested import signatures_of
from auditor.attest.evidence import Evidence
from auditor.attest.key_history import KeyHistory
from auditor.attest.log_folder import (
    Faults,
    LogFolder,
    differing_bundles,
    differing_tiles,
    path_of,
)
from auditor.attest.log_keys import check_keys
from auditor.attest.result import Notes, StepVerdict
from auditor.attest.steps_trust import CHECKPOINT
from auditor.errors import AuditorError, VerificationError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.chain import MAX_STEP_BACK, Chain
from auditor.ledger.entries import (
    Collect,
    Entry,
    FreeBody,
    KeyRecord,
    LogBody,
    PruneRecord,
    RunStart,
    Verdicts,
)
from auditor.ledger.runs import RunBook
from auditor.ledger.tiles import (
    TileName,
    encode_bundle,
    leaf_hashes,
    parse_bundle,
    parse_tile,
)


def check_log(evidence: Evidence, notes: Notes) -> str:
    """(3) Every entry's leaf in the tree, every tile, the chain of `prev`."""
    size, root = evidence.checkpoint.checkpoint.size, evidence.checkpoint.checkpoint.root
    # Listed anew, after the checkpoint was read: since step 1 the log may have grown.
    evidence.paths["log"] = list(evidence.reader.paths("log"))
    folder = LogFolder(evidence.reader, evidence.paths["log"], size)
    entries = _EntryReader(folder)
    tree_root, tile_faults = differing_tiles(folder, entries.leaves())
    proven = tree_root == root and not entries.unread
    if proven:
        _note_faults(notes, tile_faults | entries.narrower)
    else:
        _note_unproven(folder, root, entries, tile_faults, notes)
    for path in folder.beyond():
        notes.warn("holds entries past the checkpoint: a commit is going on or was cut off", path)
    if entries.broken is not None:
        notes.bad(f"{entries.broken.where}: {entries.broken.message}", entries.broken_in)
    if proven and entries.broken is None:
        establish(evidence, entries, entries.chain.latest, notes)
    return f"{size} entries are in the tree and in the chain"


class EntryBook:
    """What proven entries tell, taken one after the other."""

    def __init__(self) -> None:
        self.book = RunBook()
        self.blobs: dict[str, BlobRef] = {}
        self.record_blobs: dict[str, BlobRef] = {}
        self.key_entries: list[Entry] = []
        self.attested: dict[tuple[str, str], datetime] = {}

    def take(self, entry: Entry) -> None:
        """Take the next entry.

        Raises:
            VerificationError: It contradicts an earlier one.
        """
        self.book.add(entry)
        if isinstance(entry.body, KeyRecord):
            self.key_entries.append(entry)
        for signature in signatures_of(entry.body):
            self.attested.setdefault(signature, entry.time)
        for blob in blobs_of_entry(entry.body):
            known = self.blobs.setdefault(blob.path, blob)
            if known != blob:
                raise VerificationError(
                    f"names {blob.digest} as stored otherwise than before",
                    where=f"entry {entry.index}",
                )
            if isinstance(entry.body, FreeBody):
                self.record_blobs[blob.path] = blob


def establish(
    evidence: Evidence, entries: EntryBook, latest: datetime | None, notes: Notes
) -> None:
    """Give the proven entries to the later steps, and check what they say of keys and times.

    Args:
        latest: The latest time of the entries.
    """
    evidence.book, evidence.blobs = entries.book, entries.blobs
    evidence.record_blobs, evidence.attested = entries.record_blobs, entries.attested
    evidence.last_time = latest
    evidence.keys = KeyHistory(evidence.trust)
    for entry in entries.key_entries:
        evidence.keys.add(entry)
    check_keys(evidence, evidence.keys, notes)
    _check_times(evidence, notes)


class _EntryReader(EntryBook):
    """Reads the bundles one after the other and follows the chain through them."""

    def __init__(self, folder: LogFolder) -> None:
        super().__init__()
        self._folder = folder
        self.chain = Chain()
        self.unread: Faults = {}
        self.narrower: Faults = {}
        self.contradicted: Faults = {}
        self.broken: AuditorError | None = None
        self.broken_in = ""

    def leaves(self) -> Iterator[list[bytes]]:
        """The leaf hashes, bundle by bundle; those of the tile where a bundle cannot be read."""
        for name in self._folder.bundles():
            hashes = _stored_hashes(self._folder, name)
            try:
                data = _read_bundle(self._folder, name)
                entries = parse_bundle(data, name.width)
            except VerificationError as error:
                self.unread[path_of(name)] = error.message
                if hashes is None:
                    return
                yield hashes
                continue
            leaves = leaf_hashes(entries)
            if leaves != hashes:
                self.contradicted[path_of(name)] = "the entries do not have the hashes of the tree"
            self.narrower |= differing_bundles(self._folder, name, data)
            self._follow(name, entries)
            yield leaves

    def _follow(self, name: TileName, entries: list[bytes]) -> None:
        if self.broken is not None or self.unread:
            return
        try:
            for data in entries:
                self.take(self.chain.follow(data))
        except AuditorError as error:
            self.broken, self.broken_in = error, path_of(name)


def _read_bundle(folder: LogFolder, name: TileName) -> bytes:
    """The bundle, or the beginning of a wider one that has replaced it meanwhile."""
    try:
        return folder.read(name)
    except VerificationError:
        if not folder.is_outgrown(name):
            raise
        entries = parse_bundle(folder.read(name.full), name.full.width)
        return encode_bundle(entries[: name.width])


def _stored_hashes(folder: LogFolder, bundle: TileName) -> list[bytes] | None:
    name = TileName(0, bundle.index, bundle.width)
    try:
        return parse_tile(folder.read(name), name.width)
    except VerificationError:
        return None  # `differing_tiles` names it


def _stored_leaves(folder: LogFolder) -> Iterator[list[bytes]]:
    """The stored leaf hashes, up to the first tile that is missing."""
    for name in folder.bundles():
        hashes = _stored_hashes(folder, name)
        if hashes is None:
            return
        yield hashes


def _note_faults(notes: Notes, faults: Faults) -> None:
    for path, detail in faults.items():
        notes.bad(detail, path)


def _note_unproven(
    folder: LogFolder, root: bytes, entries: _EntryReader, tile_faults: Faults, notes: Notes
) -> None:
    """The entries do not lead to the checkpoint's root: say which files are to blame."""
    bundle_faults = entries.unread | entries.contradicted
    hash_root, other_faults = differing_tiles(folder, _stored_leaves(folder))
    if hash_root == root:
        _note_faults(notes, bundle_faults | other_faults)
    else:
        _note_faults(notes, bundle_faults | tile_faults)
    if notes.verdict is not StepVerdict.BAD:
        notes.bad("the entries and tiles have another root than the checkpoint", CHECKPOINT)


def blobs_of_entry(body: LogBody) -> list[BlobRef]:
    """The blobs that an entry refers to."""
    match body:
        case RunStart():
            return [body.policy]
        case Collect() | Verdicts() | PruneRecord():
            return [body.blob]
        case FreeBody(fields={"blob": blob}):
            return _free_blob(blob)
        case _:
            return []


def _free_blob(value: object) -> list[BlobRef]:
    try:
        return [BlobRef.model_validate(value)]
    except ValidationError:
        return []  # a field that is only called so


def _check_times(evidence: Evidence, notes: Notes) -> None:
    last = evidence.last_time
    if last is not None and last > evidence.now + MAX_STEP_BACK:
        notes.cannot_tell(f"the last entry is of {last}, after the time of verification")
