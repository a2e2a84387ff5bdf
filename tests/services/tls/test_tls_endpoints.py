"""Each server has one fault; the row must show exactly it."""

from __future__ import annotations

import base64
import itertools
import socket
import ssl
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from auditor.core.times import parse_instant
from tests.services.tls.conftest import Collect
from tests.services.tls.servers import (
    Authority,
    Identity,
    build,
    legacy_server,
    openssl_server,
    rsa_key,
    server_context,
    tcp_server,
    tls_server,
)

pytestmark = pytest.mark.service
# 1024-bit group of RFC 2409, 6.2: the kind that old servers have built in.
OAKLEY_2 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E34"
    "04DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6"
    "F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)
GOOD: Mapping[str, object] = {
    "tls_offered": True,
    "protocols": ["TLSv1.2", "TLSv1.3"],
    "protocols_refused": ["SSLv3", "TLSv1.0", "TLSv1.1"],
    "protocols_untested": ["SSLv2"],
    "weak_ciphers": [],
    "ciphers_untested": [],
    "forward_secrecy": True,
    "dh_bits": None,
    "client_certificate": "none",
    "trust": "ca_file",
    "chain_ok": True,
    "verify_code": 0,
    "verify_error": "",
    "subject": "CN=localhost",
    "issuer": "CN=Test Intermediate",
    "fingerprint_allowed": None,
    "lifetime": "366d",
    "key_type": "RSA",
    "key_bits": 2048,
    "curve": None,
    "signature_algorithm": "sha256WithRSAEncryption",
    "signature_hash": "sha256",
    "weak_signatures": [],
    "sans": ["localhost", "127.0.0.1"],
    "name_ok": True,
    "self_signed": False,
    "must_staple": False,
    "chain_in_order": True,
    "chain_complete": True,
    "issuer_sent": True,
    "staple": "none",
    "staple_error": "",
    "raw_revocation": None,
    "revocation": "none_offered",
    "revocation_source": "none",
}
STRONG = "ECDHE+AESGCM:@SECLEVEL=0"
UNTRUSTED = {"chain_ok": False, "revocation": "none_offered"}


@dataclass(frozen=True)
class Case:
    """A server, and the fields in which its row differs from that of the good one."""

    issue: Callable[[Authority], Identity]
    expect: Mapping[str, object]
    server: Mapping[str, object] = field(default_factory=dict)


def dh_parameters(prime: int) -> str:
    """PEM of PKCS #3 parameters with generator 2."""
    number = prime.to_bytes(prime.bit_length() // 8 + 1, "big")
    body = b"\x02\x81" + bytes([len(number)]) + number + b"\x02\x01\x02"
    text = base64.encodebytes(b"\x30\x81" + bytes([len(body)]) + body).decode("ascii")
    return f"-----BEGIN DH PARAMETERS-----\n{text}-----END DH PARAMETERS-----\n"


def self_made(authority: Authority) -> Identity:
    return Identity(
        authority.key, (build("localhost", authority.key, sans=["localhost", "127.0.0.1"]),)
    )


def sha1_signed(authority: Authority, responder: str = "") -> Identity:
    """By the openssl tool: present-day libraries do not sign with SHA-1."""
    folder = authority.folder
    middle = authority.intermediate.write(folder)
    key = Identity(authority.key, authority.intermediate.chain).write(folder)
    request, out, names = folder / "sha1.csr", folder / "sha1.pem", folder / "sha1.ext"
    access = f"authorityInfoAccess=OCSP;URI:{responder}/ocsp\n" if responder else ""
    names.write_text(f"subjectAltName=DNS:localhost,IP:127.0.0.1\n{access}")
    subject = ["openssl", "req", "-new", "-key", str(key), "-subj", "/CN=localhost"]
    subprocess.run([*subject, "-out", str(request)], check=True, capture_output=True)
    sign = ["openssl", "x509", "-req", "-sha1", "-in", str(request), "-days", "366"]
    ca = ["-CA", str(middle), "-CAkey", str(middle), "-set_serial", "77", "-extfile", str(names)]
    subprocess.run([*sign, *ca, "-out", str(out)], check=True, capture_output=True)
    leaf = x509.load_pem_x509_certificate(out.read_bytes())
    return Identity(authority.key, (leaf, authority.intermediate.leaf))


CASES = {
    "good": Case(Authority.issue, {}),
    "expired": Case(
        lambda ca: ca.issue(begins=-400, ends=-3),
        {**UNTRUSTED, "verify_code": 10, "verify_error": "certificate has expired"}
        | {"lifetime": "397d"},
    ),
    "not_yet_valid": Case(
        lambda ca: ca.issue(begins=5, ends=300),
        {**UNTRUSTED, "verify_code": 9, "verify_error": "certificate is not yet valid"}
        | {"lifetime": "295d"},
    ),
    "too_long": Case(lambda ca: ca.issue(ends=825), {"lifetime": "826d"}),
    "wrong_host": Case(
        lambda ca: ca.issue("other.example", sans=["other.example"]),
        {"name_ok": False, "sans": ["other.example"], "subject": "CN=other.example"},
    ),
    "no_san_common_name_only": Case(lambda ca: ca.issue(sans=[]), {"name_ok": False, "sans": []}),
    "self_signed": Case(
        self_made,
        {**UNTRUSTED, "verify_code": 18, "verify_error": "self-signed certificate"}
        | {"issuer": "CN=localhost", "self_signed": True},
    ),
    "missing_intermediate": Case(
        lambda ca: ca.issue(send_intermediate=False),
        {**UNTRUSTED, "verify_code": 20, "chain_complete": False, "issuer_sent": False}
        | {"verify_error": "unable to get local issuer certificate"},
    ),
    "rsa1024": Case(lambda ca: ca.issue(key=rsa_key(1024)), {"key_bits": 1024}),
    "sha1": Case(
        sha1_signed,
        {"signature_algorithm": "sha1WithRSAEncryption", "signature_hash": "sha1"}
        | {"weak_signatures": ["CN=localhost"]},
    ),
    "p384": Case(
        lambda ca: ca.issue(key=ec.generate_private_key(ec.SECP384R1())),
        {"key_type": "EC", "key_bits": 384, "curve": "secp384r1"},
    ),
    "ed25519": Case(
        lambda ca: ca.issue(key=ed25519.Ed25519PrivateKey.generate()),
        {"key_type": "Ed25519", "key_bits": 256},
    ),
    "tls1_0_only": Case(
        Authority.issue,
        {"protocols": ["TLSv1.0"], "protocols_refused": ["SSLv3", "TLSv1.1", "TLSv1.2", "TLSv1.3"]},
        {"versions": ("TLSv1", "TLSv1"), "ciphers": "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"},
    ),
    "tls1_1_only": Case(
        Authority.issue,
        {"protocols": ["TLSv1.1"], "protocols_refused": ["SSLv3", "TLSv1.0", "TLSv1.2", "TLSv1.3"]},
        {"versions": ("TLSv1_1", "TLSv1_1"), "ciphers": "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"},
    ),
    "tls1_0_to_1_3": Case(
        Authority.issue,
        {"protocols": ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"], "protocols_refused": ["SSLv3"]},
        {"versions": ("TLSv1", "TLSv1_3"), "ciphers": "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"},
    ),
    "static_rsa_cbc_only": Case(
        Authority.issue,
        {"protocols": ["TLSv1.2"], "weak_ciphers": ["static-RSA"], "forward_secrecy": False}
        | {"protocols_refused": ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.3"]},
        {"versions": ("TLSv1_2", "TLSv1_2"), "ciphers": "AES128-SHA:AES256-SHA"},
    ),
    "tls1_3_only": Case(
        Authority.issue,
        {"protocols": ["TLSv1.3"], "protocols_refused": ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2"]},
        {"versions": ("TLSv1_3", "TLSv1_3")},
    ),
    "null_and_anonymous": Case(
        Authority.issue,
        {"protocols": ["TLSv1.2"], "weak_ciphers": ["NULL", "anon"], "forward_secrecy": True}
        | {"protocols_refused": ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.3"]},
        {"versions": ("TLSv1_2", "TLSv1_2"), "ciphers": "aNULL:eNULL:@SECLEVEL=0"},
    ),
    "client_certificate_required_1_2": Case(
        Authority.issue,
        {"protocols": ["TLSv1.2"], "client_certificate": "required"}
        | {"protocols_refused": ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.3"]},
        {"versions": ("TLSv1_2", "TLSv1_2"), "clients": "required", "ciphers": STRONG},
    ),
    "client_certificate_required_1_3": Case(
        Authority.issue, {"client_certificate": "required"}, {"clients": "required"}
    ),
    "client_certificate_requested_1_2": Case(
        Authority.issue,
        {"protocols": ["TLSv1.2"], "client_certificate": "requested"}
        | {"protocols_refused": ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.3"]},
        {"versions": ("TLSv1_2", "TLSv1_2"), "clients": "optional", "ciphers": STRONG},
    ),
    "client_certificate_requested_1_3": Case(
        Authority.issue, {"client_certificate": "requested"}, {"clients": "optional"}
    ),
    "client_certificate_required_by_an_untrusted_server": Case(
        self_made,
        {**UNTRUSTED, "verify_code": 18, "verify_error": "self-signed certificate"}
        | {"issuer": "CN=localhost", "self_signed": True, "client_certificate": "required"}
        | {"protocols": ["TLSv1.2"]}
        | {"protocols_refused": ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.3"]},
        {"versions": ("TLSv1_2", "TLSv1_2"), "clients": "required", "ciphers": STRONG},
    ),
    "dh1024": Case(
        Authority.issue,
        {"protocols": ["TLSv1.2"], "dh_bits": 1024}
        | {"protocols_refused": ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.3"]},
        {"versions": ("TLSv1_2", "TLSv1_2"), "dh": True}
        | {"ciphers": "DHE-RSA-AES128-SHA:@SECLEVEL=0"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_shows_in_its_fields_and_in_no_other(
    name: str, authority: Authority, collect: Collect, folder: Path
) -> None:
    case = CASES[name]
    options = {"ciphers": STRONG, **case.server}
    clients = options.pop("clients", None)
    if clients:
        options |= {"client_ca": authority.ca_file, "client_optional": clients == "optional"}
    if options.pop("dh", False):
        options["dh_file"] = folder / "dh.pem"
        (folder / "dh.pem").write_text(dh_parameters(OAKLEY_2))
    identity = case.issue(authority)
    context = server_context(identity, folder, **options)  # type: ignore[arg-type] # per case
    with tls_server(context) as port:
        observation = collect({"endpoint": f"127.0.0.1:{port}", "server_name": "localhost"})
    assert observation.gaps == ()
    (row,) = observation.resources
    assert row.unread == {}
    assert {key: row.data[key] for key in GOOD} == {**GOOD, **case.expect}
    assert row.data["connections"] == len(observation.calls) - 1  # and one DNS look-up
    assert all(call.ok for call in observation.calls)


def test_the_remaining_days_can_be_counted(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    with tls_server(server_context(authority.issue(ends=10), folder)) as port:
        (row,) = collect(f"127.0.0.1:{port}").resources
    left = parse_instant(row.data["not_after"]) - parse_instant(row.data["read_at"])
    assert timedelta(days=9, hours=23) < left <= timedelta(days=10)
    assert row.data["chain_ok"] is True
    assert row.data["server_name"] is None


def test_an_anonymous_only_server_is_accepted_and_shows_no_certificate(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    context = server_context(
        authority.issue(),
        folder,
        versions=("TLSv1_2", "TLSv1_2"),
        ciphers="aNULL:!eNULL:@SECLEVEL=0",
    )
    with tls_server(context) as port:
        (row,) = collect(f"127.0.0.1:{port}").resources
    assert row.data["protocols"] == ["TLSv1.2"]
    assert row.data["weak_ciphers"] == ["anon"]
    assert row.data["chain_ok"] is False
    assert row.data["raw"] == []
    assert {"not_after", "name_ok", "key_bits", "revocation"} <= set(row.unread)


def test_a_server_that_prefers_anonymous_suites_is_not_trusted_for_it(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    context = server_context(
        self_made(authority),
        folder,
        versions=("TLSv1_2", "TLSv1_2"),
        ciphers="AECDH-AES256-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0",
    )
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    with tls_server(context) as port:
        (row,) = collect(f"127.0.0.1:{port}").resources
    assert (row.data["chain_ok"], row.data["verify_code"]) == (False, 18)
    assert row.data["weak_ciphers"] == ["anon"]


@pytest.mark.parametrize(
    ("version", "suite", "protocol", "families"),
    [
        (0x0300, 0x0005, "SSLv3", ["RC4", "static-RSA"]),
        (0x0301, 0x0003, "TLSv1.0", ["EXPORT", "RC4"]),
        (0x0302, 0x000A, "TLSv1.1", ["3DES", "static-RSA"]),
        (0x0303, 0x0009, "TLSv1.2", ["DES", "static-RSA"]),
    ],
)
def test_what_the_local_library_cannot_speak_is_seen_all_the_same(
    authority: Authority,
    collect: Collect,
    version: int,
    suite: int,
    protocol: str,
    families: list[str],
) -> None:
    with tcp_server(legacy_server({version: suite}, authority.issue().chain)) as port:
        (row,) = collect(f"127.0.0.1:{port}", connect_timeout="2s").resources
    assert row.data["protocols"] == [protocol]
    assert row.data["weak_ciphers"] == families
    assert row.data["key_bits"] == 2048
    # Trust is unread, not false: the local library could not shake hands with such a server.
    assert "chain_ok" not in row.data
    assert row.unread["chain_ok"].cause == "not_supported"
    assert row.unread["revocation"].cause == "dependency"


def test_a_weak_suite_kept_for_an_old_protocol_only_is_found(
    authority: Authority, collect: Collect
) -> None:
    old = legacy_server({0x0303: 0xC030, 0x0301: 0x0003}, authority.issue().chain)
    with tcp_server(old) as port:
        (row,) = collect(f"127.0.0.1:{port}", connect_timeout="2s").resources
    assert row.data["protocols"] == ["TLSv1.0", "TLSv1.2"]
    assert row.data["weak_ciphers"] == ["EXPORT", "RC4"]
    assert row.data["forward_secrecy"] is True


def test_without_roots_trust_is_a_gap_and_never_a_verdict(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    with tls_server(server_context(authority.issue(), folder)) as port:
        (row,) = collect(f"127.0.0.1:{port}", trusted=False).resources
        (broken,) = collect(f"127.0.0.1:{port}", ca_file=str(folder / "absent.pem")).resources
    assert row.unread["chain_ok"].cause == "not_collected"
    assert "ca-certificates" in row.unread["chain_ok"].hint
    assert "absent.pem" in broken.unread["verify_code"].detail
    assert {"chain_ok", "verify_error", "chain_complete"} <= set(row.unread)
    assert row.data["key_bits"] == 2048


def test_a_server_with_an_uncommon_group_is_accepted_and_its_certificate_unread(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    with openssl_server(authority.issue(), folder, "-tls1_3", "-groups", "X448") as port:
        (row,) = collect(f"127.0.0.1:{port}").resources
    with openssl_server(authority.issue(), folder, "-tls1_2", "-groups", "X448") as port:
        (old,) = collect(f"127.0.0.1:{port}").resources
    assert row.data["protocols"] == ["TLSv1.3"]
    assert row.unread["chain_ok"].cause == "not_supported"
    assert {"raw", "not_after", "client_certificate", "revocation"} <= set(row.unread)
    assert (old.data["protocols"], old.data["chain_ok"]) == (["TLSv1.2"], True)


def test_two_handshakes_with_two_certificates_are_not_mixed(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    contexts = [server_context(authority.issue(), folder) for _ in range(2)]
    turn = itertools.count()

    def changes(connection: socket.socket) -> None:
        context = contexts[min(next(turn), 1)]
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)

    with tcp_server(changes) as port:
        first, second = collect(f"127.0.0.1:{port}").resources
    assert first.unread["chain_ok"].cause == "incomplete"
    assert first.unread["revocation"].cause == "dependency"
    assert (second.data["certificate"], second.data["chain_ok"]) == ("rsa", True)


def test_an_issuer_that_cannot_be_proven_is_not_asked(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    identity = sha1_signed(authority, authority.url)
    with tls_server(server_context(identity, folder)) as port:
        (row,) = collect(f"127.0.0.1:{port}").resources
    assert (row.data["chain_ok"], row.data["signature_hash"]) == (True, "sha1")
    assert "issuer" in row.unread["revocation"].detail


def test_allowed_fingerprints_are_compared(
    authority: Authority, collect: Collect, folder: Path
) -> None:
    with tls_server(server_context(authority.issue(), folder)) as port:
        place = f"127.0.0.1:{port}"
        (row,) = collect(place).resources
        own = str(row.data["fingerprint"])
        (listed,) = collect(place, fingerprints=[own.upper()]).resources
        (other,) = collect(place, fingerprints=["0" * 64]).resources
    assert (listed.data["fingerprint_allowed"], other.data["fingerprint_allowed"]) == (True, False)
