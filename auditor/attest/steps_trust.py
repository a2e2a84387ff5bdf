"""Steps 0 and 1: what is trusted, and which files there are."""

from __future__ import annotations

import io
import re

from auditor.attest.evidence import Evidence
from auditor.attest.reader import read_bounded
from auditor.attest.result import Notes
from auditor.errors import LedgerError
from auditor.ledger.journal import read_frames
from auditor.ledger.tiles import TileName

CHECKPOINT = "log/checkpoint"
JOURNAL = "log/journal"
FOLDERS = ("log", "blobs", "runs")
MAX_JOURNAL = 256 * 1024 * 1024
_BLOB = re.compile(r"blobs/sha256/[0-9a-f]{2}/[0-9a-f]{62}", re.ASCII)


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
        if path not in (CHECKPOINT, JOURNAL) and TileName.parse(path[4:]) is None:
            notes.warn("a file that is no part of the log", path)
    for path in evidence.paths["blobs"]:
        if _BLOB.fullmatch(path) is None:
            notes.warn("a file that is no blob", path)
    if JOURNAL in evidence.paths["log"]:
        _check_journal(evidence, notes)
    return f"{sum(map(len, evidence.paths.values()))} files"


def _check_journal(evidence: Evidence, notes: Notes) -> None:
    data = read_bounded(evidence.reader, JOURNAL, MAX_JOURNAL)
    if not data:
        return
    try:
        frames = list(read_frames(io.BytesIO(data)))
    except LedgerError as error:
        notes.bad(error.message, JOURNAL)
        return
    if frames:
        notes.warn(
            f"{len(frames)} entries are not under a checkpoint yet: a run is going on or was"
            " interrupted",
            JOURNAL,
        )
    end = frames[-1].end if frames else 0
    if end < len(data):
        notes.warn(f"{len(data) - end} bytes of an entry that was not finished", JOURNAL)
