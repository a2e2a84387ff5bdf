"""Tokens of time-stamp authorities: which are believed, refused, and left undecided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.attest import der
from auditor.attest.timestamp_token import MAX_TOKEN, parse_token
from auditor.attest.timestamps import make_request, verify_timestamp
from auditor.errors import AuditorError, UndecidableError, VerificationError
from tests.unit.attest.token_maker import (
    STAMPING,
    START,
    Maker,
    Mistakes,
    integer,
    issue,
    seq,
)

MESSAGE = b"a signature"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@cache
def maker() -> Maker:
    return Maker()


def token(**fields: object) -> bytes:
    return maker().token(MESSAGE, NOON, Mistakes(**fields))  # type: ignore[arg-type]


def refused(data: bytes, reason: str, *, message: bytes = MESSAGE) -> None:
    with pytest.raises(VerificationError, match=reason):
        verify_timestamp(data, message, [maker().authority()])


def undecided(data: bytes, reason: str) -> None:
    with pytest.raises(UndecidableError, match=reason):
        verify_timestamp(data, MESSAGE, [maker().authority()])


def test_a_token_of_a_trusted_authority_proves_its_time() -> None:
    proven = verify_timestamp(token(), MESSAGE, [maker().authority()])
    assert (proven.time, proven.authority) == (NOON, "tsa")
    assert proven.latest - NOON == timedelta(seconds=1, milliseconds=500, microseconds=100)


@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512"])
def test_three_hashes_are_accepted(hash_name: str) -> None:
    proven = verify_timestamp(token(hash_name=hash_name), MESSAGE, [maker().authority()])
    assert proven.time == NOON


def test_sha1_is_refused_over_the_message() -> None:
    refused(token(hash_name="sha1"), r"1\.3\.14\.3\.2\.26, not of SHA-256")


def test_a_token_over_other_bytes_is_bad_whoever_made_it() -> None:
    refused(token(), "over other bytes", message=b"another signature")
    with pytest.raises(VerificationError, match="over other bytes"):
        verify_timestamp(token(), b"another signature", [])


def test_certificates_in_the_order_of_the_chain_are_accepted() -> None:
    """DER sorts them, OpenSSL's authorities do not, and the library insists."""
    site = maker()
    assert site.between
    assert site.signer
    orders = [[site.between.raw, site.signer.raw], [site.signer.raw, site.between.raw]]
    for order in orders:
        data = site.token(MESSAGE, NOON, certificates=order)
        assert verify_timestamp(data, MESSAGE, [site.authority()]).time == NOON


def test_what_the_token_does_not_carry_may_stand_in_the_policy() -> None:
    site = maker()
    assert site.between
    assert site.signer
    bare = site.token(MESSAGE, NOON, certificates=[site.signer.raw])
    undecided(bare, "unknown authority 'CN=Stamper'")
    policy = site.authority(certificate=site.root.pem + site.between.pem)
    assert verify_timestamp(bare, MESSAGE, [policy]).time == NOON


def test_another_root_is_unknown_not_bad() -> None:
    with pytest.raises(UndecidableError, match="unknown authority"):
        verify_timestamp(token(), MESSAGE, [Maker().authority()])


def test_a_policy_must_pin_a_root() -> None:
    between = maker().between
    assert between
    with pytest.raises(UndecidableError, match="is not a root"):
        verify_timestamp(token(), MESSAGE, [maker().authority(certificate=between.pem)])


def test_without_the_signers_certificate_nobody_can_tell() -> None:
    undecided(maker().token(MESSAGE, NOON, certificates=[]), "does not carry the certificate")


@pytest.mark.parametrize(
    ("window", "good"),
    [
        ({"not_before": NOON}, True),
        ({"not_before": NOON + timedelta(seconds=1)}, False),
        ({"not_after": NOON}, False),
        ({"revoked_at": NOON}, False),
        ({"not_after": NOON + timedelta(seconds=1)}, True),
    ],
)
def test_the_authority_must_be_trusted_at_that_time(
    window: dict[str, object],
    good: bool,  # noqa: FBT001 - a row of the table
) -> None:
    authorities = [maker().authority(**window)]
    if good:
        assert verify_timestamp(token(), MESSAGE, authorities).time == NOON
    else:
        with pytest.raises(VerificationError, match="'tsa' was not trusted at 2026-03-01"):
            verify_timestamp(token(), MESSAGE, authorities)


def test_of_two_windows_of_one_root_one_must_fit() -> None:
    early = maker().authority(name="early", not_after=START + timedelta(days=1))
    late = maker().authority(name="late", not_before=NOON)
    assert verify_timestamp(token(), MESSAGE, [early, late]).authority == "late"


def test_an_expired_certificate_of_the_authority_is_bad() -> None:
    signer = issue("Old", maker().between, purposes=STAMPING, until=NOON - timedelta(days=1))
    refused(maker().signing_as(signer).token(MESSAGE, NOON), "certificate has expired")


@pytest.mark.parametrize(
    ("purposes", "critical"),
    [
        (STAMPING, False),
        ((*STAMPING, ExtendedKeyUsageOID.CODE_SIGNING), True),
        ((ExtendedKeyUsageOID.CODE_SIGNING,), True),
    ],
)
def test_a_certificate_for_anything_else_is_bad(
    purposes: tuple[object, ...],
    critical: bool,  # noqa: FBT001 - a row of the table
) -> None:
    signer = issue("Other", maker().between, purposes=purposes, critical=critical)  # type: ignore[arg-type]
    refused(maker().signing_as(signer).token(MESSAGE, NOON), "does not hold")


def test_a_certificate_authority_is_no_time_stamp_authority() -> None:
    between = maker().between
    assert between
    site = maker().signing_as(between)
    refused(site.token(MESSAGE, NOON, certificates=[between.raw]), "does not hold")


@pytest.mark.parametrize("reference", ["1", "2", "sha512"])
def test_the_signed_reference_to_the_certificate_has_three_forms(reference: str) -> None:
    proven = verify_timestamp(token(reference=reference), MESSAGE, [maker().authority()])
    assert proven.time == NOON


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": 2}, "answered 'rejection'"),
        ({"status": 1}, "answered 'granted_with_mods'"),
        ({"status": 77}, "answered 77"),
        ({"status": 2, "status_text": "no time today"}, "'rejection': 'no time today'"),
        ({"signed_data_version": 1}, "SignedData is not of version 3"),
        ({"signer_version": 3}, "SignerInfo is not of version 1"),
        ({"signers": 2}, "2 signers|InvalidSetOrdering"),
        ({"signers": 0}, "0 signers"),
        ({"digest_algorithm": "1.3.14.3.2.26"}, "a digest other than SHA-256"),
        ({"signature_algorithm": "1.2.840.10045.4.3.3"}, "does not fit sha256"),
        ({"signature_algorithm": "1.2.840.113549.1.1.5"}, "does not fit sha256"),
        ({"reference": "none"}, "does not say by which certificate"),
        ({"reference": "other"}, "signed for another certificate"),
        ({"reference": "empty"}, "signed for another certificate"),
    ],
)
def test_a_token_out_of_form_is_bad(fields: dict[str, object], reason: str) -> None:
    refused(token(**fields), reason)


def test_a_signature_by_another_key_is_bad() -> None:
    site = maker()
    assert site.signer
    forger = issue("Forger")
    forged = replace(site.signer, key=forger.key)
    refused(site.signing_as(forged).token(MESSAGE, NOON), "signature failure|does not hold")


def test_a_vague_time_proves_nothing() -> None:
    undecided(token(accuracy=(61, 1, 1)), "only to 0:01:01")
    undecided(token(accuracy=(10**15, 1, 1)), "only to ")


def test_a_token_may_say_nothing_about_its_accuracy() -> None:
    assert verify_timestamp(token(accuracy=None), MESSAGE, [maker().authority()]).latest == NOON


def test_sizes_are_bounded() -> None:
    refused(b"0" * (MAX_TOKEN + 1), "expected at most 65536")
    many = [issue(f"c{number}").raw for number in range(17)]
    refused(maker().token(MESSAGE, NOON, certificates=many), "carries 17 certificates")


def test_a_status_alone_is_no_token() -> None:
    refused(seq(seq(integer(2))), "answered 'rejection'")
    refused(seq(seq(integer(0))), "1 elements where there must be 2")


@pytest.mark.parametrize("data", [b"", b"<html>", b"\x30\x00", b"\x30\x80\x00\x00", b"\x30"])
def test_what_is_no_answer_is_bad(data: bytes) -> None:
    refused(data, "not DER|not one element|no elements|where there must be|not a time-stamp")


def test_a_certificate_without_a_positive_serial_number_is_passed_over() -> None:
    """Old roots have 0; libraries stumble over them, and they are pinned anyway."""
    site = maker()
    assert site.between
    assert site.signer
    body = der.read_element(site.root.raw, der.SEQUENCE).children()
    fields = body[0].children()
    zero = seq(fields[0].raw, integer(0), *(item.raw for item in fields[2:]))
    old_root = seq(zero, body[1].raw, body[2].raw)
    data = site.token(MESSAGE, NOON, certificates=[site.between.raw, site.signer.raw, old_root])
    assert verify_timestamp(data, MESSAGE, [site.authority()]).time == NOON
    assert len(parse_token(data).certificates) == 2


def test_every_flipped_bit_of_a_token_is_refused() -> None:
    site = maker()
    assert site.between
    assert site.signer
    good = site.token(MESSAGE, NOON, certificates=sorted([site.signer.raw, site.between.raw]))
    authorities = [site.authority()]
    assert verify_timestamp(good, MESSAGE, authorities).time == NOON
    accepted = []
    for bit in range(len(good) * 8):
        data = bytearray(good)
        data[bit // 8] ^= 1 << bit % 8
        try:
            verify_timestamp(bytes(data), MESSAGE, authorities)
        except (VerificationError, UndecidableError):
            continue
        accepted.append(bit)
    assert accepted == []


def test_a_certificate_that_leads_nowhere_does_not_change_what_a_token_says() -> None:
    """The one part of a token that nothing covers: certificates beside the chain."""
    site = maker()
    assert site.between
    assert site.signer
    extra = issue("Beside the chain").raw
    carried = [site.between.raw, site.signer.raw, extra]
    data = bytearray(site.token(MESSAGE, NOON, certificates=carried))
    at = data.index(extra) + len(extra) - 4  # in its signature
    plain = verify_timestamp(bytes(data), MESSAGE, [site.authority()])
    data[at] ^= 1
    assert verify_timestamp(bytes(data), MESSAGE, [site.authority()]) == plain


@pytest.mark.filterwarnings("default::UserWarning")  # of cryptography, about damaged names
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_nothing_but_our_errors_comes_out_of_a_damaged_token(data: st.DataObject) -> None:
    good = _plain()
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    if damaged == good:
        return
    with pytest.raises(AuditorError):
        verify_timestamp(bytes(damaged), MESSAGE, [maker().authority()])


@cache
def _plain() -> bytes:
    return token()


def test_a_request_asks_for_certificates_with_a_nonce_of_its_own() -> None:
    first, second = make_request(MESSAGE), make_request(MESSAGE)
    assert first.nonce != second.nonce
    parts = der.read_element(first.data, der.SEQUENCE).children()
    assert int.from_bytes(parts[2].content, "big") == first.nonce
    assert parts[3].raw == b"\x01\x01\xff"
