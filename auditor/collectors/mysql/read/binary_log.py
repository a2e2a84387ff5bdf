"""The binary log: whether it is written, how long it is kept and who is sent it. One row."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from auditor.collectors.mysql.desk import Desk, Draft, Variables, seconds
from auditor.collectors.sql.failures import QueryFailedError
from auditor.collectors.sql.reading import Reading

_DAY = 86_400
_FILES = ("files", "bytes", "oldest", "newest")


def read_binary_log(desk: Desk) -> Reading:
    """Settings, files, and how many connections receive it."""
    v = desk.variables()
    encrypted = "encrypt_binlog" if desk.is_mariadb else "binlog_encryption"
    row = Draft({"endpoint": desk.settings.endpoint, "enabled": v.flag("log_bin")})
    row.take(
        {
            "expires_after": lambda: _expiry(v),
            "sync": lambda: v.number("sync_binlog"),
            "format": lambda: v.text("binlog_format"),
            "encrypted": lambda: v.flag(encrypted),
            "receivers": lambda: _receivers(desk),
        }
    )
    try:
        row.data |= _files(desk.ask("binary_logs").rows if row.data["enabled"] else [])
    except QueryFailedError as error:
        row.miss(_FILES, error.gap)
    return Reading([row.resource()])


def _expiry(v: Variables) -> str | None:
    """The seconds win over the days, which older versions have alone; 0 is never."""
    if v.has("binlog_expire_logs_seconds") and v.number("binlog_expire_logs_seconds"):
        return seconds(v.number("binlog_expire_logs_seconds"))
    if v.has("binlog_expire_logs_auto_purge") and not v.flag("binlog_expire_logs_auto_purge"):
        return None
    days = v.decimal("expire_logs_days") if v.has("expire_logs_days") else Decimal(0)
    return seconds(days * _DAY) if days else None


def _files(rows: Sequence[Sequence[object]]) -> dict[str, object]:
    sizes = [int(str(row[1])) for row in rows]
    return {
        "files": len(rows),
        "bytes": sum(sizes),
        "oldest": str(rows[0][0]) if rows else None,
        "newest": str(rows[-1][0]) if rows else None,
    }


def _receivers(desk: Desk) -> int:
    desk.require("processes")
    return desk.count("receivers")
