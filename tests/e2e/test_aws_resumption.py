"""An interrupted scan of AWS goes on where it was: what was read is not asked for again."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from auditor.errors import ExitCode
from tests.e2e.program import auditor, aws_target, working_folder
from tests.services.aws.faults import FaultProxy, Rule
from tests.services.aws.seed import seed
from tests.services.aws.server import CREDENTIALS, moto_server

pytestmark = pytest.mark.e2e
CHECKS = ("password-policy/account-policy", "key-management/rotation", "storage-private/buckets")
SCAN = ("scan", "--format", "json", *(part for check in CHECKS for part in ("--check", check)))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("moto") / "moto.log") as url:
        seed(url)
        yield url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return working_folder(tmp_path / "work")


def aim(folder: Path, *targets: dict[str, object]) -> None:
    path = folder / "auditor.yaml"
    document = yaml.safe_load(path.read_text("utf-8")) | {"targets": list(targets)}
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")


Scanning = subprocess.Popen[str]


def interrupted(folder: Path, sign: signal.Signals, wait: Callable[[Scanning], None]) -> str:
    """Start a scan, send it a signal when the wait is over; gives the run's id."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "AUDITOR_"))}
    with subprocess.Popen(
        [sys.executable, "-m", "auditor", *SCAN],
        cwd=folder,
        env={**kept, **CREDENTIALS},
        stdout=subprocess.DEVNULL,  # one that came to its end would wait for a reader
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait(process)
        process.send_signal(sign)
        process.communicate(timeout=120)
    assert process.returncode in {ExitCode.INTERRUPTED, -signal.SIGKILL}
    listed = auditor(folder, "run", "list")
    [run] = [line.split()[0] for line in listed.out.splitlines() if "interrupted" in line]
    return run


def until_recorded(folder: Path, readings: int) -> Callable[[Scanning], None]:
    """Wait for so many observations more among the blobs."""

    def observations() -> int:
        blobs = (folder / "evidence" / "blobs" / "sha256").glob(f"??/{'?' * 62}")
        return sum(gzip.decompress(b.read_bytes()).startswith(b'{"as_of":') for b in blobs)

    wanted = observations() + readings

    def wait(process: Scanning) -> None:
        while observations() < wanted:
            assert process.poll() is None, "it came to its end"
            time.sleep(0.02)

    return wait


def until_said(begin: str) -> Callable[[Scanning], None]:
    """Wait for a line of progress that begins so."""

    def wait(process: Scanning) -> None:
        assert process.stderr is not None
        assert any(line.startswith(begin) for line in process.stderr)

    return wait


def asked(proxy: FaultProxy) -> Counter[str]:
    return Counter(f"{one.service}:{one.operation}" for one in proxy.seen)


def test_ctrl_c_within_an_account_keeps_the_types_that_were_read(cloud: str, folder: Path) -> None:
    """The buckets answer slowly, so the other two types are read when the signal comes."""
    whole = FaultProxy(cloud)
    with whole as url:
        aim(folder, aws_target(url))
        free = auditor(folder, *SCAN)
    blocked = FaultProxy(cloud, [Rule(service="s3", edit=slowly)])
    with blocked as url:
        aim(folder, aws_target(url))
        run = interrupted(folder, signal.SIGINT, until_recorded(folder, 2))
    assert asked(blocked)["kms:ListKeys"] == 1
    # The run goes on under its own policy: at the same endpoint.
    rest = FaultProxy(cloud, port=int(url.rpartition(":")[2]))
    with rest:
        done = auditor(folder, "scan", "--format", "json", "--resume", run)
    assert done.code == free.code, done.err
    assert done.json["counts"] == free.json["counts"]
    second, all_of_them = asked(rest), asked(whole)
    buckets = {name: n for name, n in all_of_them.items() if name.startswith("s3:")}
    identity = {"sts:GetCallerIdentity": 1}
    shared = {
        name: n for name, n in second.items() if name in {"kms:ListAliases", "tagging:GetResources"}
    }
    assert second == buckets | identity | shared
    assert auditor(folder, "verify").code == 0


def slowly(body: bytes) -> bytes:
    threading.Event().wait(0.5)
    return body


def test_kill_between_two_accounts_keeps_the_first(cloud: str, folder: Path) -> None:
    proxy = FaultProxy(cloud)
    with proxy as url:
        first, second = aws_target(url, name="a-first"), aws_target(url, name="b-second")
        aim(folder, first, second)
        run = interrupted(folder, signal.SIGKILL, until_said("b-second: reading"))
        before = len(proxy.seen)
        done = auditor(folder, "scan", "--format", "json", "--resume", run)
        after = len(proxy.seen) - before
        aim(folder, second)
        single = FaultProxy(cloud)
    with single as url:
        aim(folder, aws_target(url))
        alone = auditor(folder, *SCAN)
    assert done.code == alone.code, done.err
    assert after == len(single.seen)
    targets = {finding["target"] for finding in done.json["findings"]}
    assert targets == {"a-first", "b-second"}
    assert auditor(folder, "verify").code == 0
