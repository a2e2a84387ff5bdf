"""A local certificate authority and real TLS servers on 127.0.0.1, in good and bad configurations.

    with Authority.create(tmp_path) as ca, tls_server(ca.issue()) as port: ...

Servers are Python's ssl and `openssl s_server`. What a present-day OpenSSL can no longer speak
(SSLv3, RC4, EXPORT, 3DES) is answered by `legacy_server`, which writes the flight of such a
server byte by byte.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import http.server
import ipaddress
import socket
import ssl
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
DAY = dt.timedelta(days=1)
_PIECE = 100_000  # bytes written at once


def now() -> dt.datetime:
    """Whole seconds, as certificates have them."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def distinguished(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def general_name(text: str) -> x509.GeneralName:
    if text[0].isdigit():
        return x509.IPAddress(ipaddress.ip_address(text))
    return x509.DNSName(text)


@dataclass(frozen=True)
class Identity:
    """A key and the chain that is sent with it."""

    key: Key
    chain: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        return self.chain[0]

    def write(self, folder: Path) -> Path:
        """One PEM file: key, leaf, intermediates."""
        no_password = serialization.NoEncryption()
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password
        )
        chain = b"".join(item.public_bytes(serialization.Encoding.PEM) for item in self.chain)
        path = folder / f"{hashlib.sha256(key + chain).hexdigest()[:16]}.pem"
        path.write_bytes(key + chain)
        return path


def build(
    common_name: str,
    key: Key,
    *,
    issuer: Identity | None = None,
    begins: float = -1,
    ends: float = 365,
    sans: Sequence[str] = (),
    ca: bool = False,
    extensions: Sequence[x509.ExtensionType] = (),
) -> x509.Certificate:
    """One certificate. `begins` and `ends` count in days from now."""
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(distinguished(common_name))
        .issuer_name(issuer.leaf.subject if issuer else distinguished(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() + begins * DAY)
        .not_valid_after(now() + ends * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if sans:
        names = x509.SubjectAlternativeName([general_name(text) for text in sans])
        builder = builder.add_extension(names, critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    if isinstance(signer, ed25519.Ed25519PrivateKey):
        return builder.sign(signer, None)
    return builder.sign(signer, hashes.SHA256())


@dataclass
class Authority:
    """Root, intermediate, and their OCSP responder and revocation list over HTTP."""

    folder: Path
    root: Identity
    intermediate: Identity
    key: rsa.RSAPrivateKey
    revoked: set[int] = field(default_factory=set)
    issued: dict[int, x509.Certificate] = field(default_factory=dict)
    url: str = ""

    @classmethod
    @contextlib.contextmanager
    def create(cls, folder: Path) -> Iterator[Authority]:
        """Make the keys and start the HTTP server."""
        root_key, middle_key = rsa_key(), rsa_key()
        root = Identity(root_key, (build("Test Root", root_key, ca=True, ends=3650),))
        middle = build("Test Intermediate", middle_key, issuer=root, ca=True, ends=1800)
        authority = cls(folder, root, Identity(middle_key, (middle,)), rsa_key())
        with http_server(authority.answer) as port:
            authority.url = f"http://127.0.0.1:{port}"
            yield authority

    @property
    def ca_file(self) -> Path:
        path = self.folder / "root.pem"
        path.write_bytes(self.root.leaf.public_bytes(serialization.Encoding.PEM))
        return path

    def issue(
        self,
        common_name: str = "localhost",
        *,
        key: Key | None = None,
        sans: Sequence[str] = ("localhost", "127.0.0.1"),
        begins: float = -1,
        ends: float = 365,
        extensions: Sequence[x509.ExtensionType] = (),
        send_intermediate: bool = True,
        revoked: bool = False,
    ) -> Identity:
        """A server's certificate."""
        key = key or self.key
        leaf = build(
            common_name,
            key,
            issuer=self.intermediate,
            begins=begins,
            ends=ends,
            sans=sans,
            extensions=extensions,
        )
        self.issued[leaf.serial_number] = leaf
        if revoked:
            self.revoked.add(leaf.serial_number)
        return Identity(key, (leaf, self.intermediate.leaf) if send_intermediate else (leaf,))

    def responder(self, path: str = "/ocsp") -> x509.AuthorityInformationAccess:
        """The extension that names our OCSP responder."""
        place = x509.UniformResourceIdentifier(self.url + path)
        return x509.AuthorityInformationAccess(
            [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)]
        )

    def list_point(self, path: str = "/crl") -> x509.CRLDistributionPoints:
        """The extension that names our revocation list."""
        place = x509.UniformResourceIdentifier(self.url + path)
        return x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)])

    def ocsp_response(
        self, leaf: x509.Certificate, *, signer: Identity | None = None, age: float = 0
    ) -> bytes:
        """DER. `age` in days since thisUpdate; valid for one day."""
        signer = signer or self.intermediate
        revoked = leaf.serial_number in self.revoked
        statuses = ocsp.OCSPCertStatus
        response = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=leaf,
                issuer=self.intermediate.leaf,
                algorithm=hashes.SHA1(),  # noqa: S303 - names the issuer, as RFC 5019 wants
                cert_status=statuses.REVOKED if revoked else statuses.GOOD,
                this_update=now() - age * DAY,
                next_update=now() + (1 - age) * DAY,
                revocation_time=now() - DAY if revoked else None,
                revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.leaf)
        )
        if signer is not self.intermediate:
            response = response.certificates([signer.leaf])
        assert not isinstance(signer.key, ed25519.Ed25519PrivateKey)
        return response.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def delegate(self) -> Identity:
        """A responder to whom the intermediate has delegated."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        leaf = build("Test Responder", key, issuer=self.intermediate, extensions=[usage])
        return Identity(key, (leaf,))

    def revocation_list(self) -> bytes:
        """DER."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.intermediate.leaf.subject)
            .last_update(now())
            .next_update(now() + 7 * DAY)
        )
        for serial in sorted(self.revoked):
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now())
            builder = builder.add_revoked_certificate(entry.build())
        assert isinstance(self.intermediate.key, rsa.RSAPrivateKey)
        return builder.sign(self.intermediate.key, hashes.SHA256()).public_bytes(
            serialization.Encoding.DER
        )

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        """What the HTTP server says."""
        plain: dict[str, Callable[[], bytes]] = {
            "/crl": self.revocation_list,
            "/cut": self.revocation_list,
            "/slow": lambda: bytes(10 * _PIECE),
            "/text": lambda: b"<html>moved</html>",
            "/huge": lambda: bytes(2**20 + 1),
        }
        if path in plain:
            return 200, plain[path]()
        if not path.startswith("/ocsp"):
            return 503, b"down"
        leaf = self.issued[ocsp.load_der_ocsp_request(body).serial_number]
        signer = self.delegate() if path == "/ocsp-delegated" else None
        return 200, self.ocsp_response(leaf, signer=signer, age=3 if path == "/ocsp-stale" else 0)


@contextlib.contextmanager
def http_server(answer: Callable[[str, bytes], tuple[int, bytes]]) -> Iterator[int]:
    """An HTTP server whose answers are those of a function of path and body."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length", "0"))
            status, body = answer(self.path, self.rfile.read(size))
            self.send_response(status)
            missing = 7 if self.path == "/cut" else 0
            self.send_header("Content-Length", str(len(body) + missing))
            self.end_headers()
            with contextlib.suppress(OSError):
                for at in range(0, len(body), _PIECE):
                    self.wfile.write(body[at : at + _PIECE])
                    if self.path == "/slow":
                        threading.Event().wait(0.4)

        do_POST = do_GET  # noqa: N815 - the base's naming

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def tcp_server(
    talk: Callable[[socket.socket], None], host: str = "127.0.0.1", port: int = 0
) -> Iterator[int]:
    """A server that hands each connection to a function, in a thread of its own."""
    threads: list[threading.Thread] = []
    open_connections: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            talk(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_connections.append(connection)
            thread = threading.Thread(target=serve, args=(connection,))
            threads.append(thread)
            thread.start()

    with socket.create_server((host, port)) as listener:
        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for connection in open_connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def server_context(
    identity: Identity,
    folder: Path,
    *,
    versions: tuple[str, str] = ("TLSv1_2", "TLSv1_3"),
    ciphers: str | None = None,
    client_ca: Path | None = None,
    client_optional: bool = False,
    dh_file: Path | None = None,
) -> ssl.SSLContext:
    """An OpenSSL server's context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers or "DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old protocols are the point
        context.minimum_version = ssl.TLSVersion[versions[0]]
        context.maximum_version = ssl.TLSVersion[versions[1]]
    context.load_cert_chain(identity.write(folder))
    if client_ca is not None:
        context.verify_mode = ssl.CERT_OPTIONAL if client_optional else ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    if dh_file is not None:
        context.load_dh_params(str(dh_file))
    return context


@contextlib.contextmanager
def tls_server(
    context: ssl.SSLContext,
    *,
    before: Callable[[socket.socket], None] | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[int]:
    """A TLS server; `before` speaks in clear text first (STARTTLS)."""

    def talk(connection: socket.socket) -> None:
        connection.settimeout(5)
        if before is not None:
            before(connection)
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(16)

    with tcp_server(talk, host, port) as bound:
        yield bound


@contextlib.contextmanager
def openssl_server(identity: Identity, folder: Path, *options: str) -> Iterator[int]:
    """`openssl s_server`, which can staple."""
    file = str(identity.write(folder))
    port = free_port()
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", file, "-key", file]
    with subprocess.Popen(
        [*command, "-cert_chain", file, "-quiet", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for(port)
            yield port
        finally:
            process.kill()


def legacy_server(
    suites: Mapping[int, int], chain: Sequence[x509.Certificate]
) -> Callable[[socket.socket], None]:
    """For `tcp_server`: takes the given protocols, each with one suite, as an old server would."""
    certificates = b"".join(
        vector(item.public_bytes(serialization.Encoding.DER), 3) for item in chain
    )

    def talk(connection: socket.socket) -> None:
        connection.settimeout(5)
        header = connection.recv(5, socket.MSG_WAITALL)
        body = connection.recv(int.from_bytes(header[3:], "big"), socket.MSG_WAITALL)
        version = max((v for v in suites if v <= int.from_bytes(body[4:6], "big")), default=0x0300)
        at = 39 + body[38]
        count = int.from_bytes(body[at : at + 2], "big")
        listed = body[at + 2 : at + 2 + count]
        numbers = {int.from_bytes(listed[i : i + 2], "big") for i in range(0, count, 2)}
        record, suite = version.to_bytes(2, "big"), suites.get(version)
        if suite is None or suite not in numbers:
            connection.sendall(b"\x15" + record + vector(b"\x02\x28", 2))
        else:
            hello = record + bytes(32) + b"\0" + suite.to_bytes(2, "big") + b"\0"
            flight = b"\x02" + vector(hello, 3) + b"\x0b" + vector(vector(certificates, 3), 3)
            connection.sendall(b"\x16" + record + vector(flight + b"\x0e\0\0\0", 2))
        connection.recv(1)

    return talk


def vector(data: bytes, size: int) -> bytes:
    return len(data).to_bytes(size, "big") + data


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_for(port: int, seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            if time.monotonic() > end:
                raise
            threading.Event().wait(0.01)
        else:
            return
