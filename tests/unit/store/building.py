"""Builds small real stores for the tests of store and verification."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.attest.bundle import Bundle
from auditor.attest.dsse import sign_envelope
from auditor.attest.evidence import RunRecord
from auditor.attest.result import VerificationReport
from auditor.attest.signing import Signer
from auditor.attest.statement import (
    PAYLOAD_TYPE,
    Assessment,
    LogPosition,
    Statement,
    Tool,
    subjects,
)
from auditor.attest.trust import LogKey, NamedKey, TrustPolicy
from auditor.attest.verify import verify_store
from auditor.core.canonical import canonical
from auditor.errors import VerificationError
from auditor.keys.file import FileKey, generate_key
from auditor.ledger.entries import Collect, Report, RunEnd, RunStart, Verdicts
from auditor.store.ledger_writer import LogWriter
from auditor.store.local import LocalStore

ORIGIN = "example-ltd/auditor-log"
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 6, 1, tzinfo=UTC)


def ticking(start: datetime = BEGIN) -> Callable[[], datetime]:
    """A clock that goes on by a second at each reading."""
    readings = iter(range(10_000_000))
    return lambda: start + timedelta(seconds=next(readings))


def verdict_bytes(observations: list[bytes]) -> bytes:
    """A stand-in for judgement: pure, and depending on each byte of evidence."""
    return canonical({"seen": [item.hex() for item in observations]})


def rejudge(record: RunRecord) -> bytes:
    return verdict_bytes(list(record.observations()))


@dataclass
class Site:
    """A store with its keys, clock and trust."""

    root: Path
    clock: Callable[[], datetime] = field(default_factory=ticking)
    log_key: FileKey = field(init=False)
    run_key: FileKey = field(init=False)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.log_key = generate_key(self.root / "log.pem", "ed25519")
        self.run_key = generate_key(self.root / "run.pem", "ecdsa-p256-sha256")

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.root / "evidence")

    @property
    def trust(self) -> TrustPolicy:
        return TrustPolicy(
            origin=ORIGIN,
            log_keys=(LogKey(vkey=self.log_key.note_key(ORIGIN).vkey, not_before=BEGIN),),
            run_keys=(
                NamedKey(name="run-1", public_key=self.run_key.public_key, not_before=BEGIN),
            ),
        )

    def open(self, timeout_s: float = 5.0) -> AbstractContextManager[LogWriter]:
        return self.store.open_log(
            key=self.log_key.note_key(ORIGIN),
            sign=self.log_key.sign,
            clock=self.clock,
            timeout_s=timeout_s,
        )

    def record_run(self, run: str, observations: list[bytes]) -> None:
        """A whole run, as the program records one."""
        with self.open() as log:
            start, index = self.begin(log, run)
            collects = [
                self.collect(log, run, f"type.{number}", data)
                for number, data in enumerate(observations)
            ]
            self.finish(log, start, index, collects, verdict_bytes(observations))
            log.commit()

    def begin(self, log: LogWriter, run: str) -> tuple[RunStart, int]:
        start = RunStart(
            run=run,
            now=self.clock(),
            policy=self.store.put(b'{"controls":[],"engine":"cel 0"}'),
            scope={"targets": ["t"]},
            nonce="0123",
        )
        return start, log.append(start)

    def collect(self, log: LogWriter, run: str, resource_type: str, data: bytes) -> Collect:
        entry = Collect(
            run=run,
            target="t",
            resource_type=resource_type,
            identity="uid=0 host",
            complete=True,
            items=1,
            pages_complete=True,
            started_at=self.clock(),
            read_at=self.clock(),
            blob=self.store.put(data),
        )
        log.append(entry)
        return entry

    def finish(
        self, log: LogWriter, start: RunStart, index: int, collects: list[Collect], data: bytes
    ) -> None:
        verdicts = Verdicts(run=start.run, counts={"pass": 1}, blob=self.store.put(data))
        log.append(verdicts)
        bundle = self.statement(start, index, collects, verdicts)
        digest = self.store.write_statement(start.run, bundle)
        log.append(RunEnd(run=start.run, outcome="ok", statement=digest))
        path, digest = self.store.write_run_file(start.run, "report.html", b"<p>" + data)
        log.append(Report(run=start.run, format="html", digest=digest, file=path))

    def statement(
        self, start: RunStart, index: int, collects: list[Collect], verdicts: Verdicts
    ) -> bytes:
        statement = Statement(
            subject=subjects(start.policy, collects, verdicts.blob),
            predicate=Assessment(
                run=start.run,
                now=start.now,
                tool=Tool(name="auditor", version="0"),
                engine="cel 0",
                counts=verdicts.counts,
                outcome="ok",
                log=LogPosition(origin=ORIGIN, index=index),
            ),
        )
        return sign(statement.to_bytes(), self.run_key)

    def verify(self) -> VerificationReport:
        return verify_store(self.store.reader(), self.trust, rejudge=rejudge, now=LATER)

    def files(self) -> dict[str, bytes]:
        """Every file of the store."""
        base = self.root / "evidence"
        return {
            path.relative_to(base).as_posix(): path.read_bytes()
            for path in sorted(base.rglob("*"))
            if path.is_file()
        }


def sign(payload: bytes, key: Signer) -> bytes:
    return Bundle(sign_envelope(payload, PAYLOAD_TYPE, key), key.key_id).to_bytes()


class MemoryReader:
    """The reader port over a dictionary: path to bytes."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def paths(self, folder: str) -> Iterator[str]:
        return iter(sorted(path for path in self.files if path.startswith(f"{folder}/")))

    def chunks(self, path: str) -> Iterator[bytes]:
        if path not in self.files:
            raise VerificationError("the file is missing", where=path)
        data = self.files[path]
        yield from (data[at : at + 1000] for at in range(0, len(data), 1000))
