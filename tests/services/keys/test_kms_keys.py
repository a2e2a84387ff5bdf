"""Keys in AWS KMS: on moto, and on a stand-in that does as documented where moto does not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from auditor.app.signing_keys.changes import rotate
from auditor.app.verifying import find_subject, verify
from auditor.attest.signing import verify_signature
from auditor.errors import ConfigError, VerificationError
from auditor.keys.registry import open_key
from tests.services.keys.kms import documented_kms
from tests.unit.app.company import found, target

pytestmark = pytest.mark.service
REGION = "eu-west-1"


@pytest.fixture
def kms(moto: str, aws_environment: pytest.MonkeyPatch) -> str:
    aws_environment.setenv("AWS_ENDPOINT_URL", moto)
    return moto


def make(spec: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY") -> tuple[str, str]:
    """Id and ARN of a new key."""
    client = boto3.client("kms")
    made = client.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]  # type: ignore[arg-type]  # as text
    return made["KeyId"], made["Arn"]


@pytest.mark.usefixtures("kms")
@pytest.mark.parametrize("size", [1, 4096])
def test_a_key_signs_what_it_takes_whole(tmp_path: Path, size: int) -> None:
    name, arn = make()
    boto3.client("kms").create_alias(AliasName=f"alias/{name}", TargetKeyId=name)
    ids = set()
    for place in (f"awskms:{name}", f"awskms:{arn}", f"awskms:alias/{name}"):
        key = open_key(place, tmp_path, {"AWS_DEFAULT_REGION": REGION})
        data = b"x" * size
        verify_signature(key.public_key, "ecdsa-p256-sha256", data, key.sign(data))
        assert key.place == place
        assert key.key_id in repr(key.signer)
        ids.add(key.key_id)
    assert len(ids) == 1


@pytest.mark.usefixtures("kms")
def test_what_moto_signs_wrongly_is_refused_at_once(tmp_path: Path) -> None:
    name, _arn = make()
    key = open_key(f"awskms:{name}", tmp_path, {})
    with pytest.raises(VerificationError, match="does not verify under the signer's own key"):
        key.sign(b"x" * 4097)  # a digest, which moto hashes once more


@pytest.mark.parametrize(("size", "kind"), [(1, "RAW"), (4096, "RAW"), (4097, "DIGEST")])
def test_as_aws_documents_it_every_length_is_signed(
    tmp_path: Path, aws_environment: pytest.MonkeyPatch, size: int, kind: str
) -> None:
    with documented_kms() as (url, asked):
        aws_environment.setenv("AWS_ENDPOINT_URL", url)
        key = open_key("awskms:alias/run", tmp_path, {})
        data = b"x" * size
        verify_signature(key.public_key, "ecdsa-p256-sha256", data, key.sign(data))
        assert asked == [kind]


@pytest.mark.usefixtures("kms")
@pytest.mark.parametrize(
    ("spec", "usage"), [("ECC_NIST_P384", "SIGN_VERIFY"), ("RSA_2048", "SIGN_VERIFY")]
)
def test_a_key_of_another_kind_is_refused(tmp_path: Path, spec: str, usage: str) -> None:
    name, _arn = make(spec, usage)
    with pytest.raises(ConfigError, match="Unsupported scheme") as caught:
        open_key(f"awskms:{name}", tmp_path, {})
    assert caught.value.where == f"awskms:{name}"


@pytest.mark.usefixtures("kms")
def test_a_key_that_is_not_there_or_disabled_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="NotFound"):
        open_key("awskms:00000000-0000-0000-0000-000000000000", tmp_path, {})


def test_a_service_that_does_not_answer_is_named(
    tmp_path: Path, aws_environment: pytest.MonkeyPatch
) -> None:
    with documented_kms() as (url, _asked):
        pass
    aws_environment.setenv("AWS_ENDPOINT_URL", url)
    aws_environment.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(ConfigError, match="EndpointConnectionError") as caught:
        open_key("awskms:alias/run", tmp_path, {})
    assert "credentials" in caught.value.hint


@pytest.mark.usefixtures("kms")
def test_a_key_of_kms_is_no_key_of_a_log(tmp_path: Path) -> None:
    name, _arn = make()
    with pytest.raises(ConfigError, match="an Ed25519 key: a PKCS#8 file"):
        open_key(f"awskms:{name}", tmp_path, {}, algorithm="ed25519")


@pytest.mark.usefixtures("kms")
def test_runs_move_from_a_file_into_kms_and_verify(tmp_path: Path) -> None:
    company = found(tmp_path / "work", target(bad=["a"]))
    company.scan()
    name, _arn = make()
    key = open_key(f"awskms:{name}", tmp_path, {})
    rotate(company.project(), "run", key, f"awskms:{name}", company.clock)
    company.scan()
    assert company.project().loaded.config.keys.run == f"awskms:{name}"
    now = company.clock() + timedelta(minutes=1)
    report = verify(find_subject(company.folder, None), trust=None, run=None, now=now)
    assert report.exit_code == 0
