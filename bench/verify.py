"""A run of 10,000 findings, made by the program itself: what verifying and judging it again costs.

The floor is what nobody can save: SHA-256 of the stored bytes, gunzip, SHA-256 of the plain bytes.
Ends with status 1 when the limit is missed. With `--profile`, prints where the time goes.
"""

from __future__ import annotations

import cProfile
import gzip
import hashlib
import pstats
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.app.export.choice import Wish
from auditor.app.export.make import Extras, export
from auditor.app.project import Project
from auditor.app.scan import Scan, ScanOptions
from auditor.app.selection import Selection
from auditor.app.subject import find_subject
from auditor.app.verifying import verify
from auditor.attest.result import StepVerdict
from bench._buckets import write_company
from bench.measure import cpu_of, peak_mb

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
NUMBER = 10_000
LIMIT_S = 5.0
REPEAT = 3


def hash_and_unpack(store: Path) -> int:
    """The floor: every stored byte digested, every blob unpacked and digested."""
    size = 0
    for path in store.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            hashlib.sha256(data).digest()
            if "blobs" in path.parts:
                data = gzip.decompress(data)
                hashlib.sha256(data).digest()
            size += len(data)
    return size


def scanned(project: Project) -> str:
    """One run; its id."""
    readings = iter(range(10**9))

    def clock() -> datetime:
        return NOW + timedelta(milliseconds=next(readings))

    assessment = Scan(project, clock, ScanOptions(workers=1)).execute(Selection())
    if len(assessment.findings) != NUMBER:
        raise SystemExit(f"{len(assessment.findings)} findings, expected {NUMBER}")
    return assessment.run


def bundle_of(project: Project, run: str, folder: Path) -> Path:
    """The run as a bundle for an outside auditor."""
    path = folder / "run.zip"
    extras = Extras(trust=project.trust_folder)
    export(project.store, Wish(runs=(run,)), extras, project.run_key(), path)
    return path


def verified(path: Path, trust: Path | None) -> None:
    """Verify and judge again; anything bad or undecided ends the benchmark."""
    later = NOW + timedelta(days=1)
    report = verify(find_subject(path), trust=trust, run=None, now=later)
    for step in report.steps:
        if step.verdict in (StepVerdict.BAD, StepVerdict.CANNOT_TELL):
            raise SystemExit(f"step {step.number}: {step.where}: {step.detail}")


def best(action: Callable[[], object]) -> float:
    return min(cpu_of(action)[0] for _ in range(REPEAT))


def main(*, profile: bool) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = write_company(folder, NUMBER, NOW)
        made, run = cpu_of(lambda: scanned(project))
        bundle = bundle_of(project, run, folder)
        trust = project.trust_folder
        if profile:
            with cProfile.Profile() as profiler:
                verified(bundle, trust)
            pstats.Stats(profiler).sort_stats("tottime").print_stats(40)
            return 0
        floor = best(lambda: hash_and_unpack(folder / "evidence"))
        size = hash_and_unpack(folder / "evidence")
        used = {
            "the store, verified and judged again": best(lambda: verified(folder, trust)),
            "the bundle, verified and judged again": best(lambda: verified(bundle, trust)),
        }
    print(f"a run of {NUMBER} findings, {size / 1e6:.1f} MB of plain bytes")
    print(f"{'':40} {'CPU s':>7} {'x floor':>8}  limit")
    print(f"{'floor: sha256, gunzip, sha256':40} {floor:7.3f} {1:8.1f}")
    print(f"{'the run itself (scan)':40} {made:7.3f} {made / floor:8.1f}")
    for what, seconds in used.items():
        print(f"{what:40} {seconds:7.3f} {seconds / floor:8.1f}  < {LIMIT_S:g} s")
    print(f"peak memory {peak_mb():.0f} MB")
    missed = [what for what, seconds in used.items() if seconds >= LIMIT_S]
    print(f"limits missed: {', '.join(missed)}" if missed else "all limits are met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(profile="--profile" in sys.argv[1:]))
