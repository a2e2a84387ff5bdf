"""What a writer does in the crash tests: short stories that end at any call, and their checks.

A story is told to a store that was prepared, says each thing that was acknowledged, and may be cut
off anywhere. What was acknowledged must be there afterwards, and the whole must verify.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from auditor.ledger.blobs import BlobRef
from auditor.ledger.entries import LogBody, RunEnd, WaiverRecord
from auditor.ledger.note import NoteSignature
from auditor.store.ledger_writer import Recovery
from tests.unit.store.building import BEGIN, Site, ticking, verdict_bytes
from tests.unit.store.workers import numbered

DATA = b"evidence " * 300
SECRET = b"somebody's name"


@dataclass
class Said:
    """What was acknowledged, as lines in a pipe."""

    descriptor: int

    def __call__(self, what: str, *details: object) -> None:
        """Say that something is on disk."""
        line = " ".join((what, *map(str, details)))
        os.write(self.descriptor, line.encode() + b"\n")


Tell = Callable[[Site, Said], None]


@dataclass(frozen=True)
class Story:
    """One story.

    Args:
        prepare: Makes the store that it begins with.
        tell: Goes on with it.
        least: Calls that it makes at least.
    """

    prepare: Callable[[Site], None]
    tell: Tell
    least: int


def at(root: Path, model: Site, hours: int = 0) -> Site:
    """A site with the keys of another one."""
    site = object.__new__(Site)
    site.root, site.clock = root, ticking(BEGIN + timedelta(hours=hours))
    site.log_key, site.run_key = model.log_key, model.run_key
    return site


def committed(count: int) -> Callable[[Site], None]:
    """A log of so many entries."""

    def prepare(site: Site) -> None:
        if count:
            with site.open() as log:
                log.append_all(numbered(-number) for number in range(1, count))
                log.commit()

    return prepare


def uncommitted(site: Site) -> None:
    """A writer died before: a batch lies in the journal, and rubbish behind it."""
    committed(250)(site)
    with site.open() as log:
        log.append_all(numbered(-number) for number in range(250, 260))
    with (site.root / "evidence/log/journal").open("ab") as file:
        file.write(b"\x00\x00\x01")


def with_runs(site: Site) -> None:
    """A whole run, and the index of it."""
    site.record_run("run-1", [b"one"])
    site.store.runs()


def in_batches(*sizes: int, first: int = 1) -> Tell:
    """Batches, each committed."""

    def tell(site: Site, said: Said) -> None:
        number = first
        with site.open() as log:
            for size in sizes:
                log.append_all(numbered(number + step) for step in range(size))
                said("entries", number, number + size)
                log.commit()
                number += size

    return tell


def cosigned(site: Site, said: Said) -> None:
    """Single entries; at every third one a commit with a cosignature."""
    number = 1
    for _turn in range(2):
        with site.open() as log:
            for _ in range(6):
                log.append(numbered(number))
                said("entries", number, number + 1)
                if number % 3 == 0:
                    log.commit()
                    log.cosign([NoteSignature("witness", bytes((0, 0, 0, number)), bytes(72))])
                number += 1


def a_run(run: str) -> Tell:
    """A run as the program records one: evidence, disclosures, statement, report, index."""

    def tell(site: Site, said: Said) -> None:
        with site.open() as log:
            start, index = site.begin(log, run)
            log.commit()
        said("blob", start.policy.model_dump_json())
        for number in range(2):
            said("blob", site.store.put(DATA + bytes([number])).model_dump_json())
        said("vault", site.store.put_disclosures(SECRET).model_dump_json())
        with site.open() as log:
            collects = [site.collect(log, run, f"t.{number}", DATA) for number in range(2)]
            site.finish(log, start, index, collects, verdict_bytes([DATA, DATA]))
            said("run", run)
            log.commit()
        site.store.runs()

    return tell


STORIES = {
    "the first commits": Story(committed(0), in_batches(1, 3, 1), 110),
    "the end of a tile": Story(committed(253), in_batches(1, 1, 1, 1), 155),
    "a tile filled by a batch": Story(committed(200), in_batches(100, 300), 135),
    "beyond two tiles": Story(committed(511), in_batches(1, 1, 600), 170),
    "many commits": Story(committed(3), in_batches(*[2] * 20), 590),
    "cosignatures": Story(committed(5), cosigned, 180),
    "after a crash": Story(uncommitted, in_batches(2, 2), 110),
    "a run": Story(with_runs, a_run("run-x"), 180),
    "the first run": Story(lambda _site: None, a_run("run-x"), 190),
    "a run at the end of a tile": Story(committed(252), a_run("run-x"), 215),
}


@dataclass
class Outcome:
    """What the check found; `problem` is empty when all is well."""

    problem: str = ""
    recovery: Recovery = field(default_factory=Recovery)


def check(site: Site, said: bytes) -> Outcome:
    """Open and recover, go on, and hold everything against what was acknowledged."""
    outcome = Outcome()
    try:
        with site.open() as log:
            outcome.recovery = log.recovery
            log.append(numbered(999_999))
            log.commit()
        outcome.problem = _compare(site, said)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        outcome.problem = f"{type(error).__name__}: {error}"
    return outcome


def _compare(site: Site, said: bytes) -> str:
    bodies = [entry.body for entry in site.store.entries()]
    numbers = [body.fields["number"] for body in bodies if isinstance(body, WaiverRecord)]
    if numbers != sorted(numbers, key=lambda number: (number > 0, abs(number))):  # type: ignore[arg-type,operator]
        return f"out of order: {numbers}"
    for line in said.decode().split("\n")[:-1]:
        what, *details = line.split(" ")
        if what == "entries" and not set(range(*map(int, details))) <= set(numbers):
            return f"lost: {line}"
        if what in ("blob", "vault"):
            reference = BlobRef.model_validate_json(details[0])
            get = site.store.get if what == "blob" else site.store.get_disclosures
            if len(get(reference)) != reference.size:
                return f"lost: {line}"
        if what == "run" and not {RunEnd} <= {type(b) for b in bodies if _run(b) == details[0]}:
            return f"lost: {line}"
    report = site.verify()
    known = {run.id for run in site.store.runs()}
    told = {_run(body) for body in bodies} - {None}
    if known != told:
        return f"the index knows {known}, the log tells of {told}"
    bad = [step for step in report.steps if str(step.verdict) == "bad"]
    return f"{bad[0].title}: {bad[0].where}: {bad[0].detail}" if bad else ""


def _run(body: LogBody) -> str | None:
    return getattr(body, "run", None)
