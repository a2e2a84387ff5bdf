"""A certificate authority and a real time-stamp authority: OpenSSL's, behind HTTP on 127.0.0.1.

The server also gives the list of revoked certificates, which is empty.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_public_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CONFIG = """
[tsa]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.crt
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True)
class Issuer:
    """A root of its own."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, name: str) -> Issuer:
        key = ec.generate_private_key(ec.SECP256R1())
        usage = _usage(sign_certificates=True)
        made = _certificate(name, name, key.public_key(), key, (usage,), is_ca=True)
        return cls(made, key)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(
        self,
        name: str,
        public: ec.EllipticCurvePublicKey,
        purposes: Sequence[x509.ExtensionType],
        url: str,
    ) -> str:
        issuer = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        made = _certificate(name, str(issuer), public, self.key, purposes, url=url)
        return made.public_bytes(Encoding.PEM).decode()

    def issue_for_reports(self, public_pem: str, url: str) -> str:
        """A certificate of a run key, as an authority would issue it; `url` has its list."""
        public = load_pem_public_key(public_pem.encode())
        assert isinstance(public, ec.EllipticCurvePublicKey)
        return self.issue("auditor run key", public, (_usage(sign_certificates=False),), url)

    def revoked(self) -> bytes:
        """The list of revoked certificates: none."""
        at = datetime.now(UTC) - timedelta(minutes=1)
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self.certificate.subject, last_update=at, next_update=at + timedelta(days=9)
        ).add_extension(x509.CRLNumber(1), critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        signed = builder.add_extension(identifier, critical=False).sign(self.key, hashes.SHA256())
        return signed.public_bytes(Encoding.DER)


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=not sign_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate(
    name: str,
    issuer: str,
    public: ec.EllipticCurvePublicKey,
    key: ec.EllipticCurvePrivateKey,
    extensions: Sequence[x509.ExtensionType],
    *,
    is_ca: bool = False,
    url: str = "",
) -> x509.Certificate:
    begin = datetime.now(UTC) - timedelta(days=60)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
    )
    if url:
        place = [x509.UniformResourceIdentifier(f"{url}root.crl")]
        point = x509.DistributionPoint(place, None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@contextmanager
def time_stamp_authority(folder: Path, root: Issuer) -> Iterator[str]:
    """The URL of an authority whose certificate the root has issued."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "tsa.key").write_bytes(pem)
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    usage = _usage(sign_certificates=False)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(folder, root)) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        (folder / "tsa.crt").write_text(root.issue("tsa", key.public_key(), (purpose, usage), url))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield url
        finally:
            server.shutdown()
            thread.join()


def _handler(folder: Path, root: Issuer) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()  # OpenSSL keeps the serial number in a file

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                (folder / "query.tsq").write_bytes(query)
                command = ["openssl", "ts", "-reply", "-config", str(folder / "tsa.cnf")]
                command += ["-section", "tsa", "-queryfile", str(folder / "query.tsq")]
                done = subprocess.run(command, capture_output=True, check=True)
            self.answer(done.stdout, "application/timestamp-reply")

        def do_GET(self) -> None:
            self.answer(root.revoked(), "application/pkix-crl")

        def answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            return

    return Handler
