"""A period report over 90 daily runs of 10,000 findings each: CPU seconds and peak memory.

The runs are written into a real store and log, without collecting and judging, which have
benchmarks of their own; a child process then makes the report and renders it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.app.log import open_log
from auditor.app.period.outputs import period_of_project
from auditor.app.project import Project
from auditor.app.registry import Collectors
from auditor.app.selection import Selection, make_policy
from auditor.app.setup import Setup, write_setup
from auditor.attest.bundle import Bundle
from auditor.attest.dsse import sign_envelope
from auditor.attest.statement import PAYLOAD_TYPE, LogPosition, Statement, Tool, subjects
from auditor.attest.statement import Assessment as Predicate
from auditor.catalog.config import load_config
from auditor.core.canonical import canonical
from auditor.core.model.finding import Finding
from auditor.core.model.policy import Policy
from auditor.core.model.status import Severity, Status
from auditor.ledger.entries import RunEnd, RunStart, Verdicts
from auditor.render.period.json_v1 import PeriodJsonRenderer
from bench.measure import cpu_of, peak_mb
from tests.quarter.company import config_of, write_library
from tests.quarter.simulation import PLACES, ticking

RUNS, FINDINGS = 90, 10_000
BEGIN = datetime(2026, 7, 1, 6, tzinfo=UTC)
_UNCHANGED, _FAILS_FOR = 100, 20


def project_in(folder: Path) -> Project:
    return Project(load_config(folder / "auditor.yaml"), collectors=Collectors(PLACES))


def prepare(folder: Path) -> None:
    """A working folder with the runs."""
    config = config_of(BEGIN.date())
    targets = config["targets"]
    setup = Setup("Bench Ltd", "prod", targets, {"controls": ["library"]})
    write_setup(folder, setup, BEGIN - timedelta(days=1), Collectors(PLACES))
    write_library(folder / "library", BEGIN.date())
    project = project_in(folder)
    policy = make_policy(project, Selection())
    for number in range(RUNS):
        _run(project, policy, number)


def _verdicts(number: int) -> bytes:
    """One in a hundred resources fails for twenty days, each at another time."""
    found = []
    for item in range(FINDINGS):
        first = item % RUNS
        fails = item % _UNCHANGED == 0 and first <= number < first + _FAILS_FOR
        status = Status.FAIL if fails else Status.PASS
        name = f"arn:aws:ec2:eu-west-1:123456789012:volume/vol-{item:017x}"
        found.append(
            Finding(
                "disks-encrypted", "encrypted", "estate-a", name, status, Severity.HIGH, "prod",
                "estate.disk", f"vol-{item:017x}", "it is not encrypted" if fails else "",
                pointer=f"/resources/{item}",
            )
        )  # fmt: skip
    found.sort(key=lambda one: one.order)
    document = {"schema": "verdicts-1", "findings": [one.to_json() for one in found]}
    return canonical(document | {"not_tested": []})


def _run(project: Project, policy: Policy, number: int) -> None:
    now = BEGIN + timedelta(days=number)
    run = f"{now:%Y%m%dT%H%M%SZ}-{number:06x}"
    store, key = project.store, project.run_key()
    blob = store.put(canonical(policy.to_json()))
    with open_log(project, ticking(now)) as log:
        start = RunStart(run=run, now=now, policy=blob, scope={}, nonce="0" * 32)
        index = log.append(start)
        verdicts = store.put(_verdicts(number))
        predicate = Predicate(
            run=run, now=now, tool=Tool(name="auditor", version="bench"), engine=policy.engine,
            counts={"pass": FINDINGS}, outcome="ok",
            log=LogPosition(origin=project.origin, index=index),
        )  # fmt: skip
        statement = Statement(subject=subjects(blob, [], verdicts), predicate=predicate)
        envelope = sign_envelope(statement.to_bytes(), PAYLOAD_TYPE, key)
        digest = store.write_statement(run, Bundle(envelope, key.key_id).to_bytes())
        log.append(Verdicts(run=run, counts={"pass": FINDINGS}, blob=verdicts))
        log.append(RunEnd(run=run, outcome="ok", statement=digest))
        log.commit()


def measure(folder: Path) -> None:
    """In a process of its own: making the runs has used memory too."""
    project = project_in(folder)
    made, report = cpu_of(lambda: period_of_project(project, "2026-Q3").report)
    rendered, data = cpu_of(lambda: PeriodJsonRenderer().render(report))
    histories = report.facts["findings"]
    print(
        f"{RUNS} runs x {FINDINGS:,} findings, {histories} histories, JSON {len(data) / 1e6:.1f} MB"
    )
    print(f"{'report':<12}{made:8.1f} CPU s")
    print(f"{'json':<12}{rendered:8.1f} CPU s")
    print(f"{'memory':<12}{peak_mb():8.0f} MB at most")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "work"
        prepare(folder)
        command = [sys.executable, "-m", "bench.period", str(folder)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        main()
