"""`--run` takes what somebody signed whom the base trusts; anything else only by name, and said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auditor.attest.trust import NamedKey, TrustPolicy
from auditor.keys.file import generate_key
from auditor.render.gate.document import GateDocument
from tests.gate.conftest import Gate
from tests.gate.repository import Repository

BASELINE = ("--baseline", "git:main:baseline.zip", "--run", "latest")
ACCEPT = "--accept-unverified-run"


@pytest.fixture
def unknown(change: Repository, auditor: Gate) -> Repository:
    """The newest run is signed with a key that the change itself brings and trusts."""
    project = change.project()
    path = project.loaded.path(project.loaded.config.keys.run)
    path.unlink()
    key = generate_key(path, "ecdsa-p256-sha256")
    policy_path = change.folder / "trust" / "policy.json"
    policy = TrustPolicy.parse(policy_path.read_text("utf-8"))
    own = NamedKey(
        name="own", public_key=key.public_key, not_before=datetime(2026, 1, 1, tzinfo=UTC)
    )
    policy_path.write_text(
        policy.model_copy(update={"run_keys": (*policy.run_keys, own)}).to_json(), "utf-8"
    )
    assert auditor("scan").code == 1
    change.git("checkout", "--quiet", "--", "trust")
    return change


def test_a_run_that_nobody_trusted_has_signed_is_refused(
    unknown: Repository, auditor: Gate
) -> None:
    said = auditor("gate", *BASELINE, "--output", "markdown=comment.md")
    comment = (unknown.folder / "comment.md").read_text("utf-8")
    assert said.code == 5, said.out
    for text in (said.err, comment):
        assert "by this trust policy it cannot be believed" in text
        assert "step 5 (statements: signature and content), runs/" in text
        assert ACCEPT in text


def test_it_is_let_through_by_name_alone_and_every_output_says_so(
    unknown: Repository, auditor: Gate
) -> None:
    forms = ("markdown", "summary", "text", "github", "json")
    outputs = [f"--output={form}={form}.out" for form in forms]
    assert auditor("gate", *BASELINE, ACCEPT, *outputs).code == 0
    for form in forms:
        text = (unknown.folder / f"{form}.out").read_text("utf-8")
        assert "the gated run is not verified (step 5" in text, form
    document = GateDocument.model_validate_json((unknown.folder / "json.out").read_text("utf-8"))
    assert [reason.code for reason in document.reasons] == [0]


def test_an_edited_run_is_let_through_by_nothing(unknown: Repository, auditor: Gate) -> None:
    for blob in (unknown.folder / "evidence" / "blobs").rglob("*"):
        if blob.is_file():
            data = blob.read_bytes()
            blob.chmod(0o600)
            blob.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert auditor("gate", *BASELINE, ACCEPT).code == 5


def test_a_run_of_the_base_s_own_key_needs_no_acceptance(change: Repository, auditor: Gate) -> None:
    assert auditor("scan").code == 1
    said = auditor("gate", *BASELINE)
    assert (said.code, "not verified" in said.out) == (0, False), said.err
    assert change.folder.is_dir()


def test_acceptance_without_a_recorded_run_is_an_error(change: Repository, auditor: Gate) -> None:
    said = auditor("gate", *BASELINE[:2], ACCEPT)
    assert (said.code, "there is none" in said.err) == (2, True)
    assert change.folder.is_dir()
