"""An AWS account of N things: our scan beside the bare SDK, for the same reads.

usage: python -m bench.aws [N...] [--latency-ms MS]. The account is a stand-in (moto) on loopback in
a process of its own; CPU seconds and memory are those of the reading process alone. Limits: 1.4
times the floor's CPU and 1.1 times its calls at 500; exit 1 when one is broken.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml

from bench._aws_floor import REGION
from tests.services.aws.faults import FaultProxy, Rule
from tests.services.aws.server import CREDENTIALS, moto_server

CONTROLS = (
    "console-mfa",
    "root-account",
    "access-keys",
    "password-policy",
    "least-privilege",
    "storage-private",
    "storage-lifecycle",
    "key-management",
    "encryption-at-rest",
)
MAX_CPU, MAX_CALLS, COUNTED_AT = 1.4, 1.1, 500


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds, wall seconds, peak memory in MB, requests."""

    cpu: float
    wall: float
    memory: float
    calls: int


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int, default=[50, 500])
    parser.add_argument("--latency-ms", type=int, default=0)
    arguments = parser.parse_args()
    os.environ.update(CREDENTIALS)
    broken = False
    print(f"{'N':>6} {'reader':8} {'CPU s':>7} {'wall s':>7} {'MB':>6} {'calls':>7}")
    for size in arguments.sizes or [50, 500]:
        broken |= _measure(size, arguments.latency_ms)
    return int(broken)


def _measure(size: int, latency_ms: int) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with moto_server(folder / "moto.log") as cloud:
            seed(cloud, size)
            proxy = FaultProxy(cloud, [Rule(edit=_pause(latency_ms))] if latency_ms else [])
            with proxy as url:
                _cost([sys.executable, "-m", "auditor", "scan", "--help"], proxy)
                floor = _cost([sys.executable, "-m", "bench._aws_floor", url], proxy)
                asked = Counter(one.operation for one in proxy.seen)
                _project(folder, url)
                scan = [sys.executable, "-m", "auditor", "scan", "--exit-zero", "--format", "json"]
                scan += ["--config", str(folder / "auditor.yaml")]
                for control in CONTROLS:
                    scan += ["--control", control]
                ours = _cost(scan, proxy)
                mine = Counter(one.operation for one in proxy.seen) - asked
    for reader, cost in (("boto3", floor), ("auditor", ours)):
        print(
            f"{size:6} {reader:8} {cost.cpu:7.2f} {cost.wall:7.2f} {cost.memory:6.0f}"
            f" {cost.calls:7}"
        )
    print(
        f"{'':6} {'ratio':8} {ours.cpu / floor.cpu:7.2f} {ours.wall / floor.wall:7.2f}"
        f" {ours.memory / floor.memory:6.2f} {ours.calls / floor.calls:7.2f}"
    )
    more = {name: n - asked[name] for name, n in mine.items() if n != asked[name]}
    print(f"{'':6} other calls than boto3's: {more or 'none'}")
    return size == COUNTED_AT and (
        ours.cpu > MAX_CPU * floor.cpu or ours.calls > MAX_CALLS * floor.calls
    )


def _pause(milliseconds: int) -> Callable[[bytes], bytes]:
    """Answers come later by this."""

    def edit(body: bytes) -> bytes:
        time.sleep(milliseconds / 1000)
        return body

    return edit


def _cost(command: list[str], proxy: FaultProxy) -> Cost:
    """Run a reader and measure it, not the stand-in nor the proxy."""
    calls, began = len(proxy.seen), time.time()
    # Compiled modules are kept, as on any machine that runs a program twice.
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(said.decode())
    return Cost(
        used.ru_utime + used.ru_stime,
        time.time() - began,
        used.ru_maxrss * 1024 / 1e6,
        len(proxy.seen) - calls,
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
