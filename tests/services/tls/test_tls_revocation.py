"""Revocation: asked, stapled, listed; and an unreachable responder is never a pass."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from auditor.core.model.observation import Resource
from tests.services.tls.conftest import Collect
from tests.services.tls.servers import (
    Authority,
    Identity,
    openssl_server,
    server_context,
    tls_server,
)

pytestmark = pytest.mark.service
MUST_STAPLE = x509.TLSFeature([x509.TLSFeatureType.status_request])
FIELDS = ("revocation", "revocation_source", "revocation_reason")


def served(identity: Identity, collect: Collect, folder: Path) -> Resource:
    with tls_server(server_context(identity, folder)) as port:
        observation = collect(f"127.0.0.1:{port}", connect_timeout="2s")
    assert observation.gaps == ()
    return observation.resources[0]


@pytest.mark.parametrize(
    ("ocsp", "crl", "revoked", "expect"),
    [
        ("/ocsp", None, False, ("good", "ocsp", None)),
        ("/ocsp", None, True, ("revoked", "ocsp", "key_compromise")),
        ("/ocsp-delegated", None, False, ("good", "ocsp", None)),
        (None, "/crl", False, ("good", "crl", None)),
        (None, "/crl", True, ("revoked", "crl", None)),
        ("/down", "/crl", True, ("revoked", "crl", None)),
    ],
)
def test_the_status_is_asked_for(
    authority: Authority,
    collect: Collect,
    folder: Path,
    *,
    ocsp: str | None,
    crl: str | None,
    revoked: bool,
    expect: tuple[str, str, str | None],
) -> None:
    extensions: list[x509.ExtensionType] = []
    extensions += [authority.responder(ocsp)] if ocsp else []
    extensions += [authority.list_point(crl)] if crl else []
    identity = authority.issue(extensions=extensions, revoked=revoked)
    row = served(identity, collect, folder)
    assert row.unread == {}
    assert tuple(row.data[name] for name in FIELDS) == expect
    assert (row.data["revoked_at"] is not None) is revoked
    assert row.data["revocation_updated_at"] is not None
    assert row.data["chain_ok"] is True  # a verifying client does not notice


@pytest.mark.parametrize(
    ("ocsp", "crl", "cause", "said"),
    [
        ("/down", None, "unreachable", "HTTP status 503"),
        ("/ocsp-stale", None, "unparsable", "was valid until"),
        ("/huge", None, "limit", "larger than 1048576 bytes"),
        (None, "/down", "unreachable", "HTTP status 503"),
        (None, "/text", "unparsable", "cannot be read"),
        ("/down", "/huge", "unreachable", "larger than 1048576 bytes"),
        (None, "/cut", "truncated", "ends 7 bytes early"),
        (None, "/slow", "timeout", "time limit"),
    ],
)
def test_without_an_answer_that_counts_the_status_is_unread(
    authority: Authority,
    collect: Collect,
    folder: Path,
    ocsp: str | None,
    crl: str | None,
    cause: str,
    said: str,
) -> None:
    extensions: list[x509.ExtensionType] = []
    extensions += [authority.responder(ocsp)] if ocsp else []
    extensions += [authority.list_point(crl)] if crl else []
    identity = authority.issue(extensions=extensions)
    row = served(identity, collect, folder)
    assert "revocation" not in row.data
    assert row.unread["revocation"].cause == cause
    assert said in row.unread["revocation"].detail


def test_a_responder_that_is_switched_off_is_a_gap(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    place = x509.UniformResourceIdentifier("http://127.0.0.1:9/ocsp")
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
    off = x509.AuthorityInformationAccess([access])
    row = served(authority.issue(extensions=[off]), collect, folder)
    assert row.unread["revocation"].cause == "unreachable"
    assert row.unread["revoked_at"] == row.unread["revocation"]


def test_a_list_behind_ldap_is_offered_and_unread(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    place = x509.UniformResourceIdentifier("ldap:///CN=list")
    point = x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)])
    row = served(authority.issue(extensions=[point]), collect, folder)
    assert row.unread["revocation"].cause == "not_supported"
    assert "ldap" in row.unread["revocation"].detail


def test_the_certificate_of_an_untrusted_chain_sends_nobody_anywhere(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    identity = authority.issue(extensions=[authority.responder()], send_intermediate=False)
    with tls_server(server_context(identity, folder)) as port:
        observation = collect(f"127.0.0.1:{port}")
    (row,) = observation.resources
    assert (row.data["chain_ok"], row.data["revocation"]) == (False, "not_asked")
    assert not [call for call in observation.calls if call.request.startswith("OCSP")]


def test_must_staple_without_a_staple_shows(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    identity = authority.issue(extensions=[MUST_STAPLE, authority.responder()])
    row = served(identity, collect, folder)
    assert (row.data["must_staple"], row.data["staple"]) == (True, "none")


@pytest.mark.parametrize("protocol", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize(
    ("revoked", "age", "expect"),
    [
        (False, 0, {"staple": "good", "revocation": "good", "revocation_source": "staple"}),
        (True, 0, {"staple": "revoked", "revocation": "revoked", "revocation_source": "staple"}),
        (False, 3, {"staple": "invalid", "revocation": "good", "revocation_source": "ocsp"}),
    ],
)
def test_the_staple_is_read_in_both_generations_of_the_protocol(
    authority: Authority,
    collect: Collect,
    folder: Path,
    *,
    protocol: str,
    revoked: bool,
    age: float,
    expect: Mapping[str, object],
) -> None:
    identity = authority.issue(extensions=[MUST_STAPLE, authority.responder()], revoked=revoked)
    file = folder / "staple.der"
    file.write_bytes(authority.ocsp_response(identity.leaf, age=age))
    with openssl_server(identity, folder, protocol, "-status_file", str(file)) as port:
        (row,) = collect(f"127.0.0.1:{port}").resources
    assert {name: row.data[name] for name in expect} == expect
    assert ("was valid until" in str(row.data["staple_error"])) is (age > 1)


def test_a_staple_by_somebody_else_is_invalid(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    identity = authority.issue(extensions=[MUST_STAPLE])
    file = folder / "staple.der"
    stranger = Identity(authority.root.key, authority.root.chain)
    file.write_bytes(authority.ocsp_response(identity.leaf, signer=stranger))
    with openssl_server(identity, folder, "-status_file", str(file)) as port:
        (row,) = collect(f"127.0.0.1:{port}").resources
    assert row.data["staple"] == "invalid"
    assert row.unread["revocation"].cause == "unparsable"
