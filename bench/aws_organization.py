"""An organization of N accounts x 17 regions, read with ten checks: killed half-way, then resumed.

usage: python -m bench.aws_organization [N]. The organization is a stand-in (moto) on loopback in a
process of its own. The first scan is killed (SIGKILL) when half of the accounts are read; the
second goes on with it. Printed are the calls, CPU seconds and peak memory of each. Limits: both
together make no more calls than the plan says for all accounts, that of the killed account twice;
450 MB. Exit 1 when one is broken, or a verdict is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml

from tests.services.aws.faults import FaultProxy
from tests.services.aws.server import CREDENTIALS, moto_server

REGIONS = (
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1"),
    *("ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2"),
    *("eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"),
)
"""Those that every account has without opting in."""
CHECKS = (
    "password-policy/account-policy",
    "root-account/root-keys",
    "console-mfa/root-user",
    "storage-private/account-block",
    "storage-private/buckets",
    "encryption-at-rest/new-volumes",
    "encryption-at-rest/volumes",
    "encryption-at-rest/databases",
    "encryption-at-rest/log-groups",
    "key-management/rotation",
)
MAX_MB = 450
_READ = re.compile(r"^org\.\d{12}: \d+ resources")
_TIMES = re.compile(r"^ *(\d+) x ")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process needed, and what it said on stdout."""

    cpu: float
    wall: float
    memory: float
    asked: Counter[str]
    out: str


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("accounts", nargs="?", type=int, default=10)
    accounts = parser.parse_args().accounts
    os.environ.update(CREDENTIALS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with moto_server(folder / "moto.log") as cloud, (proxy := FaultProxy(cloud)) as url:
            total = _organization(cloud, accounts)
            _project(folder, url)
            planned = _planned(folder)
            first = _run(folder, proxy, _scan(), stop_after=total // 2)
            second = _run(
                folder, proxy, ["scan", "--exit-zero", "--format", "json", *_resume(folder)]
            )
    return _report(total, planned, first, second)


def _report(total: int, planned: int, first: Cost, second: Cost) -> int:
    print(f"{total} accounts x {len(REGIONS)} regions, {len(CHECKS)} checks")
    print(f"{'':8} {'CPU s':>7} {'wall s':>7} {'MB':>6} {'calls':>7}")
    for name, cost in (("killed", first), ("resumed", second)):
        calls = cost.asked.total()
        print(f"{name:8} {cost.cpu:7.1f} {cost.wall:7.1f} {cost.memory:6.0f} {calls:7}")
    asked = first.asked + second.asked
    for operation, times in sorted(asked.items()):
        print(f"{'':8} {operation:40} {times:7}")
    # Listing the organization, and the account that was being read when the first was killed.
    budget = planned * (total + 1) + asked["organizations:ListAccounts"] + 1
    print(f"calls {asked.total()}, budget {budget} ({planned} an account, as planned)")
    verdicts = json.loads(second.out)["findings"]
    judged = {(one["target"], f"{one['control']}/{one['check']}") for one in verdicts}
    statuses = Counter(one["status"] for one in verdicts)
    print(f"findings {dict(sorted(statuses.items()))}")
    broken = {
        "more calls than planned": asked.total() > budget,
        f"more than {MAX_MB} MB": max(first.memory, second.memory) > MAX_MB,
        "checks without a finding": len(judged) != total * len(CHECKS),
    }
    for text, is_broken in broken.items():
        if is_broken:
            print(f"broken: {text}")
    return int(any(broken.values()))


def _organization(url: str, accounts: int) -> int:
    """Make the accounts; gives their number, the management account included."""
    client: Any = boto3.client("organizations", endpoint_url=url, region_name="us-east-1")
    client.create_organization(FeatureSet="ALL")
    for number in range(accounts - 1):
        client.create_account(Email=f"a{number}@example.org", AccountName=f"a{number}")
    pages = client.get_paginator("list_accounts").paginate()
    return sum(len(page["Accounts"]) for page in pages)


def _project(folder: Path, url: str) -> None:
    """A working folder with new keys whose target is the organization."""
    _auditor(folder, "init", str(folder), "--endpoint", "127.0.0.1:1")
    path = folder / "auditor.yaml"
    document = yaml.safe_load(path.read_text("utf-8"))
    document.pop("inventory", None)
    document["targets"] = [
        {
            "name": "org",
            "kind": "aws-organization",
            "environment": "prod",
            "role": "AuditorReadOnly",
            "regions": list(REGIONS),
            "endpoint_url": url,
        }
    ]
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")


def _planned(folder: Path) -> int:
    """Calls for one account, as far as they are known before: all, where it holds nothing."""
    lines = _auditor(folder, *_scan(), "--plan").splitlines()
    assume_role = 1
    return assume_role + sum(int(found[1]) for line in lines if (found := _TIMES.match(line)))


def _scan() -> list[str]:
    chosen = [part for check in CHECKS for part in ("--check", check)]
    return ["scan", "--exit-zero", "--format", "json", *chosen]


def _resume(folder: Path) -> list[str]:
    [run] = [
        line.split()[0] for line in _auditor(folder, "run", "list").splitlines() if "T" in line
    ]
    return ["--resume", run]


def _auditor(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "auditor", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=_environment(), check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


def _environment() -> dict[str, str]:
    """Compiled modules are kept, as on any machine that runs a program twice."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(Path(__file__).parents[1])}


def _run(
    folder: Path, proxy: FaultProxy, arguments: Sequence[str], stop_after: int | None = None
) -> Cost:
    """Run a scan; kill it when it has read so many accounts."""
    before, began, read, peak = len(proxy.seen), time.monotonic(), 0, 0.0
    with (folder / "out").open("w+") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "auditor", *arguments],
            cwd=folder,
            env=_environment(),
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        with process.stderr:
            said = []
            for line in process.stderr:
                said.append(line)
                peak = max(peak, _peak_mb(process.pid))
                read += bool(_READ.match(line))
                if read == stop_after:
                    process.send_signal(signal.SIGKILL)
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if process.returncode not in {0, -signal.SIGKILL}:
        raise RuntimeError("".join(said[-20:]))
    return Cost(
        used.ru_utime + used.ru_stime,
        time.monotonic() - began,
        peak,
        Counter(f"{one.service}:{one.operation}" for one in proxy.seen[before:]),
        text,
    )


def _peak_mb(pid: int) -> float:
    """Peak resident memory of a process so far, MB; `ru_maxrss` counts this one's as well."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0  # it has just ended


if __name__ == "__main__":
    sys.exit(main())
