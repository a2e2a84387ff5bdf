"""A small application's tables and data, the same for both engines, around one moment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "sql-query.md"
TABLES: Mapping[str, str] = {
    "users": "id INT, is_admin BOOL, active BOOL, created_at T, two_factor_confirmed_at T NULL,"
    " email VARCHAR(80), copied_from_production BOOL",
    "personal_access_tokens": "id INT, created_at T, expires_at T NULL, last_used_at T NULL",
    "stored_events": "id INT, aggregate_uuid VARCHAR(40), aggregate_version INT, stored_at T",
    "projectors": "name VARCHAR(40), position INT",
    "reconciliation_runs": "day DATE, finished_at T NULL, unresolved INT,"
    " oldest_unresolved_at T NULL",
    "failed_jobs": "failed_at T, ticket VARCHAR(20) NULL",
    "reports": "kind VARCHAR(20), frequency VARCHAR(10), period_start T, period_end T, due_at T,"
    " submitted_at T NULL, receipt VARCHAR(20) NULL",
    "refunds": "id INT, requester_id INT, approver_id INT NULL, approved_at T NULL, paid_at T NULL",
    "sign_ins": "ip VARCHAR(40), at T, succeeded BOOL",
    "alerts": "ip VARCHAR(40), raised_at T",
    "data_requests": "id INT, kind VARCHAR(10), received_at T, completed_at T NULL,"
    " remaining_rows INT NULL",
    "notices": "purpose VARCHAR(20), version VARCHAR(10)",
    "consents_given": "user_id INT, purpose VARCHAR(20), version VARCHAR(10), given_at T,"
    " first_used_at T NULL",
}
_MANY, _SOME = ["(:ago(0.01), NULL)"] * 52, ["(:ago(0.5), NULL)"] * 11
_FAILED = "INSERT INTO failed_jobs VALUES "
TIME = {"postgres": "timestamptz", "mysql": "DATETIME"}
Rows = dict[str, list[list[object]]]


def create_tables(dialect: str) -> list[str]:
    """The statements that make the tables."""
    kind = TIME[dialect]
    columns = {name: re.sub(r"\bT\b", kind, text) for name, text in TABLES.items()}
    return [f"CREATE TABLE {name} ({text})" for name, text in columns.items()]


def page_views(dialect: str) -> list[str]:
    """The statements of the page for people."""
    heading = {"postgres": "### PostgreSQL", "mysql": "### MySQL and MariaDB"}[dialect]
    text = PAGE.read_text("utf-8")
    block = text[text.index(heading) :].split("```sql\n")[1].split("```")[0]
    return [one.strip() for one in block.split(";\n") if one.strip()]


def good_rows(now: datetime) -> Rows:
    """Data that every check passes on."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    hour, day = timedelta(hours=1), timedelta(days=1)
    began = now - 800 * day
    days = [midnight - n * day for n in range(1, 11)]
    month_end = (now - 15 * day).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    month = (month_end - day).replace(day=1)
    due = month_end + 15 * day
    return {
        "users": [
            [1, True, True, began, began + hour, "ann@example.com", False],
            [2, False, True, began, None, "bob@EXAMPLE.org", False],
        ],
        "personal_access_tokens": [[7, now - 10 * day, now + 20 * day, now - hour]],
        "stored_events": [
            [n, f"s-{n % 2}", (n + 1) // 2, now - 700 * day + n * hour] for n in range(1, 9)
        ],
        "projectors": [["balances", 8]],
        "reconciliation_runs": [[d.date(), d + 26 * hour, 0, None] for d in days],
        "failed_jobs": [[now - 2 * hour, None]],
        "reports": [
            *(
                ["transactions", "daily", d, d + day, d + 2 * day, d + day + 2 * hour, "r"]
                for d in days
                if d + day + 2 * hour <= now
            ),
            ["suspicious", "monthly", month, month_end, due, month_end + hour, "m"],
        ],
        "refunds": [[1, 5, 6, now - 3 * hour, now - 2 * hour], [2, 6, 5, None, None]],
        "sign_ins": [["10.0.0.1", now - hour, True]]
        + [["10.0.0.2", now - hour, False]] * 12
        + [["10.0.0.3", now - hour, False]] * 3,
        "alerts": [["10.0.0.2", now - hour / 2]],
        "data_requests": [
            [1, "erasure", now - 20 * day, now - 10 * day, 0],
            [2, "export", now - 5 * day, None, None],
        ],
        "notices": [["newsletter", "v3"]],
        "consents_given": [
            [user, "newsletter", "v3", began + day, began + 2 * day] for user in (1, 2)
        ],
    }


FAULTS: Sequence[tuple[str, str, str]] = (
    # what is done to the data, with `:ago(n)` for n days ago; the check; its assertion or reason
    ("UPDATE users SET two_factor_confirmed_at = NULL", "administrators", "second-factor"),
    ("DELETE FROM users WHERE is_admin", "administrators", "there must be at least one"),
    ("UPDATE personal_access_tokens SET expires_at = NULL", "api-tokens", "ends"),
    ("UPDATE personal_access_tokens SET last_used_at = :ago(91)", "api-tokens", "used"),
    ("DELETE FROM stored_events WHERE id = 4", "event-gaps", "without-gaps"),
    (
        "UPDATE stored_events SET aggregate_version = 2 WHERE id = 6",
        "event-gaps",
        "without-duplicates",
    ),
    ("UPDATE projectors SET position = 9", "projection-lag", "not-ahead"),
    ("UPDATE stored_events SET id = 2000 WHERE id = 8", "projection-lag", "in-step"),
    (
        "DELETE FROM reconciliation_runs WHERE day = DATE(:ago(4))",
        "reconciliation",
        "no item in this slot",
    ),
    (
        "UPDATE reconciliation_runs SET unresolved = 2, oldest_unresolved_at = :ago(5)",
        "reconciliation",
        "resolved",
    ),
    (
        "UPDATE reconciliation_runs SET finished_at = NULL WHERE day = DATE(:ago(5))",
        "reconciliation",
        "finished",
    ),
    (
        _FAILED + ", ".join(_MANY),
        "failed-jobs",
        "few",
    ),
    (
        _FAILED + ", ".join(_SOME),
        "failed-jobs",
        "ticketed",
    ),
    (
        (
            "DELETE FROM reports WHERE period_start < :ago(4) AND period_start > :ago(6)"
            " AND frequency = 'daily'"
        ),
        "daily-reports",
        "no item in this slot",
    ),
    (
        "UPDATE reports SET submitted_at = due_at + INTERVAL '1' DAY WHERE frequency = 'daily'",
        "daily-reports",
        "in-time",
    ),
    (
        "UPDATE reports SET receipt = NULL WHERE frequency = 'monthly'",
        "monthly-reports",
        "confirmed",
    ),
    ("DELETE FROM reports WHERE frequency = 'monthly'", "monthly-reports", "expected"),
    ("UPDATE refunds SET approver_id = requester_id", "second-person", "another-person"),
    ("UPDATE refunds SET approved_at = :ago(0) WHERE id = 1", "second-person", "before"),
    ("DELETE FROM alerts", "failed-logins", "alerted"),
    ("UPDATE data_requests SET received_at = :ago(31) WHERE id = 2", "requests", "in-time"),
    ("UPDATE data_requests SET remaining_rows = 3 WHERE id = 1", "requests", "nothing-left"),
    ("UPDATE notices SET version = 'v4'", "consent", "everybody"),
    ("UPDATE consents_given SET first_used_at = :ago(801)", "consent", "before"),
    ("UPDATE stored_events SET stored_at = :ago(3700) WHERE id = 1", "record-classes", "deleted"),
    ("UPDATE stored_events SET stored_at = :ago(100)", "record-classes", "kept"),
    ("UPDATE users SET email = 'ann@gmail.com' WHERE id = 1", "contacts", "made-up"),
    (
        "UPDATE users SET copied_from_production = TRUE WHERE id = 2",
        "contacts",
        "not-of-production",
    ),
)
