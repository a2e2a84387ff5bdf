"""Rows of IAM's credential report.

Form: IAM User Guide, "Getting credential reports for your AWS account". `N/A` and
`no_information` mean that there is no such moment; `not_supported` that the report does not say.
"""

from __future__ import annotations

import csv
import io

from auditor.collectors.aws.facts.unreadable import Unreadable

_ROOT = "<root_account>"
_NO_MOMENT = {"N/A", "no_information", "not_supported"}
_KEYS = (1, 2)
_COLUMNS = (
    "user", "arn", "user_creation_time", "password_enabled", "password_last_used",
    "password_last_changed", "password_next_rotation", "mfa_active",
    *(f"access_key_{n}_{part}" for n in _KEYS for part in (
        "active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")),
    *(f"cert_{n}_active" for n in _KEYS),
)  # fmt: skip


def credential_report(content: object) -> list[dict[str, object]]:
    """The rows of the report, one for each user and one for root.

    Args:
        content: CSV, UTF-8 bytes or text.

    Raises:
        ValueError: Not text, or a column is missing: an absent column must not read as "never".
    """
    plain = content.decode("utf-8") if isinstance(content, bytes) else content
    if not isinstance(plain, str):
        raise ValueError(f"credential report: got {type(content).__name__}, expected CSV")
    reader = csv.DictReader(io.StringIO(plain))
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f"credential report: no column {', '.join(missing)}")
    return [_row(row) for row in reader]


def _row(row: dict[str, str | None]) -> dict[str, object]:
    is_root = row["user"] == _ROOT
    keys = [_access_key(row, number) for number in _KEYS]
    return {
        "user": _text(row, "user"),
        "arn": _text(row, "arn"),
        "is_root": is_root,
        "created_at": _text(row, "user_creation_time"),
        "password_enabled": _bool(row, "password_enabled", unsaid=is_root),
        "password_last_used": _moment(row, "password_last_used"),
        "password_last_changed": _moment(row, "password_last_changed"),
        "password_next_rotation": _moment(row, "password_next_rotation"),
        "mfa_active": _bool(row, "mfa_active"),
        "access_keys": keys,
        "active_access_keys": _count(row, "access_key_{}_active"),
        "active_certificates": _count(row, "cert_{}_active"),
    }


def _access_key(row: dict[str, str | None], number: int) -> dict[str, object]:
    name = f"access_key_{number}"
    return {
        "number": number,
        "active": _bool(row, f"{name}_active"),
        "rotated_at": _moment(row, f"{name}_last_rotated"),
        "last_used_at": _moment(row, f"{name}_last_used_date"),
        "last_used_region": _moment(row, f"{name}_last_used_region"),
        "last_used_service": _moment(row, f"{name}_last_used_service"),
    }


def _text(row: dict[str, str | None], column: str) -> object:
    cell = row[column]
    return cell or Unreadable(f"column {column} is empty")


def _moment(row: dict[str, str | None], column: str) -> object:
    """The cell, or null where the report says that there is nothing to say."""
    return None if row[column] in _NO_MOMENT else _text(row, column)


def _bool(row: dict[str, str | None], column: str, *, unsaid: bool = False) -> object:
    cell = row[column]
    if unsaid and cell == "not_supported":
        return None
    match (cell or "").lower():
        case "true":
            return True
        case "false":
            return False
    return Unreadable(f"column {column}: got {cell!r}, expected true or false")


def _count(row: dict[str, str | None], pattern: str) -> object:
    cells = [_bool(row, pattern.format(number)) for number in _KEYS]
    bad = next((cell for cell in cells if isinstance(cell, Unreadable)), None)
    return bad or sum(cell is True for cell in cells)
