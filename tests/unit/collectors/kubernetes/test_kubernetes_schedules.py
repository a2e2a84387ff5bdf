"""The longest time between two runs of a schedule."""

from __future__ import annotations

import pytest

from auditor.collectors.kubernetes.facts.cron import longest_interval_s

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [
        ("* * * * *", MINUTE),
        ("*/5 * * * *", 5 * MINUTE),
        ("*/7 * * * *", 7 * MINUTE),
        ("0 * * * *", HOUR),
        ("@hourly", HOUR),
        ("0 2 * * *", DAY),
        ("? 2 * * ?", DAY - 59 * MINUTE),
        ("0 2,14 * * *", 12 * HOUR),
        ("0 8-18 * * *", 14 * HOUR),
        ("0 9 * * 1-5", 3 * DAY),
        ("0 9 * * MON-FRI", 3 * DAY),
        ("@weekly", 7 * DAY),
        ("0 0 1 * *", 31 * DAY),
        ("0 0 31 * *", 61 * DAY),
        ("0 0 1 jan *", 366 * DAY),
        ("0 0 29 2 *", 1461 * DAY),
        ("0 0 1 * 1", 7 * DAY),  # either day matches
        ("0 0 */2 * 1", 2 * DAY),  # a step restricts, too: either matches
        ("0 0 */1 * 1", 7 * DAY),  # this one does not
        ("10/20 * * * *", 20 * MINUTE),
        ("@every 1h30m", 90 * MINUTE),
    ],
)
def test_the_longest_interval(schedule: str, seconds: int) -> None:
    assert longest_interval_s(schedule) == seconds


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "* * * *",
        "60 * * * *",
        "* * * * 7",
        "a * * * *",
        "5-1 * * * *",
        "*/0 * * * *",
        "*/x * * * *",
        "0 0 31 2 *",
        "@every ",
        "@often",
        "* * * * * *",
    ],
)
def test_what_is_no_schedule_or_never_runs_is_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"schedule|number"):
        longest_interval_s(schedule)
