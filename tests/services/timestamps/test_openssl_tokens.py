"""Tokens of OpenSSL's authority are believed here, and those made for tests by OpenSSL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.attest.timestamp_token import parse_token
from auditor.attest.timestamps import make_request, verify_timestamp
from auditor.errors import UndecidableError, VerificationError
from tests.services.timestamps.authority import OpensslAuthority, openssl_accepts, openssl_query
from tests.unit.attest.token_maker import Maker

MESSAGE = b"a signature"
pytestmark = pytest.mark.service


def test_a_token_of_openssl_is_believed_by_both(tmp_path: Path) -> None:
    tsa = OpensslAuthority(tmp_path / "tsa")
    token = tsa.reply(make_request(MESSAGE).data)
    proven = verify_timestamp(token, MESSAGE, [tsa.authority])
    assert abs(proven.time - datetime.now(UTC)) < timedelta(minutes=1)
    assert proven.accuracy == timedelta(seconds=1, milliseconds=500, microseconds=100)
    assert openssl_accepts(tmp_path / "look", token, MESSAGE, tsa.root.pem) == ""
    assert openssl_accepts(tmp_path / "look", token, b"another", tsa.root.pem) != ""


@pytest.mark.parametrize("chain", [("root", "between"), ("between", "root"), ("between",)])
def test_chains_are_read_in_whatever_order_openssl_sends_them(
    tmp_path: Path, chain: tuple[str, ...]
) -> None:
    """Its `-chain` (and `certs =`) are not sorted as DER demands; see `timestamp_token`."""
    for number in range(4):  # the order of bytes is chance: some of these are not sorted
        tsa = OpensslAuthority(tmp_path / str(number), chain=chain)
        token = tsa.reply(make_request(MESSAGE).data)
        assert verify_timestamp(token, MESSAGE, [tsa.authority]).authority == "openssl"


@pytest.mark.parametrize(
    "more", ["clock_precision_digits = 3", "ess_cert_id_chain = yes", "ordering = no"]
)
def test_openssls_options_are_understood(tmp_path: Path, more: str) -> None:
    tsa = OpensslAuthority(tmp_path, more=more)
    token = tsa.reply(make_request(MESSAGE).data)
    assert verify_timestamp(token, MESSAGE, [tsa.authority]).authority == "openssl"


@pytest.mark.parametrize("reference", ["sha1", "sha256", "sha384", "sha512"])
def test_each_form_of_reference_is_understood(tmp_path: Path, reference: str) -> None:
    tsa = OpensslAuthority(tmp_path, reference=reference)
    token = tsa.reply(make_request(MESSAGE).data)
    assert verify_timestamp(token, MESSAGE, [tsa.authority]).authority == "openssl"


@pytest.mark.parametrize("option", ["-sha256", "-sha384", "-sha512"])
def test_the_answers_to_openssls_own_requests_are_believed(tmp_path: Path, option: str) -> None:
    tsa = OpensslAuthority(tmp_path / "tsa")
    token = tsa.reply(openssl_query(tmp_path / "ask", MESSAGE, option, "-cert"))
    assert verify_timestamp(token, MESSAGE, [tsa.authority]).authority == "openssl"
    assert openssl_accepts(tmp_path / "look", token, MESSAGE, tsa.root.pem) == ""


def test_a_token_without_certificates_leaves_it_open(tmp_path: Path) -> None:
    tsa = OpensslAuthority(tmp_path / "tsa")
    token = tsa.reply(openssl_query(tmp_path / "ask", MESSAGE, "-sha256"))
    with pytest.raises(UndecidableError, match="does not carry the certificate"):
        verify_timestamp(token, MESSAGE, [tsa.authority])


def test_a_refusal_of_openssl_is_told(tmp_path: Path) -> None:
    tsa = OpensslAuthority(tmp_path / "tsa", digests="sha512")
    with pytest.raises(VerificationError, match=r"'rejection'.*not supported"):
        parse_token(tsa.reply(make_request(MESSAGE).data))


def test_a_token_from_after_the_end_of_the_certificate_is_bad(tmp_path: Path) -> None:
    tsa = OpensslAuthority(tmp_path, until=datetime.now(UTC) - timedelta(days=1))
    token = tsa.reply(make_request(MESSAGE).data)
    with pytest.raises(VerificationError, match="certificate has expired"):
        verify_timestamp(token, MESSAGE, [tsa.authority])


def test_openssl_accepts_the_tokens_that_the_unit_tests_make(tmp_path: Path) -> None:
    maker = Maker()
    token = maker.token(MESSAGE, datetime.now(UTC))
    assert openssl_accepts(tmp_path, token, MESSAGE, maker.root.pem) == ""
