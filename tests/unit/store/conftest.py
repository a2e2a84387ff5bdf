"""A folder in memory: a process that dies needs no disk, and fsync costs nothing there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = "/dev/shm"


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one."""
    folder = tempfile.mkdtemp(dir=MEMORY if os.access(MEMORY, os.W_OK) else tmp_path)
    yield Path(folder)
    shutil.rmtree(folder)
