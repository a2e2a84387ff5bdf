"""A replica that follows a test server, from a copy of its data."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.postgres.server import PASSWORD, SUPERUSER, Server, free_port

_BIN = Path("/usr/lib/postgresql/15/bin")


@contextmanager
def standby(server: Server) -> Iterator[None]:
    """Run a replica as the account that the server runs as."""
    owner = (server.folder / "pgdata").stat().st_uid
    data = server.folder / "standby"
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PGPASSWORD": PASSWORD}
    copy = [str(_BIN / "pg_basebackup"), "-h", "127.0.0.1", "-p", str(server.port), "-U", SUPERUSER]
    copy += ["-D", str(data), "-R", "-c", "fast", "-X", "stream", "--no-sync"]
    subprocess.run(copy, check=True, capture_output=True, user=owner, env=environment)
    command = [str(_BIN / "postgres"), "-D", str(data), "-p", str(free_port())]
    command += ["-c", "cluster_name=replica", "-c", "archive_mode=off"]
    with (server.folder / "standby.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, user=owner, env=environment)
    try:
        yield
    finally:
        process.send_signal(3)
        process.wait(timeout=20)
