"""Facts out of certificates: each made with one fault."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.tls import TlsCollector
from auditor.collectors.tls.certificate import name_matches
from auditor.collectors.tls.derive import derive_endpoint, encode
from auditor.core.model.resource_type import ResourceType
from auditor.core.times import format_instant
from tests.services.tls.servers import DAY, Identity, build, distinguished, now

READ_AT = format_instant(now())


@cache
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def root() -> Identity:
    root_key = ec.generate_private_key(ec.SECP256R1())
    return Identity(root_key, (build("Root", root_key, ca=True),))


@cache
def middle() -> Identity:
    middle_key = ec.generate_private_key(ec.SECP256R1())
    return Identity(middle_key, (build("Middle", middle_key, issuer=root(), ca=True),))


def leaf(
    sans: Sequence[str] = ("shop.example.org",), extensions: Sequence[x509.ExtensionType] = ()
) -> x509.Certificate:
    return build("shop", key(), issuer=middle(), sans=sans, extensions=extensions)


def given_chain(*chain: x509.Certificate, **data: object) -> dict[str, object]:
    return {
        "raw": [encode(item.public_bytes(Encoding.DER)) for item in chain],
        "host": "shop.example.org",
        "server_name": "shop.example.org",
        "fingerprints_allowed": [],
        "read_at": READ_AT,
        "verify_code": 0,
        "raw_staple": None,
        "raw_revocation": None,
    } | data


def derived(*chain: x509.Certificate, **data: object) -> Mapping[str, object]:
    return derive_endpoint(given_chain(*chain, **data))


def test_every_derived_field_is_declared_and_there() -> None:
    declared = TlsCollector().resource_types()["tls.endpoint"].fields.fields
    certificate = leaf()
    facts = derived(certificate, middle().leaf)
    assert set(facts) < set(declared)
    assert set(facts) == set(TlsCollector().resource_types()["tls.endpoint"].derived)
    assert facts["fingerprint"] == certificate.fingerprint(hashes.SHA256()).hex()
    assert facts["serial"] == f"{certificate.serial_number:x}"
    assert (facts["key_type"], facts["key_bits"], facts["curve"]) == ("EC", 256, "secp256r1")
    assert facts["signature_algorithm"] == "ecdsa-with-SHA256"
    assert (facts["lifetime"], facts["chain_complete"]) == ("366d", True)
    assert [item["ca"] for item in facts["chain"]] == [False, True]  # type: ignore[attr-defined] # JSON


def test_the_order_of_the_chain_is_seen() -> None:
    certificate = leaf()
    right = derived(certificate, middle().leaf, root().leaf)
    assert (right["chain_in_order"], right["issuer_sent"]) == (True, True)
    swapped = derived(certificate, root().leaf, middle().leaf)
    assert (swapped["chain_in_order"], swapped["issuer_sent"]) == (False, True)
    alone = derived(certificate)
    assert (alone["chain_in_order"], alone["issuer_sent"]) == (True, False)


def test_an_issuer_of_the_same_name_and_another_key_is_no_issuer() -> None:
    other_key = ec.generate_private_key(ec.SECP256R1())
    impostor = build("Middle", other_key, issuer=root(), ca=True)
    facts = derived(leaf(), impostor)
    assert (facts["chain_in_order"], facts["issuer_sent"]) == (False, False)


@pytest.mark.parametrize(
    ("code", "complete"), [(0, True), (10, True), (18, True), (2, False), (20, False), (21, False)]
)
def test_the_chain_is_complete_unless_no_path_was_found(code: int, *, complete: bool) -> None:
    assert derived(leaf(), verify_code=code)["chain_complete"] is complete


@pytest.mark.parametrize(
    ("sans", "name", "matches"),
    [
        (["shop.example.org"], "shop.example.org", True),
        (["Shop.Example.ORG"], "shop.example.org", True),
        (["shop.example.org"], "SHOP.example.org", True),
        (["*.example.org"], "shop.example.org", True),
        (["*.example.org"], "a.shop.example.org", False),
        (["*.example.org"], "example.org", False),
        (["s*.example.org"], "shop.example.org", False),
        (["*.org"], "example.org", False),
        (["*"], "localhost", False),
        (["example.org"], "shop.example.org", False),
        (["10.0.0.1"], "10.0.0.1", True),
        (["10.0.0.2"], "10.0.0.1", False),
        (["shop.example.org"], "10.0.0.1", False),
        ([], "shop", False),  # the common name is shop
    ],
)
def test_names_match_by_san_only(sans: list[str], name: str, *, matches: bool) -> None:
    assert name_matches(leaf(sans), name) is matches


def test_a_dns_name_that_looks_like_an_address_is_no_address() -> None:
    disguised = x509.SubjectAlternativeName([x509.DNSName("10.0.0.1")])
    assert not name_matches(leaf(sans=(), extensions=[disguised]), "10.0.0.1")


def test_without_server_name_the_address_is_judged() -> None:
    facts = derived(leaf(["10.0.0.1"]), server_name=None, host="10.0.0.1")
    assert facts["name_ok"] is True


def test_allowed_fingerprints() -> None:
    certificate = leaf()
    own = certificate.fingerprint(hashes.SHA256()).hex()
    assert derived(certificate)["fingerprint_allowed"] is None
    assert derived(certificate, fingerprints_allowed=[own])["fingerprint_allowed"] is True
    assert derived(certificate, fingerprints_allowed=["0" * 64])["fingerprint_allowed"] is False


def test_must_staple_and_the_places_to_ask() -> None:
    uri = x509.UniformResourceIdentifier
    oids = x509.oid.AuthorityInformationAccessOID
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(oids.OCSP, uri("http://ocsp.example/")),
            x509.AccessDescription(oids.CA_ISSUERS, uri("http://ca.example/ca.der")),
        ]
    )
    points = x509.CRLDistributionPoints(
        [
            x509.DistributionPoint(
                [uri("ldap:///cn=x"), uri("http://crl.example/")], None, None, None
            )
        ]
    )
    staple = x509.TLSFeature([x509.TLSFeatureType.status_request])
    facts = derived(leaf(extensions=[access, points, staple]))
    assert facts["must_staple"] is True
    assert facts["ocsp_urls"] == ["http://ocsp.example/"]
    assert facts["crl_urls"] == ["ldap:///cn=x", "http://crl.example/"]
    assert facts["revocation"] == "not_asked"
    assert derived(leaf())["revocation"] == "none_offered"


def test_other_keys_are_named_with_their_size() -> None:
    facts = derived(build("x", ed448.Ed448PrivateKey.generate(), issuer=middle()))  # type: ignore[arg-type] # a key as good as any
    assert (facts["key_type"], facts["key_bits"], facts["curve"]) == ("Ed448", 456, None)


@pytest.mark.parametrize("raw", [[], ["%%%"], ["AAAA"], None, "text"])
def test_bytes_that_are_no_certificate_give_no_facts(raw: object) -> None:
    assert derived(leaf(), raw=raw) == {}


def test_a_second_certificate_that_is_broken_gives_no_facts() -> None:
    good = encode(leaf().public_bytes(Encoding.DER))
    assert derived(leaf(), raw=[good, "AAAA"]) == {}


def test_what_was_not_read_is_not_derived() -> None:
    data = {
        "raw": [encode(leaf().public_bytes(Encoding.DER))],
        "host": "shop.example.org",
        "read_at": READ_AT,
    }
    facts = derive_endpoint(data)
    assert not {"chain_complete", "staple", "revocation"} & set(facts)
    assert facts["name_ok"] is True


def test_a_malformed_extension_takes_only_the_facts_of_extensions_away() -> None:
    broken = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x01\x02")
    certificate = build("shop", key(), issuer=middle(), extensions=[broken])
    facts = derived(certificate, middle().leaf)
    assert not {"sans", "name_ok", "must_staple", "ocsp_urls", "revocation"} & set(facts)
    assert (facts["key_bits"], facts["chain_complete"]) == (256, True)


def test_a_staple_of_an_unknown_issuer_is_invalid() -> None:
    facts = derived(leaf(), raw_staple=base64.b64encode(b"junk").decode())
    assert facts["staple"] == "invalid"
    assert facts["staple_error"] == "the issuer's certificate is not known"


def test_a_staple_that_is_no_response_is_invalid() -> None:
    facts = derived(leaf(), middle().leaf, raw_staple=base64.b64encode(b"junk").decode())
    assert facts["staple"] == "invalid"
    assert "cannot be read" in str(facts["staple_error"])


def test_a_recorded_answer_that_does_not_count_gives_no_status() -> None:
    issuer = encode(middle().leaf.public_bytes(Encoding.DER))
    asked = {"source": "ocsp", "url": "u", "issuer": issuer, "response": "AAAA"}
    assert "revocation" not in derived(leaf(), raw_revocation=asked)


@pytest.mark.parametrize(
    "asked", [{"source": "ocsp"}, {"source": "ocsp", "issuer": 7, "response": ""}, {}]
)
def test_a_recorded_answer_of_another_form_gives_no_status(asked: object) -> None:
    facts = derived(leaf(), raw_revocation=asked, raw_staple="AAAA")
    assert not {"revocation", "staple"} & set(facts)
    assert facts["key_type"] == "EC"


def answered(issuer: Identity, certificate: x509.Certificate) -> dict[str, str]:
    """An answer `good`, signed by whoever is given as the issuer."""
    response = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate,
            issuer=issuer.leaf,
            algorithm=hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=now() - DAY,  # before READ_AT, however long the session lasts
            next_update=now() + DAY,
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.leaf)
        .sign(key_of(issuer), hashes.SHA256())
    )
    return {
        "source": "ocsp",
        "url": "u",
        "issuer": encode(issuer.leaf.public_bytes(Encoding.DER)),
        "response": encode(response.public_bytes(Encoding.DER)),
    }


def key_of(identity: Identity) -> ec.EllipticCurvePrivateKey:
    assert isinstance(identity.key, ec.EllipticCurvePrivateKey)
    return identity.key


def test_an_answer_counts_only_under_the_key_that_signed_the_certificate() -> None:
    certificate = leaf()
    impostor_key = ec.generate_private_key(ec.SECP256R1())
    impostor = Identity(impostor_key, (build("Middle", impostor_key, ca=True),))
    right = derived(certificate, raw_revocation=answered(middle(), certificate))
    forged = derived(certificate, raw_revocation=answered(impostor, certificate))
    assert right["revocation"] == "good"
    assert "revocation" not in forged


@pytest.mark.parametrize(
    "change",
    [
        {"raw": None},
        {"raw": []},
        {"raw": ["AAAA"]},
        {"raw_revocation": {"source": "crl"}},
        {"raw_staple": 7},
        {"verify_code": 20},
        {"read_at": "yesterday"},
    ],
)
def test_evidence_whose_bytes_were_taken_away_no_longer_proves_its_fields(
    change: Mapping[str, object],
) -> None:
    """What a verifier asks: each derived field that is there comes out again, and is equal."""
    kind = TlsCollector().resource_types()["tls.endpoint"]
    certificate = leaf()
    data = given_chain(
        certificate, middle().leaf, raw_revocation=answered(middle(), certificate), raw_staple=""
    )
    data |= derive_endpoint(data)
    assert proven(kind, data)
    assert not proven(kind, {**data, **change})


@pytest.mark.parametrize("gone", ["raw", "raw_revocation", "raw_staple", "verify_code", "host"])
def test_evidence_without_a_raw_field_no_longer_proves_its_fields(gone: str) -> None:
    kind = TlsCollector().resource_types()["tls.endpoint"]
    data = given_chain(leaf(), middle().leaf, server_name=None)
    data |= derive_endpoint(data)
    assert proven(kind, data)
    assert not proven(kind, {name: value for name, value in data.items() if name != gone})


def proven(kind: ResourceType, data: Mapping[str, object]) -> bool:
    assert kind.derive is not None
    again = kind.derive(data)
    missing = object()
    return all(again.get(name, missing) == data[name] for name in kind.derived if name in data)


def test_weak_signatures_leave_out_self_signed_roots() -> None:
    certificates = (leaf(), middle().leaf, root().leaf)
    assert derived(*certificates)["weak_signatures"] == []
    assert certificates[0].not_valid_after_utc - now() > 364 * DAY
    assert distinguished("Root") == certificates[2].issuer


def test_a_certificate_of_an_unknown_version_is_none() -> None:
    der = leaf().public_bytes(Encoding.DER)
    assert der[12:13] == b"\x02"  # version 3
    assert derived(leaf(), raw=[encode(der[:12] + b"\x01" + der[13:])]) == {}


def test_an_extension_that_stands_twice_takes_the_facts_of_extensions_away() -> None:
    der = leaf().public_bytes(Encoding.DER)
    authority, subject = b"\x55\x1d\x23", b"\x55\x1d\x0e"  # key identifiers
    assert (der.count(authority), der.count(subject)) == (1, 1)
    twice = der.replace(authority, subject)
    facts = derived(leaf(), raw=[encode(twice)])
    assert not {"sans", "name_ok", "revocation"} & set(facts)
    assert facts["key_bits"] == 256


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
@given(st.binary(max_size=600), st.integers(min_value=0, max_value=400))
def test_damaged_bytes_never_raise(noise: bytes, at: int) -> None:
    der = leaf().public_bytes(Encoding.DER)
    damaged = der[:at] + noise + der[at + len(noise) :]
    for raw in ([encode(noise)], [encode(damaged)]):
        derived(leaf(), raw=raw, raw_staple=encode(noise))
