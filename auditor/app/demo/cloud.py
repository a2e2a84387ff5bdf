"""A stand-in AWS account: moto's server, in a process of its own.

`python -m auditor.app.demo.cloud PORT` serves on loopback. Two things are put in front of moto:
the root row and the time that a real credential report has and moto's has not, and one operation
that is denied, because that is what every first audit of a real account meets.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from auditor.app.demo.ports import answers, free_port
from auditor.errors import DependencyError, InternalError

ACCOUNT = "123456789012"
CREDENTIALS: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "demo",
    "AWS_SECRET_ACCESS_KEY": "demo",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,  # what ~/.aws says of somebody's real account is not looked at
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
DENIED_TARGET = "TrentService.GetKeyRotationStatus"
_STARTUP_S = 60.0
_DENIED = (
    b'{"__type":"AccessDeniedException","message":"User: arn:aws:iam::123456789012:user/auditor '
    b'is not authorized to perform: kms:GetKeyRotationStatus"}'
)
_CONTENT = re.compile(rb"(<Content>)([^<]+)(</Content>)")
_GENERATED = re.compile(rb"<GeneratedTime>[^<]+</GeneratedTime>")
_ROOT_ROW = (
    f"<root_account>,arn:aws:iam::{ACCOUNT}:root,2019-04-01T09:00:00+00:00,not_supported,"
    "no_information,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,"
    "false,N/A,false,N/A\n"
)
StartResponse = Callable[..., Any]


class FrontDoor:
    """WSGI middleware before moto."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """Deny one operation, complete one answer, pass everything else."""
        if environ.get("HTTP_X_AMZ_TARGET") == DENIED_TARGET:
            start("400 Bad Request", [("Content-Type", "application/x-amz-json-1.1")])
            return [_DENIED]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        if b"Action=GetCredentialReport" not in body:
            return self.application(environ, start)
        answer: dict[str, Any] = {}

        def remember(status: str, headers: list[tuple[str, str]], *_more: object) -> None:
            answer.update(status=status, headers=headers)

        data = b"".join(self.application(environ, remember))
        data = _CONTENT.sub(_with_root_row, data)
        data = _GENERATED.sub(_generated_now(), data)  # moto says 2015, which is rightly stale
        kept = [(k, v) for k, v in answer["headers"] if k.lower() != "content-length"]
        start(answer["status"], [*kept, ("Content-Length", str(len(data)))])
        return [data]


def _with_root_row(match: re.Match[bytes]) -> bytes:
    report = base64.b64decode(match[2]).decode()
    head, _, rows = report.partition("\n")
    return match[1] + base64.b64encode(f"{head}\n{_ROOT_ROW}{rows}".encode()) + match[3]


def _generated_now() -> bytes:
    return f"<GeneratedTime>{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}</GeneratedTime>".encode()


def require_moto() -> None:
    """Say which extra to install where moto is missing, before anything is made or removed.

    Raises:
        DependencyError: moto is not installed.
    """
    try:
        import moto.server  # noqa: F401 - only to know whether the extra is there
    except ImportError as error:
        raise DependencyError(
            "the stand-in cloud needs moto", hint="pip install 'auditor[demo]'"
        ) from error


@contextmanager
def stand_in_cloud(log: Path) -> Iterator[str]:
    """Run the stand-in and give its URL; it ends with the block.

    Raises:
        InternalError: It did not start; the message says where its output is.
    """
    port = free_port()
    command = [sys.executable, "-m", "auditor.app.demo.cloud", str(port)]
    # Moto uses boto3 itself: a profile of the caller's would break it, or worse, be used.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment |= {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "MOTO_PORT": str(port), **CREDENTIALS}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process,  # noqa: S603 - our own module
    ):
        try:
            _wait(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _STARTUP_S
    while time.monotonic() < deadline and process.poll() is None:
        if answers(port):
            return
        time.sleep(0.05)
    raise InternalError("the stand-in cloud did not start", hint=f"see {log}")


def serve(port: int) -> None:
    """Serve until killed."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    application = FrontDoor(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", port, application, threaded=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
