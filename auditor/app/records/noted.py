"""What the log took note of in attestations, and when: it remembers those that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from auditor.app.project import TRUST_FILE, Project, load_trust
from auditor.attest.attested import signatures_of
from auditor.collectors.own_records import Noted
from auditor.core.times import parse_instant
from auditor.ledger.entries import AttestationRecord, Entry


@dataclass(slots=True)
class NotedBook:
    """Takes the entries of a log one after the other.

    Args:
        noted: Each attestation with each text that it had, the oldest entry first.
        signatures: Digest of a text and of a signature of it, to when both were first noted.
    """

    noted: dict[tuple[str, str], Noted] = field(default_factory=dict)
    signatures: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _last: dict[str, tuple[str, str]] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """The next entry."""
        if not isinstance(entry.body, AttestationRecord):
            return
        fields = entry.body.fields
        name = str(fields.get("attestation", ""))
        if "attachment" in fields:
            self._attachment(name, str(fields.get("sha256", "")))
            return
        text = str(fields.get("digest", ""))
        place = self._last[name] = (name, text)
        for signature in signatures_of(entry.body):
            self.signatures.setdefault(signature, entry.time)
        self.noted.setdefault(
            place,
            Noted(
                id=name,
                check=str(fields.get("check", "")),
                digest=text,
                entry=entry.index,
                at=entry.time,
                valid_until=_until(fields),
                period=str(fields.get("period") or ""),
            ),
        )

    def _attachment(self, name: str, sha256: str) -> None:
        place = self._last.get(name)
        if place is not None:
            known = self.noted[place]
            self.noted[place] = replace(known, attachments=known.attachments | {sha256})


def _until(fields: Mapping[str, object]) -> datetime | None:
    """Until when it serves; None, which is for ever, where the entry does not say."""
    try:
        return parse_instant(fields.get("valid_until"))
    except ValueError:
        return None


def read_noted(entries: Iterable[Entry]) -> NotedBook:
    """What a log says of attestations."""
    book = NotedBook()
    for entry in entries:
        book.take(entry)
    return book


def key_ends(project: Project) -> dict[str, datetime]:
    """Id of an approver's key to when it went out of use, by the project's own trust policy.

    Raises:
        ConfigError: The policy cannot be read.
    """
    folder = project.trust_folder
    if not (folder / TRUST_FILE).is_file():
        return {}
    found: dict[str, datetime] = {}
    for key in load_trust(folder).approvers:
        ends = [end for end in (key.not_after, key.revoked_at) if end is not None]
        if ends:
            found[key.key_id] = min(ends)
    return found
