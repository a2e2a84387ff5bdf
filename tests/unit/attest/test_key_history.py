"""Keys over time: windows, rotations, revocations, and what each of them does to signatures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from auditor.attest.key_history import KeyHistory, KnownKey
from auditor.attest.key_record import sign_record, signed_bytes
from auditor.attest.result import StepVerdict
from auditor.attest.signing import verify_signature
from auditor.attest.trust import LogKey, NamedKey, TrustPolicy, Validity
from auditor.errors import UndecidableError, VerificationError
from auditor.keys.file import FileKey, generate_key
from auditor.ledger.encoding import decode_base64
from auditor.ledger.entries import GENESIS, Entry, KeyRecord, KeySignature, RunAbort
from tests.unit.store.building import BEGIN, ORIGIN

HOUR = timedelta(hours=1)
Use = Literal["log", "run"]
BAD, CANNOT_TELL = StepVerdict.BAD, StepVerdict.CANNOT_TELL


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Use, int], FileKey]:
    """Numbered keys of each use."""
    folder = tmp_path_factory.mktemp("keys")
    made: dict[tuple[Use, int], FileKey] = {}

    def get(use: Use, number: int) -> FileKey:
        algorithm: Literal["ed25519", "ecdsa-p256-sha256"] = (
            "ed25519" if use == "log" else "ecdsa-p256-sha256"
        )
        if (use, number) not in made:
            made[use, number] = generate_key(folder / f"{use}-{number}.pem", algorithm)
        return made[use, number]

    return get


Keys = Callable[[Use, int], FileKey]


def text(use: Use, key: FileKey) -> str:
    return key.note_key(ORIGIN).vkey if use == "log" else key.public_key


def policy(keys: Keys, **changes: object) -> TrustPolicy:
    """A policy with the first key of each use."""
    log = LogKey(vkey=text("log", keys("log", 1)), not_before=BEGIN)
    run = NamedKey(name="run-1", public_key=keys("run", 1).public_key, not_before=BEGIN)
    return TrustPolicy(
        origin=ORIGIN,
        log_keys=(log.model_copy(update=changes),),
        run_keys=(run.model_copy(update=changes),),
    )


class Told:
    """Entries as a log would hold them, one an hour."""

    def __init__(self, keys: Keys, trust: TrustPolicy | None) -> None:
        self.keys = keys
        self.history = KeyHistory(trust)
        self.index = 0
        first = text("log", keys("log", 1))
        self.add(KeyRecord(use="log", action="introduce", key=first, since=self.now))

    @property
    def now(self) -> datetime:
        return BEGIN + self.index * HOUR

    def add(self, record: KeyRecord) -> int:
        index = self.index
        self.history.add(Entry(index, GENESIS, self.now, record))
        self.index += 1
        return index

    def rotation(self, use: Use, old: int, new: int, **changes: object) -> KeyRecord:
        record = KeyRecord(
            use=use,
            action="rotate",
            key=text(use, self.keys(use, new)),
            replaces=text(use, self.keys(use, old)),
            since=self.now,
        )
        return record.model_copy(update=changes)

    def rotate(self, use: Use, old: int, new: int, **changes: object) -> int:
        record = self.rotation(use, old, new, **changes)
        return self.add(sign_record(record, self.keys(use, old), self.keys(use, new)))

    def revoke(self, use: Use, number: int, by: int, since: datetime) -> int:
        key = text(use, self.keys(use, number))
        record = KeyRecord(use=use, action="revoke", key=key, since=since, reason="stolen")
        return self.add(sign_record(record, self.keys(use, by)))

    def known(self, use: Use, number: int) -> KnownKey | None:
        return self.history.known(use, self.keys(use, number).key_id)

    @property
    def faults(self) -> list[tuple[StepVerdict, str]]:
        return [(note.verdict, note.detail) for note in self.history.notes]


@pytest.fixture
def told(keys: Keys) -> Told:
    return Told(keys, policy(keys))


def test_a_record_is_signed_over_its_body_without_signatures(keys: Keys) -> None:
    told = Told(keys, None)
    record = sign_record(told.rotation("run", 1, 2), keys("run", 1))
    (signature,) = record.signatures
    message = signed_bytes(record)
    assert b"signatures" not in message
    assert b"replaces" in message
    raw = decode_base64(signature.signature)
    verify_signature(keys("run", 1).public_key, "ecdsa-p256-sha256", message, raw)


@pytest.mark.parametrize("use", ["log", "run"])
def test_a_chain_of_three_rotations_leads_to_the_last_key(told: Told, use: Use) -> None:
    entries = [told.rotate(use, number, number + 1) for number in (1, 2, 3)]
    assert told.faults == []
    first, last = told.known(use, 1), told.known(use, 4)
    assert first is not None
    assert (first.brought_by, first.replaced_by) == (None, entries[0])
    assert last is not None
    assert (last.brought_by, last.replaced_by) == (entries[2], None)
    assert last.key_id in last.warning()
    assert f"entry {entries[2]}" in last.warning()
    assert [key.brought_by for key in told.history.unnamed()] == entries
    last.check_use(told.index, told.now)


def test_the_key_of_the_log_follows_its_rotations(told: Told, keys: Keys) -> None:
    entry = told.rotate("log", 1, 2)
    assert told.history.log_key == keys("log", 2).note_key(ORIGIN)
    assert told.history.replaced_log_keys() == {keys("log", 1).note_key(ORIGIN): entry}


def test_a_chain_that_begins_with_an_unknown_key_leads_nowhere(told: Told) -> None:
    told.rotate("run", 7, 8)
    assert told.known("run", 8) is None
    assert told.known("run", 7) is None
    assert told.faults == []  # who uses one of them is an unknown signer


def test_a_key_that_the_policy_names_needs_no_chain(keys: Keys) -> None:
    trust = policy(keys)
    both = (
        *trust.run_keys,
        NamedKey(name="b", public_key=keys("run", 2).public_key, not_before=BEGIN),
    )
    told = Told(keys, trust.model_copy(update={"run_keys": both}))
    told.rotate("run", 1, 2)
    key = told.known("run", 2)
    assert key is not None
    assert key.brought_by is None
    assert told.history.unnamed() == []


# Forged and malformed entries


@pytest.mark.parametrize("use", ["log", "run"])
@pytest.mark.parametrize(
    ("signers", "said"),
    [
        ((), "not signed by the old"),
        ((2,), "not signed by the old"),
        ((1,), "not signed by the new"),
    ],
)
def test_a_rotation_without_both_signatures_is_bad(
    told: Told, keys: Keys, use: Use, signers: tuple[int, ...], said: str
) -> None:
    told.add(sign_record(told.rotation(use, 1, 2), *(keys(use, number) for number in signers)))
    assert [verdict for verdict, _ in told.faults] == [BAD]
    assert said in told.faults[0][1]
    assert told.known(use, 2) is None
    assert told.history.log_key == keys("log", 1).note_key(ORIGIN)


@pytest.mark.parametrize("use", ["log", "run"])
def test_a_rotation_forged_with_another_key_is_bad(told: Told, keys: Keys, use: Use) -> None:
    record = sign_record(told.rotation(use, 1, 2), keys(use, 3), keys(use, 2))
    stolen = record.signatures[0].model_copy(update={"key_id": keys(use, 1).key_id})
    told.add(record.model_copy(update={"signatures": [stolen, record.signatures[1]]}))
    assert told.faults[0][0] is BAD
    assert "does not fit" in told.faults[0][1]
    assert told.known(use, 2) is None


def test_a_rotation_whose_body_was_changed_after_signing_is_bad(told: Told, keys: Keys) -> None:
    record = sign_record(told.rotation("run", 1, 2), keys("run", 1), keys("run", 2))
    told.add(record.model_copy(update={"reason": "another"}))
    assert told.faults[0][0] is BAD


@pytest.mark.parametrize("signature", ["?", "AAAA"])
def test_a_signature_that_is_none_is_bad(told: Told, keys: Keys, signature: str) -> None:
    record = sign_record(told.rotation("run", 1, 2), keys("run", 1), keys("run", 2))
    none = KeySignature(key_id=keys("run", 1).key_id, signature=signature)
    told.add(record.model_copy(update={"signatures": [none, record.signatures[1]]}))
    assert told.faults[0][0] is BAD


def test_a_third_signature_is_bad(told: Told, keys: Keys) -> None:
    signers = (keys("run", number) for number in (1, 2, 3))
    told.add(sign_record(told.rotation("run", 1, 2), *signers))
    assert "others than" in told.faults[0][1]


def test_a_rotation_that_names_no_old_key_is_bad(told: Told) -> None:
    told.rotate("run", 1, 2, replaces=None)
    assert "names the key that it replaces" in told.faults[0][1]


@pytest.mark.parametrize("use", ["log", "run"])
def test_a_text_that_is_no_key_is_bad(told: Told, use: Use) -> None:
    for action in ("introduce", "rotate", "revoke"):
        record = told.rotation(use, 1, 2, key="x", action=action)
        told.add(record)
    assert [verdict for verdict, _ in told.faults] == [BAD] * 3


def test_a_second_key_is_not_introduced(told: Told, keys: Keys) -> None:
    record = KeyRecord(
        use="log", action="introduce", key=text("log", keys("log", 2)), since=told.now
    )
    told.add(record)
    assert "only by rotation" in told.faults[0][1]
    assert told.history.log_key == keys("log", 1).note_key(ORIGIN)


def test_a_run_key_that_is_introduced_does_not_count(told: Told, keys: Keys) -> None:
    told.add(KeyRecord(use="run", action="introduce", key=keys("run", 9).public_key, since=BEGIN))
    assert told.faults == []
    assert told.known("run", 9) is None


def test_the_log_rotates_from_the_key_that_it_has(told: Told) -> None:
    told.rotate("log", 5, 6)
    assert "another key than the log has" in told.faults[0][1]
    silent = KeyHistory(None)
    record = sign_record(told.rotation("log", 1, 2), told.keys("log", 1), told.keys("log", 2))
    silent.add(Entry(3, GENESIS, told.now, record))
    assert silent.notes[0].verdict is BAD
    silent.add(Entry(4, GENESIS, told.now, RunAbort(run="r", reason="x")))
    assert len(silent.notes) == 1


def test_a_key_does_not_come_back(told: Told) -> None:
    told.rotate("run", 1, 2)
    told.rotate("run", 2, 1)
    assert "used before" in told.faults[0][1]


def test_a_replaced_key_does_not_rotate_again(told: Told) -> None:
    told.rotate("run", 1, 2)
    told.rotate("run", 1, 3)
    assert "replaced or revoked before" in told.faults[0][1]
    assert told.known("run", 3) is None


@pytest.mark.parametrize("off", [-HOUR, HOUR])
def test_a_rotation_is_not_dated_back_or_forward(told: Told, off: timedelta) -> None:
    told.rotate("run", 1, 2, since=told.now + off)
    assert "not since its entry" in told.faults[0][1]


def test_a_key_past_its_end_does_not_rotate(keys: Keys) -> None:
    told = Told(keys, policy(keys, not_after=BEGIN + HOUR))
    told.index = 5
    told.rotate("run", 1, 2)
    assert "not valid any more" in told.faults[0][1]


def test_the_policy_may_end_the_old_key_with_the_rotation(keys: Keys) -> None:
    told = Told(keys, policy(keys, not_after=BEGIN + HOUR))
    told.rotate("run", 1, 2)
    assert told.faults == []


# When a signature counts


def window(**changes: datetime) -> KnownKey:
    base = {"not_before": BEGIN + HOUR}
    revoked = changes.pop("revoked_at", None)
    return KnownKey("run", "0" * 64, "", Validity(**(base | changes)), revoked)


def test_before_and_after_its_validity_a_signature_is_bad() -> None:
    key = window(not_after=BEGIN + 2 * HOUR)
    key.check_use(1, BEGIN + HOUR)
    for time in (BEGIN, BEGIN + 2 * HOUR):
        with pytest.raises(VerificationError, match="was not valid at"):
            key.check_use(1, time)


def test_a_time_stamp_shows_that_a_backdated_signature_is_too_old_for_its_key() -> None:
    with pytest.raises(VerificationError, match="was not valid"):
        window().check_use(1, BEGIN + 2 * HOUR, BEGIN)
    window().check_use(1, BEGIN + 2 * HOUR, BEGIN + HOUR - timedelta(seconds=9))  # its clock


def test_a_late_time_stamp_does_not_make_a_signature_younger_than_the_log_says() -> None:
    window(not_after=BEGIN + 3 * HOUR).check_use(1, BEGIN + 2 * HOUR, BEGIN + 9 * HOUR)


def test_of_a_revoked_key_only_what_is_proven_to_be_older_counts() -> None:
    key = window(revoked_at=BEGIN + 5 * HOUR)
    before, after = BEGIN + 3 * HOUR, BEGIN + 5 * HOUR
    key.check_use(1, before, before)
    with pytest.raises(VerificationError, match="revoked"):
        key.check_use(1, after, before)
    for unproven in (None, after):
        with pytest.raises(UndecidableError, match="no trusted time-stamp"):
            key.check_use(1, before, unproven)


def test_what_a_replaced_key_signs_afterwards_is_bad(told: Told) -> None:
    entry = told.rotate("run", 1, 2)
    key = told.known("run", 1)
    assert key is not None
    key.check_use(entry - 1, told.now)
    with pytest.raises(VerificationError, match=f"replaced by entry {entry}"):
        key.check_use(entry + 1, told.now)


# Revocation


def test_a_revocation_in_the_log_counts_before_the_policy_knows_it(told: Told) -> None:
    told.rotate("run", 1, 2)
    told.revoke("run", 1, by=2, since=BEGIN)
    assert told.faults == []
    key = told.known("run", 1)
    assert key is not None
    assert key.revoked_at == BEGIN
    with pytest.raises(VerificationError, match="revoked"):
        key.check_use(1, BEGIN)


def test_the_earliest_revocation_counts(keys: Keys) -> None:
    told = Told(keys, policy(keys, revoked_at=BEGIN + HOUR))
    assert told.known("run", 1).revoked_at == BEGIN + HOUR  # type: ignore[union-attr]  # it is named
    told.revoke("run", 1, by=1, since=BEGIN + 3 * HOUR)
    told.revoke("run", 1, by=1, since=BEGIN)
    told.revoke("run", 1, by=1, since=BEGIN + 2 * HOUR)
    key = told.known("run", 1)
    assert key is not None
    assert key.revoked_at == BEGIN


def test_whoever_has_a_key_may_say_that_it_is_lost(told: Told) -> None:
    told.rotate("run", 1, 2)
    told.revoke("run", 1, by=1, since=BEGIN)
    assert told.faults == []


def test_a_revocation_by_a_replaced_key_is_bad(told: Told) -> None:
    told.rotate("run", 1, 2)
    told.rotate("run", 2, 3)
    told.revoke("run", 3, by=1, since=BEGIN)
    assert "not in force" in told.faults[0][1]
    assert told.known("run", 3).revoked_at is None  # type: ignore[union-attr]  # a chain leads to it


def test_a_revocation_by_a_stranger_cannot_be_judged_and_without_signature_is_bad(
    told: Told, keys: Keys
) -> None:
    told.revoke("run", 1, by=7, since=BEGIN)
    record = KeyRecord(use="run", action="revoke", key=keys("run", 1).public_key, since=BEGIN)
    told.add(record)
    assert [verdict for verdict, _ in told.faults] == [CANNOT_TELL, BAD]
    key = told.known("run", 1)
    assert key is not None
    assert key.revoked_at is None


def test_a_revocation_by_a_key_of_another_use_is_not_one(told: Told, keys: Keys) -> None:
    key = keys("run", 1).public_key
    record = KeyRecord(use="run", action="revoke", key=key, since=BEGIN, reason="x")
    told.add(sign_record(record, keys("log", 1)))
    assert told.faults[0][0] is CANNOT_TELL


def test_a_revoked_key_leads_to_no_other(told: Told) -> None:
    told.rotate("run", 1, 2)
    told.rotate("run", 2, 3)
    told.revoke("run", 1, by=3, since=BEGIN)
    assert told.known("run", 2) is None
    assert told.known("run", 3) is None


def test_a_key_that_the_policy_revokes_leads_to_no_other(keys: Keys) -> None:
    told = Told(keys, policy(keys, revoked_at=BEGIN + 9 * HOUR))
    told.rotate("run", 1, 2)
    assert told.known("run", 2) is None


def test_a_revoked_key_does_not_rotate(told: Told) -> None:
    told.revoke("run", 1, by=1, since=BEGIN)
    told.rotate("run", 1, 2)
    assert "replaced or revoked before" in told.faults[0][1]


def test_without_a_policy_no_key_counts_and_forgeries_are_still_found(keys: Keys) -> None:
    told = Told(keys, None)
    told.rotate("run", 1, 2)
    assert told.faults == []
    assert told.known("run", 1) is None
    assert told.known("run", 2) is None
    told.add(told.rotation("run", 2, 3))
    assert told.faults[0][0] is BAD


def test_a_key_of_the_log_is_found_by_its_id(told: Told, keys: Keys) -> None:
    key = told.known("log", 1)
    assert key is not None
    assert key.public_key == keys("log", 1).public_key
    assert told.known("log", 2) is None


def test_a_text_that_is_not_the_keys_own_spelling_is_the_same_key(
    told: Told, tmp_path: Path
) -> None:
    del tmp_path
    record = told.rotation("run", 1, 2)
    spaced = record.model_copy(update={"replaces": f"\n{record.replaces}\n"})
    told.add(sign_record(spaced, told.keys("run", 1), told.keys("run", 2)))
    assert told.faults == []
    first = told.known("run", 1)
    assert first is not None
    assert first.replaced_by == 1
