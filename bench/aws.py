"""An AWS account of N things: our scan beside the bare SDK, for the same reads.

usage: python -m bench.aws [N...] [--latency-ms MS] [--repeat R]. The account is a stand-in (moto)
on loopback in a process of its own; CPU seconds and memory are those of the reading process alone,
and of R runs of each reader, taken in turn, the smallest CPU and wall count. Limits: at 500, 1.4
times the floor's CPU, 1.1 times its calls and 220 MB; at 5000, 400 MB and calls as at 500, ten
times; at 50 with 30 ms more for each call, 1.3 times the floor's wall. Exit 1 when one is broken.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml

from bench._aws_floor import REGION
from tests.services.aws.faults import Answer, Asked, Fault, FaultProxy, Rule
from tests.services.aws.server import CREDENTIALS, moto_server

CHECKS = (
    "console-mfa/console-users",
    "console-mfa/administrators",
    "console-mfa/root-user",
    "root-account/root-keys",
    "access-keys/key-age",
    "access-keys/unused-credentials",
    "access-keys/one-active-key",
    "password-policy/account-policy",
    "least-privilege/full-access-policies",
    "least-privilege/user-policies",
    "storage-private/buckets",
    "storage-private/snapshots",
    "storage-lifecycle/purpose-stated",
    "storage-lifecycle/versioning",
    "storage-lifecycle/object-lock",
    "storage-lifecycle/lifecycle",
    "key-management/rotation",
    "key-management/not-deleting",
    "key-management/policy",
    "encryption-at-rest/buckets",
    "encryption-at-rest/new-volumes",
    "encryption-at-rest/volumes",
    "encryption-at-rest/databases",
    "encryption-at-rest/log-groups",
)
"""Named one by one: a control that gains a check must not make us read more than the floor."""
MAX_CPU, MAX_CALLS, MAX_WALL = 1.4, 1.1, 1.3  # times the floor's
MAX_MB = {500: 220, 5000: 400}
PAGE = 1000  # buckets that one answer lists
COUNTED_AT, WALL_AT = 500, (50, 30)  # things, milliseconds of latency


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds, wall seconds, peak memory in MB, requests by operation."""

    cpu: float
    wall: float
    memory: float
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def calls(self) -> int:
        """Requests."""
        return self.asked.total()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int, default=[50, 500])
    parser.add_argument("--latency-ms", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=1)
    arguments = parser.parse_args()
    os.environ.update(CREDENTIALS)
    broken: list[str] = []
    print(f"{'N':>6} {'reader':8} {'CPU s':>7} {'wall s':>7} {'MB':>6} {'calls':>7}")
    for size in arguments.sizes:
        floor, ours = _measure(size, arguments.latency_ms, arguments.repeat)
        _print(size, floor, ours)
        broken += _broken(size, arguments.latency_ms, floor, ours)
    for text in broken:
        print(f"broken: {text}")
    return int(bool(broken))


def _measure(size: int, latency_ms: int, repeat: int) -> tuple[Cost, Cost]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with moto_server(folder / "moto.log") as cloud:
            seed(cloud, size)
            rules = [Rule(edit=_pause(latency_ms))] if latency_ms else []
            if size > PAGE:
                rules.insert(0, Rule(_every_bucket(cloud), service="s3", operation="ListBuckets"))
            with (proxy := FaultProxy(cloud, rules)) as url:
                _project(folder, url)
                floor = [sys.executable, "-m", "bench._aws_floor", url]
                scan = _scan(folder)
                _cost([*scan, "--plan"], proxy)  # compiles modules, lints the library
                pairs = [(_cost(floor, proxy), _cost(scan, proxy)) for _ in range(repeat)]
    return _best([pair[0] for pair in pairs]), _best([pair[1] for pair in pairs])


def _scan(folder: Path) -> list[str]:
    scan = [sys.executable, "-m", "auditor", "scan", "--exit-zero", "--format", "json"]
    scan += ["--config", str(folder / "auditor.yaml")]
    return scan + [part for check in CHECKS for part in ("--check", check)]


def _best(costs: Sequence[Cost]) -> Cost:
    """The least that was needed; the memory is the most."""
    return Cost(
        min(cost.cpu for cost in costs),
        min(cost.wall for cost in costs),
        max(cost.memory for cost in costs),
        costs[-1].asked,
    )


def _print(size: int, floor: Cost, ours: Cost) -> None:
    for reader, cost in (("boto3", floor), ("auditor", ours)):
        print(
            f"{size:6} {reader:8} {cost.cpu:7.2f} {cost.wall:7.2f} {cost.memory:6.0f}"
            f" {cost.calls:7}"
        )
    print(
        f"{'':6} {'ratio':8} {ours.cpu / floor.cpu:7.2f} {ours.wall / floor.wall:7.2f}"
        f" {ours.memory / floor.memory:6.2f} {ours.calls / floor.calls:7.2f}"
    )
    for name in sorted(floor.asked.keys() | ours.asked.keys()):
        print(f"{'':6} {name:40} {floor.asked[name]:7} {ours.asked[name]:7}")


def _broken(size: int, latency_ms: int, floor: Cost, ours: Cost) -> Iterator[str]:
    """The limits that do not hold."""
    if size == COUNTED_AT and ours.cpu > MAX_CPU * floor.cpu:
        yield f"{size}: more than {MAX_CPU} times the floor's CPU"
    if size >= COUNTED_AT and ours.calls > MAX_CALLS * floor.calls:
        yield f"{size}: more than {MAX_CALLS} times the floor's calls"
    if ours.memory > MAX_MB.get(size, ours.memory):
        yield f"{size}: more than {MAX_MB[size]} MB"
    if (size, latency_ms) == WALL_AT and ours.wall > MAX_WALL * floor.wall:
        yield f"{size}: more than {MAX_WALL} times the floor's wall"


def _every_bucket(cloud: str) -> Fault:
    """All buckets in one answer: moto cuts its list after `MaxBuckets`, and gives no token."""
    scope = "Credential=testing/20260101/us-east-1/s3/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}"}

    def answer(_asked: Asked) -> Answer:
        request = urllib.request.Request(cloud, headers=headers)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=60) as got:  # noqa: S310 - loopback
            return Answer(got.status, got.read(), "application/xml", dict(got.headers))

    return answer


def _pause(milliseconds: int) -> Callable[[bytes], bytes]:
    """Answers come later by this."""

    def edit(body: bytes) -> bytes:
        time.sleep(milliseconds / 1000)
        return body

    return edit


def _cost(command: list[str], proxy: FaultProxy) -> Cost:
    """Run a reader and measure it, not the stand-in nor the proxy."""
    before, began = len(proxy.seen), time.monotonic()
    # Compiled modules are kept, as on any machine that runs a program twice.
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    with process.stderr:
        said = process.stderr.read()
    _pid, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(said.decode())
    return Cost(
        used.ru_utime + used.ru_stime,
        wall,
        used.ru_maxrss * 1024 / 1e6,
        Counter(f"{one.service}:{one.operation}" for one in proxy.seen[before:]),
    )


def _project(folder: Path, url: str) -> None:
    """A working folder with new keys whose target is the stand-in."""
    init = [sys.executable, "-m", "auditor", "init", str(folder), "--endpoint", "127.0.0.1:1"]
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(init, env=env, check=True, capture_output=True)
    path = folder / "auditor.yaml"
    document = yaml.safe_load(path.read_text("utf-8"))
    document.pop("inventory", None)
    document["targets"] = [
        {
            "name": "cloud",
            "kind": "aws-account",
            "environment": "prod",
            "regions": [REGION],
            "endpoint_url": url,
        }
    ]
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")


def seed(url: str, size: int) -> None:
    """N buckets, N/2 users and volumes, N/10 keys, databases and log groups."""
    session = boto3.Session(region_name=REGION)
    clients: dict[str, Any] = {
        name: session.client(name, endpoint_url=url)
        for name in ("s3", "iam", "ec2", "kms", "logs", "rds")
    }
    place = {"LocationConstraint": REGION}
    some = max(1, size // 10)
    with ThreadPoolExecutor(8) as executor:
        jobs = [
            executor.submit(
                clients["s3"].create_bucket, Bucket=f"bench-{n}", CreateBucketConfiguration=place
            )
            for n in range(size)
        ]
        jobs += [
            executor.submit(clients["iam"].create_user, UserName=f"u{n}") for n in range(size // 2)
        ]
        zone = f"{REGION}a"
        jobs += [
            executor.submit(clients["ec2"].create_volume, Size=1, AvailabilityZone=zone)
            for _ in range(size // 2)
        ]
        jobs += [executor.submit(clients["kms"].create_key) for _ in range(some)]
        jobs += [
            executor.submit(clients["logs"].create_log_group, logGroupName=f"/bench/{n}")
            for n in range(some)
        ]
        jobs += [
            executor.submit(
                clients["rds"].create_db_instance,
                DBInstanceIdentifier=f"db{n}",
                DBInstanceClass="db.t3.micro",
                Engine="postgres",
                AllocatedStorage=10,
                MasterUsername="u",
                MasterUserPassword="not-a-secret",
            )
            for n in range(some)
        ]
        for job in jobs:
            job.result()


if __name__ == "__main__":
    sys.exit(main())
