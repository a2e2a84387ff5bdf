"""A replica of a server of the tests."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.postgres.server import (
    PASSWORD,
    SUPERUSER,
    Server,
    account,
    environment,
    free_port,
    give,
)

_PROGRAMS = Path("/usr/lib/postgresql/15/bin")


@contextmanager
def standby(primary: Server, name: str = "replica1") -> Iterator[int]:
    """Run a streaming replica of a server of version 15; gives its port once it streams."""
    folder = Path(tempfile.mkdtemp(prefix="auditor-pg-replica-"))
    try:
        give(folder, account())
        source = (
            f"host=127.0.0.1 port={primary.port} user={SUPERUSER} password={PASSWORD} "
            f"application_name={name}"
        )
        data, port = folder / "pgdata", free_port()
        command = [str(_PROGRAMS / "pg_basebackup"), "-R", "--checkpoint=fast", "--no-sync"]
        command += ["-D", str(data), "-d", source]
        subprocess.run(command, check=True, capture_output=True, user=account(), env=environment())
        server = [str(_PROGRAMS / "postgres"), "-D", str(data), "-c", f"port={port}"]
        server += ["-c", f"unix_socket_directories={folder}"]
        with (
            (primary.ca.parent / f"{name}.log").open("wb") as log,
            subprocess.Popen(
                server, stdout=log, stderr=log, user=account(), env=environment()
            ) as process,
        ):
            try:
                _streams(primary, name)
                yield port
            finally:
                process.send_signal(3)  # SIGQUIT: at once
                process.wait(timeout=20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _streams(primary: Server, name: str) -> None:
    query = "SELECT count(*) FROM pg_stat_replication WHERE application_name = %s AND state = %s"
    end = time.monotonic() + 30
    with primary.connect() as connection:
        while connection.execute(query, [name, "streaming"]).fetchone() != (1,):
            assert time.monotonic() < end, f"{name} does not stream"
            time.sleep(0.05)
