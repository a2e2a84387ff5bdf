"""Step 2 with witnesses: which cosignatures count, which are wrong, and which nobody can judge."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auditor.attest.log_proof import verify_log_proof
from auditor.attest.result import Notes, StepResult, StepVerdict
from auditor.attest.steps_checkpoint import check_signed
from auditor.attest.trust import LogKey, NamedKey, Required, TrustPolicy, Witness
from auditor.attest.witness import MAX_CLOCK_DIFFERENCE, cosigner_key
from auditor.errors import ConfigError, VerificationError
from auditor.ledger.checkpoint import Checkpoint, SignedCheckpoint, sign_checkpoint
from auditor.ledger.cosignature import COSIGNATURE_V1, ML_DSA_44, CosignerKey, cosign
from auditor.ledger.merkle import hash_leaf
from auditor.ledger.note import Note, NoteKey, NoteSignature
from auditor.ledger.tlog_proof import TlogProof

OK, WARNING, CANNOT_TELL, BAD = StepVerdict
ORIGIN = "example-ltd/auditor-log"
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
ENTRY = b'{"v":"log-entry-1"}'
LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG_KEY = NoteKey(ORIGIN, LOG.public_key().public_bytes_raw())
SECOND = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
SECOND_KEY = CosignerKey(ORIGIN, SECOND.public_key().public_bytes_raw(), ML_DSA_44)
RUN_KEY = (
    generate_private_key(SECP256R1())
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
HEAD = Checkpoint(ORIGIN, 1, hash_leaf(ENTRY))


@dataclass(frozen=True)
class Person:
    """A witness with its key."""

    name: str
    private: Ed25519PrivateKey | MLDSA44PrivateKey = field(
        default_factory=Ed25519PrivateKey.generate
    )

    @property
    def key(self) -> CosignerKey:
        kind = COSIGNATURE_V1 if isinstance(self.private, Ed25519PrivateKey) else ML_DSA_44
        return CosignerKey(self.name, self.private.public_key().public_bytes_raw(), kind)

    def cosign(self, time: datetime = NOW, head: Checkpoint = HEAD) -> NoteSignature:
        return cosign(head, self.key, self.private.sign, time)

    def trusted(self, **validity: Any) -> Witness:
        return Witness(vkey=self.key.vkey, **{"not_before": BEGIN} | validity)


ANNE, BEN = Person("anne.example"), Person("ben.example", MLDSA44PrivateKey.generate())


def policy(*witnesses: Witness, required: int = 0, **more: Any) -> TrustPolicy:
    return TrustPolicy(
        origin=ORIGIN,
        log_keys=more.pop("log_keys", (LogKey(vkey=LOG_KEY.vkey, not_before=BEGIN),)),
        run_keys=(NamedKey(name="run", public_key=RUN_KEY, not_before=BEGIN),),
        witnesses=witnesses,
        required=Required(witnesses=required),
    )


def signed(*lines: NoteSignature) -> SignedCheckpoint:
    own = sign_checkpoint(HEAD, LOG_KEY, LOG.sign)
    note = Note(own.note.text, (*own.note.signatures, *lines))
    return SignedCheckpoint.parse(note.to_bytes())


def judged(trust: TrustPolicy | None, *lines: NoteSignature, now: datetime = NOW) -> StepResult:
    notes = Notes()
    check_signed(signed(*lines), trust, now, notes)
    return notes.result(2, "checkpoint", "")


def counted(trust: TrustPolicy, *lines: NoteSignature) -> list[str]:
    return sorted(check_signed(signed(*lines), trust, NOW, Notes()))


def test_cosignatures_of_both_kinds_count() -> None:
    trust = policy(ANNE.trusted(), BEN.trusted(), required=2)
    lines = (ANNE.cosign(), BEN.cosign())
    assert judged(trust, *lines).verdict is OK
    assert counted(trust, *lines) == ["anne.example", "ben.example"]


@pytest.mark.parametrize("lines", [(), (ANNE.cosign(),), (ANNE.cosign(), ANNE.cosign(BEGIN))])
def test_fewer_witnesses_than_required_are_bad(lines: tuple[NoteSignature, ...]) -> None:
    result = judged(policy(ANNE.trusted(), BEN.trusted(), required=2), *lines)
    assert result.verdict is BAD
    assert f"requires 2 witnesses, {min(len(lines), 1)} count here" in result.detail


def test_a_witness_with_two_keys_counts_once() -> None:
    again = Person("anne.example", MLDSA44PrivateKey.generate())
    trust = policy(ANNE.trusted(), again.trusted(), BEN.trusted(), required=2)
    assert judged(trust, ANNE.cosign(), again.cosign()).verdict is BAD
    assert judged(trust, again.cosign(), BEN.cosign()).verdict is OK


def test_no_witness_where_none_is_required_is_a_warning() -> None:
    result = judged(policy())
    assert (result.verdict, result.detail) == (
        WARNING,
        "no witness has cosigned the checkpoint",
    )


def broken(line: NoteSignature) -> NoteSignature:
    changed = bytearray(line.signature)
    changed[-1] ^= 1
    return NoteSignature(line.name, line.key_id, bytes(changed))


@pytest.mark.parametrize("person", [ANNE, BEN])
@pytest.mark.parametrize(
    "change",
    [
        broken,
        lambda line: NoteSignature(line.name, line.key_id, line.signature[:-1]),
        lambda line: NoteSignature("renamed.example", line.key_id, line.signature),
        lambda line: NoteSignature(line.name, b"0123", line.signature),
    ],
)
def test_a_changed_line_of_a_known_witness_is_bad(
    person: Person, change: Callable[[NoteSignature], NoteSignature]
) -> None:
    trust = policy(ANNE.trusted(), BEN.trusted())
    result = judged(trust, change(person.cosign()))
    assert (result.verdict, result.where) == (BAD, "log/checkpoint")
    assert "does not verify" in result.detail


def test_a_cosignature_of_another_checkpoint_is_bad() -> None:
    other = Checkpoint(ORIGIN, 2, bytes(32))
    assert judged(policy(ANNE.trusted()), ANNE.cosign(head=other)).verdict is BAD


def test_a_wrong_line_is_bad_beside_enough_good_ones() -> None:
    trust = policy(ANNE.trusted(), BEN.trusted(), required=1)
    assert judged(trust, ANNE.cosign(), broken(BEN.cosign())).verdict is BAD


@pytest.mark.parametrize(
    ("validity", "verdict"),
    [
        ({"not_before": NOW + timedelta(seconds=1)}, BAD),
        ({"not_after": NOW}, BAD),
        ({"revoked_at": NOW}, BAD),
        ({"not_after": NOW + timedelta(seconds=1)}, OK),
        ({"revoked_at": NOW + timedelta(seconds=1)}, OK),
    ],
)
def test_a_cosignature_counts_within_the_validity_of_its_key(
    validity: dict[str, datetime], verdict: StepVerdict
) -> None:
    trust = policy(ANNE.trusted(**validity), required=1)
    assert judged(trust, ANNE.cosign(NOW)).verdict is verdict
    assert counted(trust, ANNE.cosign(NOW)) == (["anne.example"] if verdict is OK else [])


def test_unknown_witnesses_are_named_and_do_not_hurt() -> None:
    result = judged(policy(ANNE.trusted()), BEN.cosign())
    assert result.verdict is WARNING
    assert "ben.example" in result.detail
    assert judged(policy(ANNE.trusted(), required=1), BEN.cosign()).verdict is BAD
    assert (
        judged(policy(ANNE.trusted(), required=1), BEN.cosign(), ANNE.cosign()).verdict is WARNING
    )


def test_a_cosignature_from_the_future_cannot_be_judged() -> None:
    trust = policy(ANNE.trusted(), BEN.trusted(), required=1)
    nearly, future = NOW + MAX_CLOCK_DIFFERENCE, NOW + MAX_CLOCK_DIFFERENCE + timedelta(seconds=1)
    assert judged(trust, ANNE.cosign(nearly)).verdict is OK
    result = judged(trust, ANNE.cosign(future))
    assert result.verdict is CANNOT_TELL
    assert "after the time of verification" in result.detail
    assert judged(trust, ANNE.cosign(future), BEN.cosign()).verdict is CANNOT_TELL
    assert (
        judged(policy(ANNE.trusted(), BEN.trusted(), required=2), ANNE.cosign(future)).verdict
        is BAD
    )


def test_a_witness_that_says_no_time_is_not_counted() -> None:
    trust = policy(BEN.trusted(), required=1)
    result = judged(trust, BEN.cosign(datetime.fromtimestamp(0, UTC)))
    assert result.verdict is CANNOT_TELL
    assert "without saying when" in result.detail


def test_without_a_policy_nobody_is_trusted() -> None:
    assert judged(None, ANNE.cosign()).verdict is CANNOT_TELL


# The log's second signature


def with_second(**validity: Any) -> TrustPolicy:
    second = LogKey(vkey=SECOND_KEY.vkey, **{"not_before": BEGIN} | validity)
    first = LogKey(vkey=LOG_KEY.vkey, not_before=BEGIN)
    return policy(ANNE.trusted(), required=1, log_keys=(first, second))


def second_line(time: datetime = NOW) -> NoteSignature:
    return cosign(HEAD, SECOND_KEY, SECOND.sign, time)


def test_the_second_signature_of_the_log_must_verify() -> None:
    assert judged(with_second(), second_line(), ANNE.cosign()).verdict is OK
    assert judged(with_second(), broken(second_line()), ANNE.cosign()).verdict is BAD


def test_a_missing_second_signature_is_a_warning_while_its_key_is_in_use() -> None:
    result = judged(with_second(), ANNE.cosign())
    assert result.verdict is WARNING
    assert "has not signed" in result.detail
    assert judged(with_second(not_after=NOW), ANNE.cosign()).verdict is OK


def test_a_second_signature_outside_the_validity_of_its_key_is_bad() -> None:
    assert judged(with_second(revoked_at=NOW), second_line(), ANNE.cosign()).verdict is BAD
    future = NOW + timedelta(days=1)
    assert judged(with_second(), second_line(future), ANNE.cosign()).verdict is CANNOT_TELL
    timeless = datetime.fromtimestamp(0, UTC)
    assert judged(with_second(), second_line(timeless), ANNE.cosign()).verdict is OK


def test_a_second_signature_that_the_policy_does_not_name_is_no_witness() -> None:
    trust = policy(ANNE.trusted(), required=1)
    assert judged(trust, second_line()).verdict is BAD
    assert judged(trust, second_line(), ANNE.cosign()).verdict is OK


# The trust policy


def refused(**changes: object) -> str:
    text = json.dumps(json.loads(policy(ANNE.trusted()).to_json()) | changes)
    with pytest.raises(ConfigError) as caught:
        TrustPolicy.parse(text)
    return caught.value.message


def entry(vkey: str) -> dict[str, str]:
    return {"vkey": vkey, "not_before": "2026-03-01T00:00:00Z"}


def test_witnesses_and_logs_have_keys_of_their_own_kinds() -> None:
    assert "0x01" in refused(witnesses=[entry(LOG_KEY.vkey)])
    assert "0x04" in refused(log_keys=[entry(ANNE.key.vkey)])
    assert "no Ed25519 key" in refused(log_keys=[entry(SECOND_KEY.vkey)])


def test_one_key_cannot_fill_a_quorum_alone() -> None:
    again = Person("other.example", ANNE.private)
    assert "same key as anne.example" in refused(
        witnesses=[entry(ANNE.key.vkey), entry(again.key.vkey)]
    )
    own = Person("own.example", LOG)
    assert "same key as the log" in refused(witnesses=[entry(own.key.vkey)])
    twice = Person("anne.example")
    text = refused(
        witnesses=[entry(ANNE.key.vkey), entry(twice.key.vkey)], required={"witnesses": 2}
    )
    assert "2 witnesses are required, 1 are named" in text


def test_a_key_becomes_a_cosigners() -> None:
    for person in (ANNE, BEN):
        pem = person.private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        assert cosigner_key(pem.decode(), person.name) == person.key
    with pytest.raises(ConfigError, match="Ed25519 or an ML-DSA-44"):
        cosigner_key(RUN_KEY, "anne.example")
    with pytest.raises(ConfigError, match="no white space"):
        cosigner_key(pem.decode(), "anne example")


# A proof alone


def proof(*lines: NoteSignature) -> bytes:
    return TlogProof(0, (), signed(*lines)).to_bytes()


def test_a_proof_alone_says_whose_entry_it_is() -> None:
    trust = policy(ANNE.trusted(), required=1)
    report = verify_log_proof(proof(ANNE.cosign()), ENTRY, trust, NOW)
    assert (report.exit_code, report.steps[1].detail) == (0, f"it is entry 0 of {ORIGIN!r}")
    assert "cosigned by anne.example" in report.steps[0].detail
    assert verify_log_proof(proof(ANNE.cosign()), ENTRY + b" ", trust, NOW).exit_code == 5
    assert verify_log_proof(proof(), ENTRY, trust, NOW).exit_code == 5
    assert verify_log_proof(proof(), ENTRY, None, NOW).exit_code == 3
    with pytest.raises(VerificationError):
        verify_log_proof(b"", ENTRY, trust, NOW)


def test_a_proof_signed_by_an_unknown_log_key_cannot_be_judged() -> None:
    other = NoteKey(ORIGIN, Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    trust = policy(log_keys=(LogKey(vkey=other.vkey, not_before=BEGIN),))
    assert verify_log_proof(proof(), ENTRY, trust, NOW).exit_code == 3


def test_a_proof_by_a_key_that_is_no_longer_in_use_needs_a_witness_of_that_time() -> None:
    old = (LogKey(vkey=LOG_KEY.vkey, not_before=BEGIN, not_after=NOW - timedelta(days=1)),)
    trust = policy(ANNE.trusted(), log_keys=old)
    assert verify_log_proof(proof(), ENTRY, trust, NOW).exit_code == 3
    late = ANNE.cosign(NOW)
    assert verify_log_proof(proof(late), ENTRY, trust, NOW).exit_code == 3
    timely = ANNE.cosign(NOW - timedelta(days=2))
    assert verify_log_proof(proof(late, timely), ENTRY, trust, NOW).exit_code == 0
