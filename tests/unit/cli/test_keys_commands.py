"""`auditor keys`: new, list, rotate, revoke, certificate; and what verification says afterwards."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from auditor.app.project import load_trust
from auditor.attest.signing import key_id
from auditor.core.times import format_instant
from auditor.keys.file import load_key
from auditor.ledger.entries import KeyRecord
from tests.unit.app.company import Company
from tests.unit.cli.conftest import Auditor, Said


@pytest.fixture
def scanned(here: Company, auditor: Auditor) -> Company:
    """A folder with one run in its log."""
    assert auditor("scan").code in {0, 1, 3}
    return here


def own_trust(auditor: Auditor, *arguments: str) -> Said:
    return auditor("verify", "--trust", "trust", "--format", "json", *arguments)


def new_key(auditor: Auditor, name: str, use: str) -> Path:
    assert auditor("keys", "new", name, "--algorithm", use).code == 0
    return Path(name)


def listed(auditor: Auditor) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = auditor("keys", "list", "--format", "json").json
    return rows


def records(company: Company) -> list[KeyRecord]:
    bodies = [entry.body for entry in company.project().store.entries()]
    return [body for body in bodies if isinstance(body, KeyRecord)]


@pytest.mark.parametrize(
    ("use", "algorithm"),
    [("run", "ecdsa-p256-sha256"), ("log", "ed25519"), ("log-pq", "ml-dsa-44")],
)
def test_new_makes_a_key_file_and_prints_its_public_half(
    here: Company, auditor: Auditor, use: str, algorithm: str
) -> None:
    said = auditor("keys", "new", "keys/x.pem", "--algorithm", use)
    key = load_key(here.folder / "keys" / "x.pem")
    assert said.out == key.public_key
    assert algorithm in said.err
    assert key_id(said.out) in said.err
    again = auditor("keys", "new", "keys/x.pem", "--algorithm", use)
    assert again.code == 2
    assert "never overwritten" in again.err


def test_new_encrypts_with_the_passphrase_of_the_environment(
    here: Company, auditor: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDITOR_KEY_PASSPHRASE", "horse")
    assert auditor("keys", "new", "x.pem", "--algorithm", "run", "--encrypt").code == 0
    assert "ENCRYPTED" in (here.folder / "x.pem").read_text("utf-8")


def test_list_shows_use_place_and_validity(here: Company, auditor: Auditor) -> None:
    rows = {row["use"]: row for row in listed(auditor)}
    assert {use: row["state"] for use, row in rows.items()} == {"run": "in use", "log": "in use"}
    assert rows["run"]["place"] == "keys.run: keys/run.pem"
    assert rows["log"]["name"] == load_trust(here.folder / "trust").log_keys[0].vkey
    text = auditor("keys", "list")
    assert rows["run"]["key_id"][:16] in text.out
    assert "by the trust policy" in text.out


def test_list_names_a_key_that_cannot_be_opened(here: Company, auditor: Auditor) -> None:
    (here.folder / "keys" / "run.pem").unlink()
    said = auditor("keys", "list", "--format", "json")
    assert said.code == 0
    assert "keys.run: keys/run.pem cannot be opened" in said.err
    assert [row["state"] for row in said.json] == ["not in use", "in use"]


def test_the_second_key_of_the_log_is_listed(here: Company, auditor: Auditor) -> None:
    new_key(auditor, "keys/pq.pem", "log-pq")
    here.configure(keys={"log_second": "keys/pq.pem"})
    project = here.project()
    second = project.second_log_key()
    assert second is not None
    assert second.algorithm == "ml-dsa-44"
    here.configure(keys={"log_second": "keys/run.pem"})
    said = auditor("keys", "list")
    assert "expected an ML-DSA-44 key" in said.err


@pytest.mark.parametrize("use", ["run", "log"])
def test_after_a_rotation_the_new_key_signs_and_everything_verifies(
    scanned: Company, auditor: Auditor, use: str
) -> None:
    before = load_trust(scanned.folder / "trust")
    text = scanned.config.read_text("utf-8")
    new_key(auditor, "keys/second.pem", use)
    said = auditor("keys", "rotate", use, "--new", "keys/second.pem", "--reason", "yearly")
    assert said.code == 0, said.err
    assert f"changed keys.{use} in auditor.yaml" in said.out
    changed = f"{use}: keys/second.pem"
    assert scanned.config.read_text("utf-8") == text.replace(f"{use}: keys/{use}.pem", changed)
    record = records(scanned)[-1]
    assert (record.use, record.action, record.reason) == (use, "rotate", "yearly")
    assert auditor("scan").code in {0, 1, 3}
    assert own_trust(auditor).code == 0
    states = [row["state"] for row in listed(auditor) if row["use"] == use]
    assert states[0].startswith("replaced by entry")
    assert states[1] == "in use"
    # An auditor who still has the policy from before is told to compare.
    (scanned.folder / "old").mkdir()
    (scanned.folder / "old" / "policy.json").write_text(before.to_json(), "utf-8")
    report = auditor("verify", "--trust", "old", "--format", "json")
    notes = [note["detail"] for step in report.json["steps"] for note in step["notes"]]
    assert any("compare it with its owner" in note for note in notes)
    assert report.code == 0


@pytest.mark.usefixtures("scanned")
def test_three_rotations_in_a_row_verify(auditor: Auditor) -> None:
    for number in range(3):
        for use in ("run", "log"):
            new_key(auditor, f"keys/{use}-{number}.pem", use)
            assert auditor("keys", "rotate", use, "--new", f"keys/{use}-{number}.pem").code == 0
        assert auditor("scan").code in {0, 1, 3}
    assert own_trust(auditor).code == 0


def test_comments_and_layout_of_the_configuration_stay(scanned: Company, auditor: Auditor) -> None:
    path = scanned.config
    text = path.read_text("utf-8")
    block = text[text.index("keys:") : text.index("trust:")]
    flow = "keys: {run: 'keys/run.pem', log: \"keys/log.pem\"}  # ours\r\n"
    path.write_bytes(("# a head\r\n" + text.replace(block, flow)).encode())
    new_key(auditor, "keys/b c.pem", "run")
    assert auditor("keys", "rotate", "run", "--new", "keys/b c.pem").code == 0
    assert b'keys: {run: "keys/b c.pem", log: "keys/log.pem"}  # ours\r\n' in path.read_bytes()
    assert path.read_bytes().startswith(b"# a head\r\n")


def test_a_configuration_without_keys_gets_the_line(scanned: Company, auditor: Auditor) -> None:
    text = scanned.config.read_text("utf-8")
    block = text[text.index("keys:") : text.index("trust:")]
    scanned.config.write_text(text.replace(block, "").rstrip("\n"), "utf-8")
    new_key(auditor, "keys/b.pem", "run")
    assert auditor("keys", "rotate", "run", "--new", "keys/b.pem").code == 0
    assert scanned.project().loaded.config.keys.run == "keys/b.pem"


def test_a_line_that_cannot_be_changed_safely_is_printed(
    scanned: Company, auditor: Auditor
) -> None:
    text = scanned.config.read_text("utf-8")
    scanned.config.write_text(text.replace("  run: keys/run.pem\n", ""), "utf-8")
    new_key(auditor, "keys/b.pem", "run")
    said = auditor("keys", "rotate", "run", "--new", "keys/b.pem")
    assert said.code == 0
    assert "yourself:  keys: {run: keys/b.pem}" in said.out


def test_a_value_over_several_lines_is_left_alone(scanned: Company, auditor: Auditor) -> None:
    text = scanned.config.read_text("utf-8").replace(
        "run: keys/run.pem", "run: >-\n    keys/run.pem"
    )
    scanned.config.write_text(text, "utf-8")
    new_key(auditor, "keys/b.pem", "run")
    assert "yourself" in auditor("keys", "rotate", "run", "--new", "keys/b.pem").out
    assert scanned.config.read_text("utf-8") == text


@pytest.mark.parametrize(
    ("use", "other", "said"), [("run", "log", "ECDSA P-256"), ("log", "run", "an Ed25519 key")]
)
def test_a_key_of_another_kind_is_refused(
    scanned: Company, auditor: Auditor, use: str, other: str, said: str
) -> None:
    new_key(auditor, "keys/other.pem", other)
    refused = auditor("keys", "rotate", use, "--new", "keys/other.pem")
    assert refused.code == 2
    assert said in refused.err
    assert len(records(scanned)) == 1


def test_the_key_in_use_is_not_rotated_to(scanned: Company, auditor: Auditor) -> None:
    said = auditor("keys", "rotate", "run", "--new", str(scanned.folder / "keys" / "run.pem"))
    assert said.code == 2
    assert "in use already" in said.err


def test_a_revoked_key_is_told_by_log_and_policy(scanned: Company, auditor: Auditor) -> None:
    old = load_key(scanned.folder / "keys" / "run.pem").key_id
    before = (scanned.folder / "trust" / "policy.json").read_text("utf-8")
    new_key(auditor, "keys/b.pem", "run")
    in_use = auditor("keys", "revoke", old[:12], "--since", "2020-01-01T00:00:00Z", "--reason", "x")
    assert in_use.code == 2
    assert "rotate run" in in_use.err
    assert auditor("keys", "rotate", "run", "--new", "keys/b.pem").code == 0
    since = format_instant(datetime.now(UTC))
    said = auditor("keys", "revoke", old[:12], "--since", since, "--reason", "laptop stolen")
    assert said.code == 0, said.err
    assert {row["key_id"]: row["state"] for row in listed(auditor)}[old] == "revoked"
    trust = load_trust(scanned.folder / "trust")
    assert trust.run_keys[0].revoked_at is not None
    assert [item.revoked_at is None for item in trust.certificate_authorities] == [False, True]
    assert own_trust(auditor).code == 3  # what it signed before is not proven to be older
    # Again: nothing is added, and a policy that was lost on the way is completed.
    (scanned.folder / "trust" / "policy.json").write_text(before, "utf-8")
    count = len(records(scanned))
    assert auditor("keys", "revoke", old, "--since", since, "--reason", "laptop stolen").code == 0
    assert len(records(scanned)) == count
    assert load_trust(scanned.folder / "trust").run_keys[0].revoked_at is not None
    told = auditor("keys", "revoke", old, "--since", since, "--reason", "laptop stolen")
    assert "says so already" in told.out


def test_what_was_signed_after_the_revocation_is_bad(scanned: Company, auditor: Auditor) -> None:
    old = load_key(scanned.folder / "keys" / "run.pem").key_id
    new_key(auditor, "keys/b.pem", "run")
    assert auditor("keys", "rotate", "run", "--new", "keys/b.pem").code == 0
    since = "2020-01-01T00:00:00Z"
    assert auditor("keys", "revoke", old, "--since", since, "--reason", "stolen").code == 0
    report = own_trust(auditor)
    assert report.code == 5
    assert "was revoked from 2020-01-01T00:00:00Z on" in report.json["steps"][5]["detail"]


def test_a_log_key_that_was_replaced_is_revoked_by_its_vkey(
    scanned: Company, auditor: Auditor
) -> None:
    vkey = load_trust(scanned.folder / "trust").log_keys[0].vkey
    new_key(auditor, "keys/b.pem", "log")
    assert auditor("keys", "rotate", "log", "--new", "keys/b.pem").code == 0
    said = auditor("keys", "revoke", vkey, "--since", "2020-01-01T00:00:00Z", "--reason", "x")
    assert said.code == 0, said.err
    assert load_trust(scanned.folder / "trust").log_keys[0].revoked_at is not None
    assert own_trust(auditor).code == 0  # the checkpoint is by the new key, which the policy names


@pytest.mark.parametrize(
    ("wanted", "since", "said"),
    [
        ("00000000", "2026-01-01T00:00:00Z", "no key begins"),
        ("", "2026-01-01T00:00:00Z", "no key begins"),
        ("00000000", "2999-01-01T00:00:00Z", "still to come"),
        ("00000000", "yesterday", "RFC 3339"),
    ],
)
def test_a_revocation_of_nothing_or_of_the_future_is_refused(
    scanned: Company, auditor: Auditor, wanted: str, since: str, said: str
) -> None:
    refused = auditor("keys", "revoke", wanted, "--since", since, "--reason", "x")
    assert refused.code == 2
    assert said in refused.err
    assert len(records(scanned)) == 1


def test_the_certificate_is_made_by_init_and_renewed_by_rotation(
    scanned: Company, auditor: Auditor
) -> None:
    path = scanned.folder / "keys" / "run.crt"
    first = x509.load_pem_x509_certificate(path.read_bytes())
    new_key(auditor, "keys/b.pem", "run")
    said = auditor("keys", "rotate", "run", "--new", "keys/b.pem")
    assert "made a new certificate" in said.out
    second = x509.load_pem_x509_certificate(path.read_bytes())
    assert first.public_key() != second.public_key()
    second.verify_directly_issued_by(second)
    trust = load_trust(scanned.folder / "trust")
    old, new = trust.certificate_authorities
    assert old.not_after == trust.run_keys[0].not_after
    assert new.certificate == path.read_text("utf-8")


def test_a_certificate_by_an_authority_is_not_replaced(scanned: Company, auditor: Auditor) -> None:
    path = scanned.folder / "keys" / "run.crt"
    issued = certificate_by_an_authority(scanned)
    path.write_text(issued, "utf-8")
    new_key(auditor, "keys/b.pem", "run")
    said = auditor("keys", "rotate", "run", "--new", "keys/b.pem")
    assert "auditor keys certificate --csr" in said.out
    assert path.read_text("utf-8") == issued


def certificate_by_an_authority(company: Company) -> str:
    from datetime import timedelta

    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    private = load_key(company.folder / "keys" / "run.pem").private
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an authority")])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
    )
    made = builder.sign(generate_private_key(SECP256R1()), SHA256())
    return made.public_bytes(Encoding.PEM).decode()


def test_certificate_replaces_only_when_told_and_prints_requests(
    here: Company, auditor: Auditor
) -> None:
    path = here.folder / "keys" / "run.crt"
    before = path.read_bytes()
    refused = auditor("keys", "certificate")
    assert refused.code == 2
    assert "--replace" in refused.err
    assert path.read_bytes() == before
    assert auditor("keys", "certificate", "--replace", "--days", "30", "--name", "us").code == 0
    made = x509.load_pem_x509_certificate(path.read_bytes())
    assert (made.not_valid_after_utc - made.not_valid_before_utc).days == 30
    authorities = load_trust(here.folder / "trust").certificate_authorities
    assert authorities[-1].certificate == path.read_text("utf-8")
    csr = x509.load_pem_x509_csr(auditor("keys", "certificate", "--csr").out.encode())
    assert csr.is_signature_valid
    assert csr.public_key() == made.public_key()


def test_without_a_certificate_a_rotation_makes_none(scanned: Company, auditor: Auditor) -> None:
    path = scanned.folder / "keys" / "run.crt"
    path.unlink()
    new_key(auditor, "keys/b.pem", "run")
    assert auditor("keys", "rotate", "run", "--new", "keys/b.pem").code == 0
    assert not path.exists()


def test_a_certificate_that_is_none_is_named(scanned: Company, auditor: Auditor) -> None:
    (scanned.folder / "keys" / "run.crt").write_bytes(b"\xff")
    new_key(auditor, "keys/b.pem", "run")
    said = auditor("keys", "rotate", "run", "--new", "keys/b.pem")
    assert said.code == 2
    assert "run.crt" in said.err


@pytest.mark.usefixtures("here")
def test_json_of_the_list_has_every_field(auditor: Auditor) -> None:
    (row, *_) = json.loads(auditor("keys", "list", "--format", "json").out)
    assert set(row) == {
        "use", "key_id", "name", "not_before", "not_after", "revoked_at", "source", "state", "place"
    }  # fmt: skip
