"""Real MariaDB servers on loopback, unprivileged, in a temporary folder; stopped by their pid."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "Au-ditor-1-secret"
_READY_S = 30.0

GOOD = """
require_secure_transport=ON
tls_version=TLSv1.2,TLSv1.3
plugin-load-add=server_audit
server_audit=FORCE_PLUS_PERMANENT
server_audit_logging=ON
plugin-load-add=simple_password_check
simple_password_check_minimal_length=14
plugin-load-add=auth_ed25519
plugin-load-add=file_key_management
file_key_management_filename={folder}/keys.txt
innodb_encrypt_tables=ON
innodb_encrypt_log=ON
innodb_encryption_threads=2
innodb_encryption_rotate_key_age=1
innodb_encrypt_temporary_tables=ON
encrypt_tmp_files=ON
encrypt_binlog=ON
log-bin={folder}/data/bin
sync_binlog=1
binlog_expire_logs_seconds=1209600
binlog_format=ROW
slow_query_log=ON
long_query_time=1
wait_timeout=300
interactive_timeout=300
local_infile=OFF
default_password_lifetime=365
"""
BAD = """
tls_version=TLSv1.1,TLSv1.2
plugin-load-add=auth_ed25519
max_connections=10
"""


@dataclass
class Server:
    """A running server.

    Args:
        port: On 127.0.0.1.
        socket: Where its administrator signs in.
        ca: The authority of its certificate.
    """

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    ca: Path
    root_password: str = ""
    settings: dict[str, object] = field(default_factory=dict)

    @property
    def socket(self) -> str:
        return str(self.folder / "s.sock")

    def admin(self) -> pymysql.Connection[Any]:
        return pymysql.connect(
            unix_socket=self.socket, user="root", password=self.root_password, autocommit=True
        )

    def sql(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as the administrator; rows of the last one."""
        rows: list[tuple[object, ...]] = []
        with self.admin() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                rows = list(cursor.fetchall())
        return rows

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def mariadb(folder: Path, options: str = "") -> Iterator[Server]:
    """A server with these lines in its configuration."""
    folder.chmod(0o755)
    root = os.geteuid() == 0
    user = ["--user=mysql"] if root else []
    if root:
        shutil.chown(folder, "mysql")
    data = folder / "data"
    subprocess.run(
        [
            "/usr/bin/mariadb-install-db",
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *user,
        ],
        check=True,
        capture_output=True,
    )
    ca = write_certificates(folder)
    (folder / "keys.txt").write_text(f"1;{secrets.token_hex(32)}\n")
    port = free_port()
    (folder / "my.cnf").write_text(
        f"[mysqld]\ndatadir={data}\nsocket={folder}/s.sock\npid-file={folder}/pid\nport={port}\n"
        f"bind-address=127.0.0.1\nssl-cert={folder}/cert.pem\nssl-key={folder}/key.pem\n"
        f"innodb_buffer_pool_size=32M\nserver-id={port}\n" + options.format(folder=folder)
    )
    for name in ("keys.txt", "my.cnf", "key.pem", "cert.pem"):
        (folder / name).chmod(0o600)
        if root:
            shutil.chown(folder / name, "mysql")
    with (folder / "err.log").open("wb") as log:
        process = subprocess.Popen(
            ["/usr/sbin/mariadbd", f"--defaults-file={folder}/my.cnf", *user],
            stdout=log,
            stderr=log,
        )
    server = Server(folder, port, process, ca)
    try:
        wait_ready(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_ready(server: Server) -> None:
    log = server.folder / "err.log"
    end = time.monotonic() + _READY_S
    while "ready for connections" not in log.read_text(errors="replace"):
        if server.process.poll() is not None or time.monotonic() > end:
            raise AssertionError(log.read_text(errors="replace"))
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def write_certificates(folder: Path) -> Path:
    """An authority and a certificate of it for localhost: cert.pem, key.pem, ca.pem."""
    now = dt.datetime.now(dt.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Authority")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )

    def builder(name: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
                critical=False,
            )
        )

    ca = builder(issuer, ca_key.public_key())
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    ca = ca.add_extension(usage, critical=True)
    leaf = builder(subject, key.public_key()).add_extension(names, critical=False)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    (folder / "cert.pem").write_bytes(leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "ca.pem"


def grant_lines(document: str, tables: Sequence[str] = ()) -> list[str]:
    """The statements of a document of grants, for these audit tables."""
    text = document.replace("'PASSWORD'", f"'{PASSWORD}'")
    given = [
        line.removeprefix("-- ") if line.startswith("-- GRANT ") else line
        for line in text.splitlines()
    ]
    lines = [line.rstrip(";") for line in given if line and not line.startswith("--")]
    found = []
    for line in lines:
        targets = tables if "`DATABASE`.`TABLE`" in line else [""]
        found += [line.replace("`DATABASE`.`TABLE`", table) for table in targets]
    return found


def settings_of(server: Server, **more: object) -> Mapping[str, object]:
    """Settings of a target that signs in as the auditor's account."""
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "user": "auditor",
        "password_env": "AUDITOR_TEST_MYSQL",
        "ca_file": str(server.ca),
        **more,
    }
