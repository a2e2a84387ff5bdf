"""What policy and log together say of each key: from when to when it counts, and through whom.

The trust policy says which keys count. A rotation in the log, signed by the old and the new key,
leads to keys that it does not name yet: such a key counts with a warning, because a thief of the
old key could have made the rotation. A revocation in the log counts at once. Time is the best
known: a signature is not younger than the entry that names it, nor than a trusted time-stamp.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, assert_never

from auditor.attest.key_record import recorded_key_id, recorded_pem, verify_record
from auditor.attest.result import Note, StepVerdict
from auditor.attest.signing import key_id, note_key_pem
from auditor.attest.trust import TrustPolicy, Validity
from auditor.core.times import format_instant
from auditor.errors import UndecidableError, VerificationError
from auditor.ledger.chain import MAX_STEP_BACK
from auditor.ledger.entries import Entry, KeyRecord, KeySignature
from auditor.ledger.note import NoteKey

Use = Literal["log", "run"]
MAX_ROTATION_DELAY = timedelta(minutes=10)
"""How long before its entry a rotation may say that it holds: it is not dated back."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the clock of a time-stamp authority may be behind that of the log's writer."""
_ID_SHOWN = 16


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that counts, and when.

    Args:
        use: What it signs.
        key_id: SHA-256 (hex) of the public key.
        public_key: PEM.
        window: Of the trust policy; of the log, where the policy does not name the key.
        revoked_at: The earliest time from which policy or log calls it revoked.
        brought_by: Entry of the rotation that leads to it; None where the policy names it.
        replaced_by: Entry of the rotation that ended its use; None while it is in use.
    """

    use: Use
    key_id: str
    public_key: str
    window: Validity
    revoked_at: datetime | None = None
    brought_by: int | None = None
    replaced_by: int | None = None

    def check_use(
        self, index: int, log_time: datetime, proven_time: datetime | None = None
    ) -> None:
        """Check that the key could sign what the log names at an entry.

        Args:
            index: The entry that names what was signed (`run.end`), or the last of a checkpoint.
            log_time: Its time.
            proven_time: A trusted time-stamp says that the signature existed then.

        Raises:
            VerificationError: Outside the key's validity, replaced before, or revoked by then.
            UndecidableError: The key was revoked later, and only the log says that this is older.
        """
        name = f"the {self.use} key {self.key_id[:_ID_SHOWN]}"
        time = log_time if proven_time is None else min(log_time, proven_time)
        early = log_time if time == log_time else time + CLOCK_TOLERANCE
        if self.replaced_by is not None and index > self.replaced_by:
            raise VerificationError(f"{name} was replaced by entry {self.replaced_by}")
        end = self.window.not_after
        if early < self.window.not_before or (end is not None and time >= end):
            raise VerificationError(f"{name} was not valid at {format_instant(time)}")
        if self.revoked_at is None:
            return
        revoked = f"{name} was revoked from {format_instant(self.revoked_at)} on"
        if log_time >= self.revoked_at:
            raise VerificationError(revoked)
        if proven_time is None or proven_time >= self.revoked_at:
            raise UndecidableError(
                f"{revoked}, and no trusted time-stamp proves that this is older",
                hint="a time-stamp of a trusted authority from before the revocation would",
            )

    def warning(self) -> str:
        """What to say of a key that the policy does not name."""
        return (
            f"the {self.use} key {self.key_id} is not in the trust policy; entry {self.brought_by}"
            " rotates to it from a trusted key: compare it with its owner"
        )


@dataclass(slots=True)
class _Record:
    """What the log says of one key."""

    public_key: str
    since: datetime | None = None
    brought_by: int | None = None
    predecessor: str = ""
    replaced_by: int | None = None
    revoked_at: datetime | None = None


@dataclass(slots=True)
class KeyHistory:
    """Follows the `key` entries of a log under a trust policy.

    Args:
        trust: Whose keys count; None where the auditor gave no policy.
        notes: What is wrong with entries so far, each with its entry.
    """

    trust: TrustPolicy | None
    notes: list[Note] = field(default_factory=list)
    _records: dict[tuple[Use, str], _Record] = field(default_factory=dict)
    _log_key: NoteKey | None = None
    _replaced: dict[NoteKey, int] = field(default_factory=dict)

    @property
    def log_key(self) -> NoteKey | None:
        """The key that signs checkpoints now, by the log's own account; None where it is silent."""
        return self._log_key

    def add(self, entry: Entry) -> None:
        """Take the next entry; what is wrong with it becomes a note, and it then has no effect."""
        record = entry.body
        if not isinstance(record, KeyRecord):
            return
        try:
            match record.action:
                case "introduce":
                    self._introduce(record, entry.index)
                case "rotate":
                    self._rotate(record, entry)
                case "revoke":
                    self._revoke(record, entry)
                case _:
                    assert_never(record.action)
        except VerificationError as error:
            self._note(StepVerdict.BAD, entry, error.message)
        except UndecidableError as error:
            self._note(StepVerdict.CANNOT_TELL, entry, error.message)

    def known(self, use: Use, wanted: str) -> KnownKey | None:
        """The key with this id (SHA-256, hex), None where neither policy nor rotation knows it."""
        record = self._records.get((use, wanted))
        trusted = _trusted(self.trust, use, wanted)
        if trusted is not None:
            public, window = trusted
            times = [window.revoked_at, record.revoked_at if record else None]
            revoked = min((time for time in times if time is not None), default=None)
            replaced = record.replaced_by if record else None
            return KnownKey(use, wanted, public, window, revoked, replaced_by=replaced)
        if record is None or record.since is None or not self._is_reached(use, wanted):
            return None
        return KnownKey(
            use,
            wanted,
            record.public_key,
            Validity(not_before=record.since),
            record.revoked_at,
            record.brought_by,
            record.replaced_by,
        )

    def unnamed(self) -> list[KnownKey]:
        """The keys that only rotations lead to, in the order of the log."""
        found = (self.known(use, name) for use, name in self._records)
        return [key for key in found if key is not None and key.brought_by is not None]

    def replaced_log_keys(self) -> dict[NoteKey, int]:
        """The keys that the log had before, and the entries that replaced them."""
        return dict(self._replaced)

    def _is_reached(self, use: Use, wanted: str) -> bool:
        """True when rotations lead to the key from one of the policy, none of them by a revoked."""
        record = self._records.get((use, wanted))
        while record is not None and record.predecessor:
            before = record.predecessor
            trusted = _trusted(self.trust, use, before)
            record = self._records.get((use, before))
            revoked = record.revoked_at if record else None
            if revoked is not None or (trusted and trusted[1].revoked_at is not None):
                return False
            if trusted is not None:
                return True
        return False

    def _introduce(self, record: KeyRecord, index: int) -> None:
        name = recorded_key_id(record.use, record.key)
        if record.use != "log":
            return  # that a run key is told of does not make it count
        if index != 0:
            raise VerificationError("a log begins with its key, and has another only by rotation")
        self._log_key = NoteKey.parse(record.key)
        self._record("log", name, record.key)

    def _rotate(self, record: KeyRecord, entry: Entry) -> None:
        use, old_text = record.use, record.replaces
        if old_text is None:
            raise VerificationError("a rotation names the key that it replaces")
        old, new = recorded_key_id(use, old_text), recorded_key_id(use, record.key)
        if old == new or (use, new) in self._records:
            raise VerificationError(f"rotates to the key {new[:_ID_SHOWN]}, which was used before")
        self._check_signed_by_both(record, old, new)
        self._check_old_key(record, entry, old)
        before = self._record(use, old, old_text)
        before.replaced_by = entry.index
        after = self._record(use, new, record.key)
        after.since, after.brought_by, after.predecessor = record.since, entry.index, old
        if use == "log":
            self._replaced[NoteKey.parse(old_text)] = entry.index
            self._log_key = NoteKey.parse(record.key)

    def _check_signed_by_both(self, record: KeyRecord, old: str, new: str) -> None:
        texts = {old: str(record.replaces), new: record.key}
        by = {signature.key_id: signature for signature in record.signatures}
        for name, what in ((old, "old"), (new, "new")):
            if name not in by:
                raise VerificationError(f"the rotation is not signed by the {what} key")
            verify_record(record, by[name], recorded_pem(record.use, texts[name]))
        if len(record.signatures) != len(texts):
            raise VerificationError("the rotation is signed by others than the old and new key")

    def _check_old_key(self, record: KeyRecord, entry: Entry, old: str) -> None:
        """The old key is the one in use, and the rotation holds from its entry on."""
        current = self._log_key
        if record.use == "log" and (current is None or current.vkey != record.replaces):
            raise VerificationError("rotates from another key than the log has")
        known = self._records.get((record.use, old))
        if known is not None and (known.replaced_by is not None or known.revoked_at is not None):
            raise VerificationError(f"the key {old[:_ID_SHOWN]} was replaced or revoked before")
        if not entry.time - MAX_ROTATION_DELAY <= record.since <= entry.time + MAX_STEP_BACK:
            since = format_instant(record.since)
            raise VerificationError(f"says that it holds since {since}, not since its entry")
        trusted = _trusted(self.trust, record.use, old)
        if trusted is not None and not _covers_until(trusted[1], record.since):
            raise VerificationError(f"the old key {old[:_ID_SHOWN]} was not valid any more")

    def _revoke(self, record: KeyRecord, entry: Entry) -> None:
        name = recorded_key_id(record.use, record.key)
        if not record.signatures:
            raise VerificationError("the revocation is not signed")
        for signature in record.signatures:
            pem = self._revoker(record, signature, name, entry)
            verify_record(record, signature, pem)
        found = self._record(record.use, name, record.key)
        found.revoked_at = min(found.revoked_at or record.since, record.since)

    def _revoker(
        self, record: KeyRecord, signature: KeySignature, revoked: str, entry: Entry
    ) -> str:
        """The public key of whoever signed a revocation, who may do so."""
        if signature.key_id == revoked:
            return recorded_pem(record.use, record.key)  # whoever has a key may say that it is lost
        short = signature.key_id[:_ID_SHOWN]
        known = self.known(record.use, signature.key_id)
        if known is None:
            raise UndecidableError(f"revokes the key {revoked[:_ID_SHOWN]}, by an unknown {short}")
        if known.replaced_by is not None or not _in_force(known, entry.time):
            raise VerificationError(f"the revocation is signed by {short}, which is not in force")
        return known.public_key

    def _record(self, use: Use, name: str, text: str) -> _Record:
        return self._records.setdefault((use, name), _Record(recorded_pem(use, text)))

    def _note(self, verdict: StepVerdict, entry: Entry, message: str) -> None:
        where = f"entry {entry.index}"
        self.notes.append(Note(verdict, f"{where}: {message}", where))


def _trusted(trust: TrustPolicy | None, use: Use, wanted: str) -> tuple[str, Validity] | None:
    """The public key (PEM) and validity of a key of the policy."""
    if trust is None:
        return None
    if use == "run":
        key = trust.run_key(wanted)
        return None if key is None else (key.public_key, key)
    for log_key in trust.log_keys:
        note_key = log_key.note_key
        if isinstance(note_key, NoteKey) and key_id(note_key_pem(note_key)) == wanted:
            return note_key_pem(note_key), log_key
    return None


def _in_force(key: KnownKey, time: datetime) -> bool:
    return key.window.covers(time) and (key.revoked_at is None or time < key.revoked_at)


def _covers_until(window: Validity, time: datetime) -> bool:
    """True when the window covers the time or ends with it.

    That the policy calls the key revoked since is no fault of the entry; it leads nowhere then.
    """
    return window.not_before <= time and (window.not_after is None or time <= window.not_after)
