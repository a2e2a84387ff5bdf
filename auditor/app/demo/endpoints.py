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


@contextmanager
def endpoints(folder: Path, now: datetime) -> Iterator[Endpoints]:
    """Serve both until the block ends. Keys live in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_key = generate_private_key(SECP256R1())
    ca = _certificate("Larkspur Root", ca_key, None, ca_key, now, (-365, 3650))
    (folder / "ca.pem").write_bytes(ca.public_bytes(Encoding.PEM))
    with (
        _serve(_leaf(folder, "good", ca, ca_key, now, (-10, 80))) as good,
        _serve(_leaf(folder, "expired", ca, ca_key, now, (-100, -10))) as expired,
    ):
        yield Endpoints(f"{_ADDRESS}:{good}", f"{_ADDRESS}:{expired}", folder / "ca.pem")


def _leaf(
    folder: Path,
    name: str,
    ca: x509.Certificate,
    ca_key: EllipticCurvePrivateKey,
    now: datetime,
    days: tuple[int, int],
) -> ssl.SSLContext:
    key = generate_private_key(SECP256R1())
    leaf = _certificate(f"{name}.larkspur.example", key, ca, ca_key, now, days)
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


def _certificate(
    name: str,
    key: EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: EllipticCurvePrivateKey,
    now: datetime,
    days: tuple[int, int],
) -> x509.Certificate:
    """A root (no issuer) or a server certificate for loopback, valid from and until `days`."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if issuer is None:
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
        builder = builder.add_extension(usage, critical=True)
    else:
        address = x509.IPAddress(ipaddress.ip_address(_ADDRESS))
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), address]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


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
