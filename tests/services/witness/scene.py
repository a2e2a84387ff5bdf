"""Real logs, real witnesses and HTTP between them on 127.0.0.1."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import requests

from auditor.app.log_proofs import request_from
from auditor.app.project import load_trust
from auditor.app.witnesses.server import Limits, WitnessServer, witness_server
from auditor.app.witnesses.witness import Witness, load_cosigner, new_cosigner, witnessed_logs
from auditor.attest.signing import Algorithm
from auditor.catalog.config import WitnessEntry
from auditor.keys.file import load_key
from auditor.ledger.add_checkpoint import AddCheckpoint, LogKeys
from auditor.ledger.cosignature import CosignerKey
from auditor.ledger.entries import WaiverRecord
from tests.unit.app.company import Company
from tests.unit.store.building import BEGIN, ORIGIN, Site, ticking

NAME = "witness.example.org/w1"
TIMEOUT_S = 10.0


def write_log(site: Site, words: Sequence[str]) -> None:
    """Append an entry for each word to the site's log and sign a checkpoint."""
    with site.open() as log:
        for word in words:
            log.append(WaiverRecord(fields={"id": word}))
        log.commit()


def rewritten(site: Site, folder: Path, words: Sequence[str]) -> Site:
    """Another log of the same name, signed with the very same key."""
    other = Site(folder)
    other.log_key = site.log_key
    write_log(other, words)
    return other


def request(site: Site, old: int) -> AddCheckpoint:
    return request_from(site.store.reader(), old)


def log_vkey(site: Site) -> str:
    return site.log_key.note_key(ORIGIN).vkey


@dataclass
class Person:
    """Somebody who runs a witness.

    Args:
        folder: Has the keys and the memory.
        logs: Log keys by origin.
    """

    folder: Path
    logs: Mapping[str, LogKeys]
    algorithms: Sequence[Algorithm] = ("ed25519",)
    name: str = NAME
    clock: Callable[[], datetime] = field(default_factory=lambda: ticking(BEGIN))

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.keys = [self.folder / f"{number}.pem" for number in range(len(self.algorithms))]
        for path, algorithm in zip(self.keys, self.algorithms, strict=True):
            if not path.exists():
                new_cosigner(self.name, path, algorithm)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def witness(self) -> Witness:
        cosigners = [load_cosigner(path, load_key(path)) for path in self.keys]
        return Witness(self.state, cosigners, self.logs, self.clock)

    @property
    def key(self) -> CosignerKey:
        return CosignerKey.parse(self.witness.vkeys[0])

    def entry(self, url: str) -> WitnessEntry:
        """As auditor.yaml names it."""
        return WitnessEntry(url=url, vkey=self.key.vkey)


def watching(folder: Path, *sites: Site, algorithms: Sequence[Algorithm] = ("ed25519",)) -> Person:
    """A person that watches the logs of these sites."""
    return Person(folder, witnessed_logs([log_vkey(site) for site in sites]), algorithms)


@dataclass(frozen=True)
class Running:
    """A witness that listens."""

    server: WitnessServer
    said: list[str]

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.server.server_address[:2]
        return str(host), int(port)

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http://{host}:{port}"

    def post(self, body: bytes) -> requests.Response:
        return requests.post(f"{self.url}/add-checkpoint", data=body, timeout=TIMEOUT_S)

    def ask(self, question: AddCheckpoint) -> int:
        return self.post(question.to_bytes()).status_code


@contextmanager
def listening(witness: Witness, limits: Limits | None = None) -> Iterator[Running]:
    """Serve in a thread while the block runs."""
    said: list[str] = []
    with witness_server("127.0.0.1:0", witness, said.append, limits) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
        thread.start()
        try:
            yield Running(server, said)
        finally:
            server.shutdown()
            thread.join()


def log_vkey_of(company: Company) -> str:
    """The vkey of a company's log, as its trust policy has it."""
    return load_trust(company.folder / "trust").note_keys()[0].vkey


def hire(company: Company, folder: Path, **more: Any) -> Person:
    """A person that watches a company's log."""
    return Person(folder, witnessed_logs([log_vkey_of(company)]), **more)


def trusting(company: Company, *people: Person, required: int, folder: Path) -> Path:
    """A trust folder that names these witnesses."""
    policy = json.loads((company.folder / "trust" / "policy.json").read_text("utf-8"))
    policy["witnesses"] = [
        {"vkey": vkey, "not_before": "2026-01-01T00:00:00Z"}
        for person in people
        for vkey in person.witness.vkeys
    ]
    policy["required"] = {"witnesses": required}
    folder.mkdir()
    (folder / "policy.json").write_text(json.dumps(policy), "utf-8")
    return folder


class Answering:
    """An HTTP server that answers whatever it is told to: witnesses that do not behave."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler, bytes], None]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                answer(self, self.rfile.read(length))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base
                del format, args

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.02))

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    """A whole answer."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
