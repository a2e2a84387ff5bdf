"""Steps 0 and 1: what is trusted, and which files there are."""

from __future__ import annotations

import io
import re

from auditor.attest.evidence import Evidence
from auditor.attest.reader import read_bounded
from auditor.attest.result import Notes
from auditor.errors import LedgerError, VerificationError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.entries import Entry
from auditor.ledger.journal import read_frames
from auditor.ledger.note import MAX_NOTE
from auditor.ledger.tiles import TileName

CHECKPOINT = "log/checkpoint"
JOURNAL = "log/journal"
FOLDERS = ("log", "blobs", "vault", "runs")
MAX_JOURNAL = 256 * 1024 * 1024
_BLOB = re.compile(r"(?:vault/)?blobs/sha256/[0-9a-f]{2}/[0-9a-f]{62}", re.ASCII)
_JOURNAL_OBJECT = re.compile(r"log/journal/[0-9]{16}", re.ASCII)


def check_trust(evidence: Evidence, notes: Notes) -> str:
    """(0) A trust policy was given, and it has a key of the log for today."""
    trust = evidence.trust
    if trust is None:
        notes.cannot_tell("no trust policy was given: whose signatures count is not known")
        return ""
    if not any(key.not_before <= evidence.now for key in trust.log_keys):
        notes.cannot_tell("no log key of the trust policy is valid yet: is the clock right?")
    return (
        f"log {trust.origin!r}, {len(trust.log_keys)} log keys, {len(trust.run_keys)} run keys,"
        f" {len(trust.approvers)} approvers"
    )


def check_files(evidence: Evidence, notes: Notes) -> str:
    """(1) The store can be listed, and nothing lies in it that does not belong there."""
    for folder in FOLDERS:
        evidence.paths[folder] = list(evidence.reader.paths(folder))
    for path in evidence.paths["log"]:
        if not _is_of_log(path):
            notes.warn("a file that is no part of the log", path)
    for path in (*evidence.paths["blobs"], *evidence.paths["vault"]):
        if _BLOB.fullmatch(path) is None:
            notes.warn("a file that is no blob", path)
    _check_journal(evidence, notes)
    return f"{sum(map(len, evidence.paths.values()))} files"


def _is_of_log(path: str) -> bool:
    return (
        path in (CHECKPOINT, JOURNAL)
        or TileName.parse(path[4:]) is not None
        or _JOURNAL_OBJECT.fullmatch(path) is not None
    )


def _check_journal(evidence: Evidence, notes: Notes) -> None:
    """Entries that wait: in one file of a folder, or in an object for each append in a bucket."""
    paths = [p for p in evidence.paths["log"] if p == JOURNAL or _JOURNAL_OBJECT.fullmatch(p)]
    size = _size(evidence) if paths else 0
    waiting, left = 0, MAX_JOURNAL
    for path in paths:
        data = read_bounded(evidence.reader, path, left)
        left -= len(data)
        waiting += _waiting(data, path, size, notes)
    if waiting:
        notes.warn(
            f"{waiting} entries are not under a checkpoint yet: a run is going on or was"
            " interrupted",
            paths[0],
        )


def _size(evidence: Evidence) -> int:
    """What the checkpoint says of its size; step 2 finds out whether it is true."""
    try:
        data = read_bounded(evidence.reader, CHECKPOINT, MAX_NOTE)
        return SignedCheckpoint.parse(data).checkpoint.size
    except VerificationError:
        return 0


def _waiting(data: bytes, path: str, size: int, notes: Notes) -> int:
    """The entries of a piece of the journal that the checkpoint does not cover."""
    try:
        frames = list(read_frames(io.BytesIO(data)))
        waiting = sum(Entry.parse(frame.entry).index >= size for frame in frames)
    except LedgerError as error:
        notes.bad(error.message, path)
        return 0
    end = frames[-1].end if frames else 0
    if end < len(data):
        notes.warn(f"{len(data) - end} bytes of an entry that was not finished", path)
    return waiting
