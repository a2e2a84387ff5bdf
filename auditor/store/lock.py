"""One writer at a time: an advisory lock on a file, with the holder's name in it.

The operating system frees the lock when its holder dies, however it dies. Standard: flock(2).
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.errors import StoreError
from auditor.store.files import store_errors

_FIRST_PAUSE_S = 0.005
_LONGEST_PAUSE_S = 0.2
_MAX_HOLDER = 200


@contextmanager
def exclusive_lock(path: Path, timeout_s: float) -> Iterator[None]:
    """Hold the lock while the block runs; wait for it up to `timeout_s` seconds.

    Raises:
        StoreError: Another process kept it for too long (the message names it), or the disk
            refuses.
    """
    with store_errors(path.name):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        _acquire(descriptor, path, timeout_s)
        with store_errors(path.name):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"pid {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
        with store_errors(path.name):
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    pause = _FIRST_PAUSE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, _MAX_HOLDER, 0).decode(errors="replace")
                raise StoreError(
                    f"{holder or 'another process'} has been writing to this store"
                    f" for more than {timeout_s:g} s",
                    hint="wait for the other run to end, or stop it",
                    where=str(path),
                ) from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        else:
            return
