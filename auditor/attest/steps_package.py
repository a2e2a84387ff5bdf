"""Step 1 for a bundle: the manifest is signed, every member is listed and as it was listed.

What the members say is for later steps. The trust copy, the guide and other members for people are
never believed: here it is only seen that they are those that were packed.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from auditor.attest.detached import MAX_SIDECAR, signer_of, verify_file
from auditor.attest.evidence import Evidence
from auditor.attest.noted import NotedUse
from auditor.attest.package import (
    FOLDERS,
    GUIDE,
    MANIFEST,
    MAX_MANIFEST,
    OWN,
    REPORTS,
    SIGNATURE,
    SUMS,
    Manifest,
    Member,
    entry_path,
    member,
    sums_text,
)
from auditor.attest.reader import read_bounded
from auditor.attest.result import Notes
from auditor.errors import StoreError, UndecidableError, VerificationError
from auditor.ledger.entries import Entry
from auditor.ledger.tiles import MAX_ENTRY


def check_package(evidence: Evidence, notes: Notes) -> str:
    """(1) Manifest: form, signature, list of members, their digests, and `SHA256SUMS`."""
    found = list(evidence.reader.paths(""))
    data = read_bounded(evidence.reader, MANIFEST, MAX_MANIFEST)
    manifest = Manifest.parse(data)
    sidecar = _read_signature(evidence, notes)
    if sidecar is not None:
        _check_signature(evidence, manifest, data, sidecar, notes)
    _check_members(evidence, manifest, found, notes)
    _check_sums(evidence, manifest, [member(MANIFEST, data)], sidecar, notes)
    for folder in FOLDERS:
        evidence.paths[folder] = [path for path in found if path.startswith(f"{folder}/")]
    evidence.reports = {**_reports(manifest), **evidence.reports}
    evidence.package = manifest
    for item in manifest.left_out:
        notes.warn(f"left out of the bundle: {item.reason}", item.path)
    return f"{len(found)} members, as the signed manifest lists them"


def _read_signature(evidence: Evidence, notes: Notes) -> bytes | None:
    try:
        return read_bounded(evidence.reader, SIGNATURE, MAX_SIDECAR)
    except VerificationError as error:
        notes.bad(error.message, SIGNATURE)
        return None


def _check_signature(
    evidence: Evidence, manifest: Manifest, data: bytes, sidecar: bytes, notes: Notes
) -> None:
    try:
        text = sidecar.decode("ascii")
    except UnicodeDecodeError:
        notes.bad("not the text of a signature file", SIGNATURE)
        return
    if evidence.trust is None:
        notes.cannot_tell("no trust policy: the signature cannot be checked", SIGNATURE)
        return
    try:
        # Made when the log had the state that the bundle shows: step 3 proves that entry.
        at = _time_of_head(evidence, manifest)
        verify_file(data, text, evidence.trust.run_keys, at=at)
    except VerificationError as error:
        notes.bad(error.message, error.where or SIGNATURE)
    except UndecidableError as error:
        # Answered in step 3, unless a rotation in the log leads to the signer.
        notes.warn(f"{error.message}; step 3 looks for a rotation that leads to it", SIGNATURE)


def check_signer(evidence: Evidence, notes: Notes) -> None:
    """Part of step 3, when the entries are proven: what the log says of the manifest's signer."""
    if evidence.keys is None or evidence.trust is None or evidence.last_time is None:
        return  # step 1 has said that there is no policy
    size = evidence.checkpoint.checkpoint.size
    noted = NotedUse(evidence.keys, size - 1, evidence.last_time)
    data = read_bounded(evidence.reader, MANIFEST, MAX_MANIFEST)
    try:
        sidecar = read_bounded(evidence.reader, SIGNATURE, MAX_SIDECAR).decode("ascii")
        wanted = signer_of(sidecar)
        noted.check(wanted)
        verify_file(data, sidecar, [noted.named(wanted)], at=evidence.last_time)
    except (VerificationError, UnicodeDecodeError) as error:
        notes.bad(str(error), SIGNATURE)
    except UndecidableError as error:
        notes.cannot_tell(error.message, SIGNATURE)


def _time_of_head(evidence: Evidence, manifest: Manifest) -> datetime:
    path = entry_path(manifest.size - 1)
    return Entry.parse(read_bounded(evidence.reader, path, MAX_ENTRY)).time


def _check_members(evidence: Evidence, manifest: Manifest, found: list[str], notes: Notes) -> None:
    listed = {item.path for item in manifest.members}
    for path in found:
        if path not in listed and path not in OWN:
            notes.bad("the manifest does not list this member", path)
    for item in manifest.members:
        folder, separator, _rest = item.path.partition("/")
        known = folder in FOLDERS if separator else item.path == GUIDE
        if item.path in OWN or not known:
            notes.bad("the manifest lists what has no place in a bundle", item.path)
        _check_member(evidence, item, notes)


def _check_member(evidence: Evidence, item: Member, notes: Notes) -> None:
    seen, size = hashlib.sha256(), 0
    try:
        for piece in evidence.reader.chunks(item.path):
            seen.update(piece)
            size += len(piece)
            if size > item.size:
                break
    except VerificationError as error:
        notes.bad(error.message, error.where or item.path)
        return
    except StoreError as error:
        notes.cannot_tell(error.message, error.where or item.path)
        return
    if size != item.size:
        notes.bad(f"has not the {item.size} bytes that the manifest says", item.path)
    elif f"sha256:{seen.hexdigest()}" != item.digest:
        notes.bad("has another digest than the manifest says", item.path)


def _check_sums(
    evidence: Evidence,
    manifest: Manifest,
    own: list[Member],
    sidecar: bytes | None,
    notes: Notes,
) -> None:
    if sidecar is not None:
        own = [*own, member(SIGNATURE, sidecar)]
    expected = sums_text((item.path, item.digest) for item in [*manifest.members, *own])
    try:
        found = read_bounded(evidence.reader, SUMS, len(expected))
    except VerificationError as error:
        notes.bad(error.message, SUMS)
        return
    if found != expected:
        notes.bad("is not what the manifest's digests give", SUMS)


def _reports(manifest: Manifest) -> dict[str, str]:
    """The reports of the bundle, for step 8."""
    return {
        item.path: item.digest for item in manifest.members if item.path.startswith(f"{REPORTS}/")
    }
