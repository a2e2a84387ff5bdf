"""Two TLS endpoints of the stand-in company: a good one, and one with an expired certificate."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the two listen, and the root that signed their certificates."""

    good: str
    expired: str
    ca_file: Path


@dataclass(frozen=True, slots=True)
class _Authority:
    """The company's own certificate authority, and where its revocation list is served."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey
    crl_url: str
    now: datetime


@contextmanager
def endpoints(folder: Path, now: datetime) -> Iterator[Endpoints]:
    """Serve both until the block ends. Keys live in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    key = generate_private_key(SECP256R1())
    root = _root(key, now)
    (folder / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    with _revocation_list(root, key, now) as url:
        authority = _Authority(root, key, url, now)
        with (
            _serve(_leaf(folder, "good", authority, (-10, 80))) as good,
            _serve(_leaf(folder, "expired", authority, (-100, -10))) as expired,
        ):
            yield Endpoints(f"{_ADDRESS}:{good}", f"{_ADDRESS}:{expired}", folder / "ca.pem")


def _leaf(folder: Path, name: str, authority: _Authority, days: tuple[int, int]) -> ssl.SSLContext:
    key = generate_private_key(SECP256R1())
    leaf = _server_certificate(name, key, authority, days)
    pem = folder / f"{name}.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + leaf.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM")
    context.load_cert_chain(pem)
    return context


def _builder(
    name: str,
    key: EllipticCurvePrivateKey,
    issuer: x509.Name | None,
    authority: EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    """What root and servers have in common: names, key and key identifiers."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    public, signer = key.public_key(), authority.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    )


def _root(key: EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder("Larkspur Root", key, None, key)
        .not_valid_before(now - timedelta(days=365))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _server_certificate(
    name: str, key: EllipticCurvePrivateKey, authority: _Authority, days: tuple[int, int]
) -> x509.Certificate:
    """A certificate for loopback, valid from and until so many days from now."""
    point = x509.DistributionPoint(
        [x509.UniformResourceIdentifier(authority.crl_url)], None, None, None
    )
    address = x509.IPAddress(ipaddress.ip_address(_ADDRESS))
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        _builder(name, key, authority.certificate.subject, authority.key)
        .not_valid_before(authority.now + timedelta(days=days[0]))
        .not_valid_after(authority.now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(usage, critical=False)
        .add_extension(x509.CRLDistributionPoints([point]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


@contextmanager
def _revocation_list(
    root: x509.Certificate, key: EllipticCurvePrivateKey, now: datetime
) -> Iterator[str]:
    """Serve an empty list of revoked certificates; gives its URL."""
    revoked = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.subject)
        .last_update(now - timedelta(hours=1))
        .next_update(now + timedelta(days=7))
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/pkix-crl")
            self.send_header("Content-Length", str(len(revoked)))
            self.end_headers()
            self.wfile.write(revoked)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: stderr is the user's."""

    with ThreadingHTTPServer((_ADDRESS, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{_ADDRESS}:{server.server_port}/root.crl"
        finally:
            server.shutdown()


@contextmanager
def _serve(context: ssl.SSLContext) -> Iterator[int]:
    """Accept and shake hands until the block ends; gives the port."""
    with socket.create_server((_ADDRESS, 0)) as listener:
        thread = threading.Thread(target=_accept, args=(listener, context), daemon=True)
        thread.start()
        port: int = listener.getsockname()[1]
        try:
            yield port
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)


def _accept(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _peer = listener.accept()
        except OSError:
            return  # the listener was closed: the demonstration is over
        threading.Thread(target=_shake, args=(connection, context), daemon=True).start()


def _shake(connection: socket.socket, context: ssl.SSLContext) -> None:
    connection.settimeout(5)
    # A handshake that fails is the visitor's result, not the server's problem.
    with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as tls:
        tls.recv(1)
