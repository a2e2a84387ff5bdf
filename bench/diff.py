"""Two runs of 100,000 findings compared: CPU seconds, beside sorting the same list twice."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime

import orjson

from auditor.core.diff.compare import compare
from auditor.core.diff.model import Side
from auditor.core.model.finding import Finding
from auditor.core.model.policy import Policy
from auditor.core.model.status import Severity, Status
from bench.measure import cpu_of, peak_mb

FINDINGS = 100_000
CHANGED = 100  # every so many findings has another status in the second run
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def _findings() -> list[Finding]:
    return [
        Finding(
            control=f"control-{number % 100}",
            check="check",
            target=f"target-{number % 7}",
            key=f"arn:aws:s3:::bucket-{number}",
            status=Status.PASS,
            severity=Severity.HIGH,
            environment="prod",
            resource_type="aws.s3.bucket",
            uid=f"uid-{number}",
            pointer=f"/resources/{number}",
        )
        for number in range(FINDINGS)
    ]


def main() -> None:
    policy = Policy((), (), (), ("prod",), {})
    before = _findings()
    after = [
        replace(one, status=Status.FAIL) if number % CHANGED == 0 else replace(one)
        for number, one in enumerate(reversed(before))
    ]
    floor, _ = cpu_of(lambda: [sorted(side, key=lambda f: f.order) for side in (before, after)])
    texts = [orjson.dumps([f.to_json() for f in side]) for side in (before, after)]
    reading, _ = cpu_of(lambda: [[Finding.from_json(d) for d in orjson.loads(t)] for t in texts])
    sides = [Side("a", NOW, policy, tuple(before)), Side("b", NOW, policy, tuple(after))]
    used, diff = cpu_of(lambda: compare(*sides))
    printing, _ = cpu_of(lambda: orjson.dumps(diff.to_json()))
    print(f"{'what':36} {'CPU s':>7} {'x sorting':>10}")
    for name, seconds in (
        ("sort both lists", floor),
        ("read both from JSON", reading),
        (f"compare, {len(diff.changes):,} differ", used),
        ("write the difference as JSON", printing),
    ):
        print(f"{name:36} {seconds:7.3f} {seconds / floor:10.1f}")
    print(f"peak memory {peak_mb():.0f} MB")
    if len(diff.changes) != FINDINGS // CHANGED:
        sys.exit("the comparison is wrong")


if __name__ == "__main__":
    main()
