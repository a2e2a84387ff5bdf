"""The record of one restore test of the stand-in company, signed by its reviewer."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from auditor.app.restore import sign_record
from auditor.core.times import format_instant
from auditor.keys.file import generate_key

STORE = "ledger"
_REVIEWER = "jonas"


def write_restore_record(folder: Path, now: datetime) -> dict[str, object]:
    """Write and sign the record.

    Returns:
        The fields of the host target that name it.
    """
    records = folder / "restores"
    records.mkdir()
    key = generate_key(folder / f"{_REVIEWER}.pem", "ecdsa-p256-sha256")
    public = folder / f"{_REVIEWER}.pub"
    public.write_text(key.public_key, "utf-8")
    loss = now - timedelta(days=6)
    record = {
        "id": "ledger-last-week",
        "store": STORE,
        "method": "full-restore",
        "source": "ledger",
        "target": "restore-lab",
        "isolated": True,
        "failure_at": format_instant(loss),
        "recovered_to": format_instant(loss - timedelta(hours=5)),
        "started_at": format_instant(loss + timedelta(minutes=30)),
        "finished_at": format_instant(loss + timedelta(hours=2)),
        "rows_expected": 48210,
        "rows_restored": 48210,
        "validated": True,
        "operator": "ines",
        "reviewer": _REVIEWER,
    }
    path = records / "ledger-last-week.json"
    path.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    sign_record(path, key)
    return {"restore_records": str(records), "restore_signers": {_REVIEWER: str(public)}}
