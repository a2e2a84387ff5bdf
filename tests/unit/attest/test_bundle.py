"""Envelopes, bundles, statements and detached signatures: strict forms."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope as OtherEnvelope

from auditor.attest.bundle import MEDIA_TYPE, Bundle
from auditor.attest.detached import PAYLOAD_TYPE, sign_file, verify_file
from auditor.attest.dsse import (
    Envelope,
    EnvelopeSignature,
    pre_authentication_encoding,
    sign_envelope,
    verify_envelope,
)
from auditor.attest.statement import Assessment, LogPosition, Statement, Tool, subjects
from auditor.attest.trust import NamedKey
from auditor.core.canonical import canonical
from auditor.errors import UndecidableError, VerificationError
from auditor.keys.file import FileKey, generate_key
from tests.unit.ledger.test_entries import BLOB, NOW

JsonObject = dict[str, object]


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> FileKey:
    return generate_key(tmp_path_factory.mktemp("keys") / "run.pem", "ecdsa-p256-sha256")


def test_the_signed_bytes_are_those_of_the_standard() -> None:
    encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    other = OtherEnvelope(b"pay\x00load", "t/\u00e9", {}).pae()
    assert pre_authentication_encoding("t/\u00e9", b"pay\x00load") == other


def test_an_envelope_reads_back_and_another_library_reads_it(key: FileKey) -> None:
    envelope = sign_envelope(b"payload", "type", key)
    assert Envelope.from_json(envelope.to_json()) == envelope
    verify_envelope(envelope, envelope.signatures[0], key.public_key, key.algorithm)
    other = OtherEnvelope.from_dict(json.loads(json.dumps(envelope.to_json())))
    assert (other.payload, other.payload_type) == (b"payload", "type")
    assert bytes.fromhex(other.signatures[key.key_id].signature) == (
        envelope.signatures[0].signature
    )


def test_payload_and_type_are_both_signed(key: FileKey) -> None:
    signed = sign_envelope(b"payload", "type", key)
    for changed in (
        Envelope(b"payloae", "type", signed.signatures),
        Envelope(b"payload", "typf", signed.signatures),
    ):
        with pytest.raises(VerificationError):
            verify_envelope(changed, changed.signatures[0], key.public_key, key.algorithm)


@pytest.mark.parametrize("timestamps", [(), (b"one",), (b"one", b"two")])
def test_a_bundle_reads_back(key: FileKey, timestamps: tuple[bytes, ...]) -> None:
    bundle = Bundle(sign_envelope(b"payload", "type", key), key.key_id, timestamps)
    data = bundle.to_bytes()
    assert Bundle.parse(data) == bundle
    assert json.loads(data)["mediaType"] == MEDIA_TYPE


def test_every_changed_byte_of_a_bundle_is_found(key: FileKey) -> None:
    data = Bundle(sign_envelope(b"payload", "type", key), key.key_id, (b"token",)).to_bytes()
    original = Bundle.parse(data)
    for at in range(len(data)):
        for change in (0x01, 0x20, 0x80):
            changed = data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]
            with pytest.raises(VerificationError):
                check(changed, original, key)


def check(data: bytes, original: Bundle, key: FileKey) -> None:
    bundle = Bundle.parse(data)
    if bundle.hint != key.key_id or bundle.timestamps != original.timestamps:
        raise VerificationError("another key, or another time-stamp")
    signature = bundle.envelope.signatures[0]
    verify_envelope(bundle.envelope, signature, key.public_key, key.algorithm)


def bundle_document() -> JsonObject:
    envelope = Envelope(b"p", "t", (EnvelopeSignature("id", b"s"),))
    document: JsonObject = json.loads(Bundle(envelope, "id", (b"t",)).to_bytes())
    return document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("mediaType", "application/json"),
        ("more", 1),
        ("verificationMaterial", []),
        ("verificationMaterial/certificate", {}),
        ("verificationMaterial/publicKey/hint", "other"),
        ("verificationMaterial/publicKey/hint", 5),
        ("verificationMaterial/timestampVerificationData/rfc3161Timestamps", []),
        ("verificationMaterial/timestampVerificationData/rfc3161Timestamps", 5),
        ("verificationMaterial/timestampVerificationData/rfc3161Timestamps", [{}] * 17),
        ("verificationMaterial/timestampVerificationData/more", 1),
        ("dsseEnvelope/signatures", []),
        ("dsseEnvelope/signatures", None),
        ("dsseEnvelope/signatures", [{"keyid": "id", "sig": "AA=="}] * 2),
        ("dsseEnvelope/signatures", [{"keyid": "id", "sig": "AA"}]),
        ("dsseEnvelope/signatures", [{"keyid": "id"}]),
        ("dsseEnvelope/payload", 1),
        ("dsseEnvelope/payload", "AB=="),
    ],
)
def test_a_bundle_of_another_form_is_refused(path: str, value: object) -> None:
    document = bundle_document()
    Bundle.parse(canonical(document))
    place = document
    *folders, name = path.split("/")
    for folder in folders:
        place = place[folder]  # type: ignore[assignment]  # the folders are objects
    place[name] = value
    with pytest.raises(VerificationError):
        Bundle.parse(canonical(document))


def test_a_bundle_in_another_spelling_is_refused() -> None:
    with pytest.raises(VerificationError, match="canonical"):
        Bundle.parse(json.dumps(bundle_document()).encode())


def statement() -> Statement:
    return Statement(
        subject=subjects(BLOB, [], BLOB),
        predicate=Assessment(
            run="r1",
            now=NOW,
            tool=Tool(name="auditor", version="0"),
            engine="cel",
            counts={"pass": 1},
            outcome="ok",
            log=LogPosition(origin="o", index=1),
        ),
    )


def test_a_statement_is_an_in_toto_statement_and_reads_back() -> None:
    data = statement().to_bytes()
    assert Statement.parse(data) == statement()
    document = json.loads(data)
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert [subject["name"] for subject in document["subject"]] == ["policy", "verdicts"]
    assert document["subject"][0]["digest"] == {"sha256": "ab" * 32}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, "_type"),
        ({"predicateType": "other"}, "predicateType"),
        ({"subject": []}, "subject"),
        ({"more": 1}, "more"),
        ({"predicate": {}}, "predicate"),
    ],
)
def test_another_statement_is_refused(changes: JsonObject, message: str) -> None:
    document = json.loads(statement().to_bytes())
    with pytest.raises(VerificationError, match=message):
        Statement.parse(canonical(document | changes))


def test_a_statement_in_another_spelling_is_refused() -> None:
    with pytest.raises(VerificationError, match="canonical"):
        Statement.parse(statement().to_bytes() + b"\n")
    document = json.loads(statement().to_bytes())
    document["predicate"]["now"] = "2026-03-01T13:00:00.000005+01:00"
    with pytest.raises(VerificationError, match="canonical"):
        Statement.parse(canonical(document))


def allowed(key: FileKey, name: str = "ciso") -> NamedKey:
    return NamedKey(
        name=name,
        public_key=key.public_key,
        not_before=NOW,
        not_after=datetime(2027, 1, 1, tzinfo=UTC),
    )


def test_a_detached_signature_tells_who_signed(key: FileKey, tmp_path: Path) -> None:
    other = generate_key(tmp_path / "other.pem", "ed25519")
    for signer, name in ((key, "ciso"), (other, "cto")):
        keys = [allowed(key), allowed(other, "cto")]
        assert verify_file(b"waiver", sign_file(b"waiver", signer), keys, at=NOW) == name


def test_every_changed_byte_of_file_or_sidecar_is_found(key: FileKey) -> None:
    sidecar = sign_file(b"waiver", key)
    with pytest.raises(VerificationError, match="other bytes"):
        verify_file(b"waives", sidecar, [allowed(key)], at=NOW)
    for at in range(len(sidecar)):
        changed = sidecar[:at] + chr(ord(sidecar[at]) ^ 1) + sidecar[at + 1 :]
        with pytest.raises((VerificationError, UndecidableError)):
            verify_file(b"waiver", changed, [allowed(key)], at=NOW)


def test_an_unknown_signer_cannot_be_decided(key: FileKey, tmp_path: Path) -> None:
    other = generate_key(tmp_path / "other.pem", "ed25519")
    with pytest.raises(UndecidableError, match="unknown key"):
        verify_file(b"waiver", sign_file(b"waiver", other), [allowed(key)], at=NOW)


@pytest.mark.parametrize("at", [NOW - timedelta(seconds=1), datetime(2027, 1, 1, tzinfo=UTC)])
def test_a_key_that_was_not_valid_then_does_not_count(key: FileKey, at: datetime) -> None:
    with pytest.raises(VerificationError, match="not valid"):
        verify_file(b"waiver", sign_file(b"waiver", key), [allowed(key)], at=at)


@pytest.mark.parametrize("sidecar", ["", "[]", "{}", "\ud800", "x" * 300_000])
def test_what_is_no_sidecar_is_refused(key: FileKey, sidecar: str) -> None:
    with pytest.raises(VerificationError):
        verify_file(b"waiver", sidecar, [allowed(key)], at=NOW)


def test_a_signed_statement_is_no_signature_of_a_file(key: FileKey) -> None:
    envelope = sign_envelope(b"waiver", "application/vnd.in-toto+json", key)
    with pytest.raises(VerificationError, match=PAYLOAD_TYPE):
        verify_file(b"waiver", canonical(envelope.to_json()).decode(), [allowed(key)], at=NOW)
