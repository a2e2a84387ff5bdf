"""Which blobs of attestations and samples go into a bundle: those that bear on the chosen runs.

An attestation may have been recorded long before the runs that counted it, and a population is
frozen after them: so their entries go along wherever they stand. Fields of such entries have a free
form; what cannot be read goes along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auditor.app.export.period import Period
from auditor.attest.steps_log import blobs_of_entry
from auditor.core.times import parse_instant
from auditor.ledger.blobs import BlobRef
from auditor.ledger.entries import AttestationRecord, Entry, SampleRecord


@dataclass(frozen=True, slots=True)
class RecordBlob:
    """A blob that an entry of an attestation or a sample names.

    Args:
        entry: Index of the entry.
        control: Of which control it is; "" where the entry does not say.
        attached: It is a document that somebody attached.
    """

    entry: int
    blob: BlobRef
    control: str = ""
    attached: bool = False


@dataclass(slots=True)
class RecordSurvey:
    """Takes the entries of the log one after the other.

    Args:
        moments: From the first moment of the chosen runs until after the last.
        control: Only of this control; None for all.
        found: Every blob of such an entry.
        wanted: Indexes of the entries that go along wherever they stand.
    """

    moments: Period
    control: str | None = None
    found: list[RecordBlob] = field(default_factory=list)
    wanted: set[int] = field(default_factory=set)
    _controls: dict[str, str] = field(default_factory=dict)
    _counting: set[str] = field(default_factory=set)

    def take(self, entry: Entry) -> None:
        """The next entry."""
        match entry.body:
            case AttestationRecord(fields=fields):
                self._attestation(entry, fields)
            case SampleRecord(fields=fields):
                self._sample(entry, fields)

    def within(self, indexes: Iterable[int]) -> tuple[RecordBlob, ...]:
        """The blobs of these entries."""
        there = set(indexes)
        return tuple(one for one in self.found if one.entry in there)

    def _attestation(self, entry: Entry, fields: Mapping[str, object]) -> None:
        name = str(fields.get("attestation", ""))
        attached = "attachment" in fields
        if not attached:
            self._controls[name] = str(fields.get("check", "")).partition("/")[0]
            self._counting.discard(name)
            if self._is_wanted(self._controls[name], "", fields.get("valid_until")):
                self._counting.add(name)
        control = self._controls.get(name, "")
        if name in self._counting and entry.time < self.moments.until:
            self.wanted.add(entry.index)
        self._note(entry, control, attached=attached)

    def _sample(self, entry: Entry, fields: Mapping[str, object]) -> None:
        if fields.get("action") == "draw":
            if fields.get("freeze") in self.wanted:
                self.wanted.add(entry.index)
            return
        control = str(fields.get("control", ""))
        if self._is_wanted(control, fields.get("since"), fields.get("until")):
            self.wanted.add(entry.index)
        self._note(entry, control)

    def _is_wanted(self, control: str, since: object, until: object) -> bool:
        if self.control is not None and control not in ("", self.control):
            return False
        begins, ends = _moment(since), _moment(until)
        early = ends is not None and ends <= self.moments.since
        late = begins is not None and begins >= self.moments.until
        return not (early or late)

    def _note(self, entry: Entry, control: str, *, attached: bool = False) -> None:
        self.found += [
            RecordBlob(entry.index, blob, control, attached) for blob in blobs_of_entry(entry.body)
        ]


def _moment(value: object) -> datetime | None:
    try:
        return parse_instant(value)
    except ValueError:
        return None
