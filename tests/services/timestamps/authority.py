"""A real time-stamp authority, OpenSSL's, with a root and a certificate between."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from auditor.attest.trust import Authority
from tests.unit.attest.token_maker import STAMPING, START, Holder, issue

_CONFIG = """
[tsa]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
ess_cert_id_alg = {reference}
{more}
"""


@dataclass
class OpensslAuthority:
    """Answers requests by `openssl ts -reply`.

    Args:
        folder: For its keys, certificates and serial number.
        digests: Those that it accepts.
        reference: Hash of the reference to its certificate.
        more: Further lines of its configuration.
        until: End of its certificate.
    """

    folder: Path
    digests: str = "sha256, sha384, sha512"
    reference: str = "sha256"
    more: str = ""
    until: datetime = datetime(2035, 1, 1, tzinfo=UTC)
    root: Holder = field(default_factory=lambda: issue("Root"))
    chain: tuple[str, ...] = ("between", "root")

    def __post_init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.between = issue("Between", self.root)
        self.signer = issue("Stamper", self.between, purposes=STAMPING, until=self.until)
        for name in ("root", "between", "signer"):
            holder = getattr(self, name)
            (self.folder / f"{name}.pem").write_text(holder.pem)
            key = holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (self.folder / f"{name}.key").write_bytes(key)
        (self.folder / "serial").write_text("01\n")
        chain = "".join(getattr(self, name).pem for name in self.chain)
        (self.folder / "chain.pem").write_text(chain)
        (self.folder / "tsa.cnf").write_text(
            _CONFIG.format(
                folder=self.folder,
                digests=self.digests,
                reference=self.reference,
                more=self.more,
            )
        )

    @property
    def authority(self) -> Authority:
        return Authority(name="openssl", certificate=self.root.pem, not_before=START)

    def reply(self, query: bytes) -> bytes:
        with self._one_at_a_time:  # as the serial number wants it
            return self._reply(query)

    def _reply(self, query: bytes) -> bytes:
        question, answer = self.folder / "question.tsq", self.folder / "answer.tsr"
        question.write_bytes(query)
        command: list[str | Path] = ["openssl", "ts", "-reply"]
        command += ["-config", self.folder / "tsa.cnf"]
        command += ["-section", "tsa", "-queryfile", question, "-out", answer]
        command += ["-signer", self.folder / "signer.pem", "-inkey", self.folder / "signer.key"]
        if self.chain:
            command += ["-chain", self.folder / "chain.pem"]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        return answer.read_bytes()


def openssl_accepts(folder: Path, token: bytes, message: bytes, root: str) -> str:
    """What `openssl ts -verify` says of a token: "" when it accepts, else its complaint."""
    folder.mkdir(exist_ok=True)
    for name, data in (("token", token), ("data", message), ("root", root.encode())):
        (folder / name).write_bytes(data)
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-in", "token", "-data", "data", "-CAfile", "root"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return "" if done.returncode == 0 and "OK" in done.stdout else done.stderr + done.stdout


def openssl_query(folder: Path, message: bytes, *options: str) -> bytes:
    folder.mkdir(exist_ok=True)
    (folder / "data").write_bytes(message)
    subprocess.run(
        ["openssl", "ts", "-query", "-data", "data", "-out", "query", *options],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=30,
    )
    return (folder / "query").read_bytes()
