"""Real object stores for tests: SeaweedFS, which enforces Object Lock, and moto beside it.

SeaweedFS is a server that people run; moto is a re-implementation for tests by a third party. Both
listen on loopback only.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_STARTUP_S = 60.0
ACCESS_KEY, SECRET_KEY = "testing", "testing-secret"
READER_KEY, READER_SECRET = "reader", "reader-secret"
_IDENTITIES = {
    "identities": [
        {
            "name": "auditor",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        },
        {
            "name": "reader",
            "credentials": [{"accessKey": READER_KEY, "secretKey": READER_SECRET}],
            "actions": ["Read", "List"],
        },
    ]
}


def client_of(url: str, access: str = ACCESS_KEY, secret: str = SECRET_KEY) -> Any:
    """A plain client, for what a test does behind the store's back."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        config=Config(
            s3={"addressing_style": "path"}, retries={"mode": "standard"}, read_timeout=20
        ),
    )


@contextmanager
def seaweedfs(folder: Path) -> Iterator[str]:
    """Run SeaweedFS with its S3 gateway and give the gateway's URL."""
    identities = folder / "s3.json"
    identities.write_text(json.dumps(_IDENTITIES))
    data = folder / "data"
    data.mkdir()
    ports = free_ports(8)
    options = {
        "dir": str(data),
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.port": ports[0],
        "master.port.grpc": ports[1],
        "master.volumeSizeLimitMB": 32,
        "master.telemetry": "false",
        "volume.port": ports[2],
        "volume.port.grpc": ports[3],
        "volume.max": 0,
        "filer.port": ports[4],
        "filer.port.grpc": ports[5],
        "s3.port": ports[6],
        "s3.port.grpc": ports[7],
        "s3.config": str(identities),
        "s3.iam": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
    }
    program = Path(sys.executable).with_name("weed")
    command = [str(program), "-logtostderr=true", "server", "-filer", "-s3"]
    command += [f"-{name}={value}" for name, value in options.items()]
    url = f"http://127.0.0.1:{ports[6]}"
    with running(command, folder / "weed.log") as process:
        _wait(url, process, folder / "weed.log")
        yield url


@contextmanager
def moto(folder: Path) -> Iterator[str]:
    """Run moto's server and give its URL."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    url = f"http://127.0.0.1:{port}"
    with running(command, folder / "moto.log") as process:
        _wait(url, process, folder / "moto.log")
        yield url


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended with the block."""
    # Credentials of the environment would become an identity of the server.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output, env=clean) as process,
    ):
        try:
            yield process
        finally:
            process.kill()
            process.wait(timeout=10)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until a bucket can be made and written to."""
    client = client_of(url)
    end = time.monotonic() + _STARTUP_S
    while process.poll() is None and time.monotonic() < end:
        try:
            client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="ready", Body=b"")
        except (BotoCoreError, ClientError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"the server did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
