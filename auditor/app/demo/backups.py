"""Backups of the stand-in company: 40 days of encrypted dumps, of which one day is missing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

DAYS = 40
MISSING_DAY = 9  # days ago
_AGE_HEADER = b"age-encryption.org/v1\n-> X25519 demo\ndemo\n--- demo\n"
_SIZE = 4096


def write_backups(folder: Path, now: datetime) -> dict[str, object]:
    """Write the files, and a second copy off site.

    Returns:
        The entry of `backup_sets` for auditor.yaml.
    """
    here, there = folder / "backups", folder / "offsite"
    for place in (here, there):
        place.mkdir(parents=True, exist_ok=True)
    sums = []
    for days in range(DAYS):
        if days == MISSING_DAY:
            continue
        taken = (now - timedelta(days=days)).replace(hour=2, minute=0, second=0, microsecond=0)
        if taken > now:
            continue
        name = f"ledger_db_{taken:%Y%m%d}.sql.age"
        data = _AGE_HEADER + _noise(name)
        sums.append(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
        for place in (here, there):
            path = place / name
            path.write_bytes(data)
            path.chmod(0o600)
            os.utime(path, (taken.timestamp() + 240, taken.timestamp() + 240))
    (here / "SHA256SUMS").write_text("".join(sums), "utf-8")
    return _entry(here, there)


def _entry(here: Path, there: Path) -> dict[str, object]:
    entry: Mapping[str, object] = {
        "name": "ledger",
        "path": str(here),
        "pattern": r"ledger_(?P<class>[a-z]+)_(?P<slot>\d{8})\.sql\.age",
        "classes": ["db"],
        "manifest": "SHA256SUMS",
        "offsite": str(there),
    }
    return dict(entry)


def _noise(seed: str) -> bytes:
    """Bytes that look like ciphertext, the same for the same name."""
    blocks = range(_SIZE // 32)
    return b"".join(hashlib.sha256(f"{seed}{block}".encode()).digest() for block in blocks)
