"""Facts about backups: schedules, series of jobs, copies, recovery points, restore tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from auditor.collectors.aws.facts import Unreadable
from auditor.collectors.aws.facts.backup import (
    backup_rules,
    copies_elsewhere,
    count,
    denies_deletion,
    incomplete_points,
    job_series,
    last_backups,
    newest_point_at,
    restore_jobs_by_plan,
    schedule_interval,
    unencrypted_points,
)
from auditor.collectors.aws.facts.schedule import longest_interval

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
SHOP = "arn:aws:rds:eu-west-1:111122223333:db:shop"
VAULT = "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod"

INTERVALS = [
    ("cron(0 5 ? * * *)", DAY),
    ("cron(0 5,17 * * ? *)", 12 * HOUR),
    ("cron(0 4,6 * * ? *)", 22 * HOUR),
    ("cron(0/15 * * * ? *)", HOUR / 4),
    ("cron(0 2-20/6 * * ? *)", 6 * HOUR),
    ("cron(0 0/12 * * ? *)", 12 * HOUR),
    ("cron(0 5 ? * MON-FRI *)", 3 * DAY),
    ("cron(0 5 ? * 1 *)", 7 * DAY),
    ("cron(0 5 ? * SUN *)", 7 * DAY),
    ("cron(0 5 1 * ? *)", 31 * DAY),
    ("cron(0 5 1,15 * ? *)", 17 * DAY),
    ("cron(0 5 L * ? *)", 31 * DAY),
    ("cron(0 5 31 * ? *)", 61 * DAY),
    ("cron(0 5 1 JAN,JUL ? *)", 184 * DAY),
    ("cron(0 5 1 1 ? *)", 366 * DAY),
    ("rate(1 day)", DAY),
    ("rate(12 hours)", 12 * HOUR),
    (" rate( 30 minutes ) ", HOUR / 2),
]


@pytest.mark.parametrize(("expression", "interval"), INTERVALS)
def test_the_longest_time_between_two_runs(expression: str, interval: timedelta) -> None:
    assert longest_interval(expression) == interval


REFUSED = [
    "",
    "daily",
    "cron(0 5 * * ?)",
    "cron(0 5 ? * * 2027)",
    "cron(0 5 29 2 ? *)",
    "cron(60 5 ? * * *)",
    "cron(0 5-3 ? * * *)",
    "cron(0 5 ? * 6#3 *)",
    "cron(0 5 15W * ? *)",
    "cron(0 5 ? * FOO *)",
    "cron(0 5/0 ? * * *)",
    "rate(0 days)",
    "rate(2 weeks)",
    None,
    7,
]


@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_not_understood_is_refused(expression: object) -> None:
    with pytest.raises(ValueError, match="schedule"):
        longest_interval(expression)


def test_a_plan_without_an_expression_runs_daily() -> None:
    assert schedule_interval(None) == DAY
    assert schedule_interval("rate(7 days)") == 7 * DAY


def test_rules_of_a_plan() -> None:
    rules = [
        {
            "RuleName": "daily",
            "TargetBackupVaultName": "prod",
            "ScheduleExpression": "cron(0 5 ? * * *)",
            "Lifecycle": {"DeleteAfterDays": 35},
            "EnableContinuousBackup": True,
            "CopyActions": [{"DestinationBackupVaultArn": VAULT}],
        },
        {"RuleName": "plain", "TargetBackupVaultName": "prod"},
    ]
    daily, plain = backup_rules(rules)
    assert daily == {
        "name": "daily",
        "vault": "prod",
        "schedule": "cron(0 5 ? * * *)",
        "interval": DAY,
        "delete_after_days": 35,
        "continuous": True,
        "copies_to": [VAULT],
    }
    assert (plain["interval"], plain["delete_after_days"]) == (DAY, None)
    assert (plain["continuous"], plain["copies_to"]) == (False, [])
    with pytest.raises(ValueError, match="Rules"):
        backup_rules(None)


def _job(state: str, at: datetime, arn: object = SHOP, **more: object) -> dict[str, object]:
    known = {"BackupJobId": f"{state}-{at:%d}", "State": state, "CreationDate": at}
    return known | {"ResourceType": "RDS", "ResourceArn": arn} | more


def test_jobs_become_one_series_for_each_resource() -> None:
    jobs = [
        _job("COMPLETED", NOON),
        _job("COMPLETED", NOON - 3 * DAY - timedelta(microseconds=1)),
        _job("COMPLETED", NOON - DAY),
        _job("FAILED", NOON - 2 * DAY),
        _job("EXPIRED", NOON - 4 * DAY),
        _job("ABORTED", NOON - 5 * DAY),
        _job("PARTIAL", NOON - 6 * DAY),
        _job("RUNNING", NOON),
        _job("CREATED", NOON, "arn:other"),
    ]
    shop, other = job_series(jobs)
    assert (shop["arn"], shop["resource_type"]) == (SHOP, "RDS")
    assert (shop["jobs"], shop["completed"]) == (8, 3)
    assert shop["failed"] == ["ABORTED-26", "EXPIRED-27", "FAILED-29", "PARTIAL-25"]
    assert shop["newest"] == NOON
    assert shop["oldest"] == NOON - 3 * DAY - timedelta(microseconds=1)
    assert shop["gap"] == 2 * DAY + timedelta(seconds=1)  # never rounded down
    assert (other["completed"], other["newest"], other["gap"]) == (0, None, None)


def test_a_malformed_job_concerns_its_own_resource_only() -> None:
    bad = _job("COMPLETED", NOON, "arn:bad") | {"CreationDate": "yesterday"}
    nobody = _job("COMPLETED", NOON, None)
    series = {found["arn"]: found for found in job_series([bad, nobody, _job("COMPLETED", NOON)])}
    assert series[SHOP]["completed"] == 1
    assert isinstance(series["arn:bad"]["completed"], Unreadable)
    assert isinstance(series["arn:bad"]["gap"], Unreadable)
    assert None in series  # the list reports it as an item without a key


def test_last_backups() -> None:
    found = last_backups([{"ResourceArn": SHOP, "LastBackupTime": NOON}, {"ResourceArn": "arn:x"}])
    assert found[SHOP] == NOON
    assert isinstance(found["arn:x"], Unreadable)
    with pytest.raises(ValueError, match="Results"):
        last_backups(None)


def _copy(
    to: str, at: object = NOON, state: str = "COMPLETED", arn: str = SHOP
) -> dict[str, object]:
    return {
        "ResourceArn": arn,
        "State": state,
        "CreationDate": at,
        "SourceBackupVaultArn": VAULT,
        "DestinationBackupVaultArn": to,
    }


def test_only_completed_copies_to_another_place_count() -> None:
    region, account = VAULT.replace("eu-west-1", "eu-central-1"), VAULT.replace("1111", "4444")
    found = copies_elsewhere(
        [
            _copy(region, NOON - 2 * DAY),
            _copy(account, NOON - DAY),
            _copy(region, NOON - 3 * DAY),
            _copy(region, NOON, "RUNNING"),
            _copy(VAULT.replace(":prod", ":second"), NOON),
            _copy(VAULT, NOON, arn="arn:only-here"),
            _copy("nonsense", NOON, arn="arn:bad"),
            _copy(region, NOON, arn="arn:bad"),
            _copy(region, None, arn="arn:undated"),
        ]
    )
    assert found[SHOP] == NOON - DAY
    assert "arn:only-here" not in found
    assert isinstance(found["arn:bad"], Unreadable)
    assert isinstance(found["arn:undated"], Unreadable)


def _point(name: str, status: str = "COMPLETED", **more: object) -> dict[str, object]:
    known = {"RecoveryPointArn": name, "Status": status, "IsEncrypted": True, "CreationDate": NOON}
    return known | more


def test_recovery_points() -> None:
    points = [
        _point("b", IsEncrypted=False),
        _point("a", IsEncrypted=False, CreationDate=NOON + DAY),
        _point("c", "PARTIAL", CreationDate=NOON + 2 * DAY),
        _point("d", "EXPIRED", CreationDate=NOON - 90 * DAY),
        _point("e", "AVAILABLE", CreationDate=NOON - DAY),
    ]
    assert unencrypted_points(points) == ["a", "b"]
    assert incomplete_points(points) == ["c", "d"]
    assert newest_point_at(points) == NOON + DAY
    assert newest_point_at(points[2:4]) is None
    assert count(points) == 5


def test_malformed_recovery_points_are_refused() -> None:
    with pytest.raises(ValueError, match="IsEncrypted"):
        unencrypted_points([_point("a", IsEncrypted=None)])
    with pytest.raises(ValueError, match="CreationDate"):
        newest_point_at([_point("a", CreationDate=None)])
    with pytest.raises(ValueError, match="Status"):
        newest_point_at([{"RecoveryPointArn": "a"}])
    with pytest.raises(ValueError, match="list"):
        count(None)


DENIAL: dict[str, object] = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"],
    "Resource": "*",
}
NO_DENIALS: list[dict[str, object]] = [
    {"Effect": "Allow"},
    {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
    {"Action": "backup:DeleteBackupVault"},
    {"Resource": "arn:aws:backup:eu-west-1:111122223333:recovery-point:x"},
    {"Condition": {"StringNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/x"}}},
]


def test_a_policy_that_denies_everybody_to_delete() -> None:
    for action in ("backup:DeleteRecoveryPoint", "backup:*", "*"):
        statement = DENIAL | {"Action": action, "Principal": "*"}
        assert denies_deletion(json.dumps({"Statement": statement}))
    assert denies_deletion(json.dumps({"Statement": [DENIAL | NO_DENIALS[0], DENIAL]}))


@pytest.mark.parametrize("change", NO_DENIALS)
def test_what_is_no_such_denial(change: dict[str, object]) -> None:
    assert not denies_deletion(json.dumps({"Statement": [DENIAL | change]}))


def test_restore_jobs_belong_to_their_plan() -> None:
    mine = {"CreatedBy": {"RestoreTestingPlanArn": "arn:plan"}, "RestoreJobId": "1"}
    times = {"CreationDate": NOON, "CompletionDate": NOON + HOUR + timedelta(microseconds=1)}
    found = restore_jobs_by_plan(
        [
            mine | times | {"Status": "COMPLETED", "ValidationStatus": "SUCCESSFUL"},
            mine | {"Status": "RUNNING", "CreationDate": NOON},
            {"RestoreJobId": "by hand", "Status": "COMPLETED"} | times,
            {"CreatedBy": {"RestoreTestingPlanArn": "arn:bad"}, "CreationDate": "today"},
        ]
    )
    plan = found["arn:plan"]
    assert isinstance(plan, list)
    assert [job["duration"] for job in plan] == [HOUR + timedelta(seconds=1), None]
    assert [job["validation"] for job in plan] == ["SUCCESSFUL", None]
    assert isinstance(found["arn:bad"], Unreadable)
    assert found.keys() == {"arn:plan", "arn:bad"}
