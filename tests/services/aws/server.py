"""A stand-in for AWS: moto's own server, in a process of its own, on a free loopback port.

moto is a third party's re-implementation. Where it departs from AWS (no root row in the credential
report, no paging in places), the tests say so; the collector is never bent to it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_STARTUP_S = 60.0
CREDENTIALS: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
ACCOUNT = "123456789012"


@contextmanager
def moto_server(log: Path, *, managed_policies: bool = False) -> Iterator[str]:
    """Run moto and give its URL.

    Args:
        log: File for what it prints.
        managed_policies: Load AWS's own 1,400 policies, which costs seconds and megabytes.
    """
    port = _free_port()
    environment = os.environ | {
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true" if managed_policies else "false",
    }
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process,
    ):
        try:
            _wait_for(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:  # a busy machine: it is only a stand-in
                process.kill()


def reset(url: str) -> None:
    """Forget everything that was made."""
    request = urllib.request.Request(f"{url}/moto-api/reset", method="POST")  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - loopback
        pass


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the port answers; the server says nothing when it is ready."""
    waited = 0.0
    while process.poll() is None and waited < _STARTUP_S:
        with socket.socket() as probe:
            probe.settimeout(0.1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            waited += 0.1
    raise RuntimeError(f"moto did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
