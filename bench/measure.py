"""CPU seconds and peak memory of this process and of children."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def peak_mb() -> float:
    """Peak resident memory of this process, MB.

    Linux: `ru_maxrss` would count the process that started this one, too.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise SystemExit("/proc/self/status does not say VmHWM")


def cpu_of(action: Callable[[], T]) -> tuple[float, T]:
    """CPU seconds (user and system) of an action, and its result."""
    before = time.process_time()
    result = action()
    return time.process_time() - before, result


def cpu_of_command(command: Sequence[str], repeat: int = 5) -> float:
    """The smallest CPU seconds of a command over some repetitions."""
    best = float("inf")
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = min(best, used)
    return best
