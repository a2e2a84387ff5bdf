"""Libraries that we did not write read what we sign: statement, envelope, bundle, proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._key import SSlibKey  # exported, but not to type checkers
from trestle.common.err import TrestleError
from trestle.core.signing import load_in_toto_statement, load_pem_public_key, verify_dsse_payload

from auditor.app.export.choice import Wish
from auditor.attest.package import SIGNATURE
from auditor.attest.statement import PREDICATE_TYPE
from tests.unit.app.bundles import Members, make, on_day, unpacked
from tests.unit.app.company import Company, found, target

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return found(tmp_path_factory.mktemp("interop") / "work", target())


@pytest.fixture(scope="module")
def members(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Members:
    run = on_day(company, 0)
    path = tmp_path_factory.mktemp("bundle") / "x.zip"
    make(company, Wish(runs=(run,)), path)
    return unpacked(path)


@pytest.fixture
def bundle(members: Members) -> dict[str, Any]:
    name = next(name for name in members if name.startswith("runs/"))
    document: dict[str, Any] = json.loads(members[name])
    return document


@pytest.fixture(scope="module")
def key(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "run.pub"
    path.write_text(company.project().run_key().public_key, "utf-8")
    return path


def test_in_totos_library_reads_our_statement(bundle: dict[str, Any], key: Path) -> None:
    payload = verify_dsse_payload(bundle["dsseEnvelope"], load_pem_public_key(key))
    parsed = json_format.Parse(payload, statement_pb2.Statement())
    statement = Statement.copy_from_pb(parsed)
    statement.validate()
    assert statement.pb.predicate_type == PREDICATE_TYPE
    names = [subject.name for subject in statement.pb.subject]
    assert names[0] == "policy"
    assert names[-1] == "verdicts"


def test_securesystemslib_verifies_our_envelopes(
    bundle: dict[str, Any], members: Members, key: Path
) -> None:
    public = SSlibKey.from_dict(
        json.loads(members[SIGNATURE])["signatures"][0]["keyid"],
        {
            "keytype": "ecdsa",
            "scheme": "ecdsa-sha2-nistp256",
            "keyval": {"public": key.read_text("utf-8")},
        },
    )
    for document in (bundle["dsseEnvelope"], json.loads(members[SIGNATURE])):
        envelope = Envelope.from_dict(document)
        assert list(envelope.verify([public], 1).values()) == [public]
        envelope.payload = envelope.payload + b" "
        with pytest.raises(VerificationError):
            envelope.verify([public], 1)


def test_compliance_trestle_verifies_our_envelope_and_reads_our_statement(
    bundle: dict[str, Any], key: Path
) -> None:
    """Its library does; its command `trestle verify` takes its own predicate type alone."""
    public = load_pem_public_key(key)
    payload = verify_dsse_payload(bundle["dsseEnvelope"], public)
    assert load_in_toto_statement(payload)["predicateType"] == PREDICATE_TYPE
    changed = {**bundle["dsseEnvelope"], "payload": "e30="}
    with pytest.raises(TrestleError):
        verify_dsse_payload(changed, public)


def test_the_bundle_has_the_fields_of_sigstores_specification_and_no_others(
    bundle: dict[str, Any],
) -> None:
    """sigstore_bundle.proto and sigstore_common.proto of protobuf-specs v0.3, by hand."""
    assert set(bundle) == {"mediaType", "verificationMaterial", "dsseEnvelope"}
    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert set(bundle["verificationMaterial"]) <= {"publicKey", "timestampVerificationData"}
    assert set(bundle["verificationMaterial"]["publicKey"]) == {"hint"}
    assert set(bundle["dsseEnvelope"]) == {"payload", "payloadType", "signatures"}
    assert len(bundle["dsseEnvelope"]["signatures"]) == 1
