"""What AWS Backup tells about plans, jobs, recovery points and restore tests.

Standard: the AWS Backup API Reference. Lists of jobs reach 30 days back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from auditor.collectors.aws.facts.policy import policy_statements
from auditor.collectors.aws.facts.schedule import DAILY_AT_FIVE, longest_interval
from auditor.collectors.aws.facts.unreadable import (
    Unreadable,
    mapping,
    mappings,
    optional_mappings,
    sequence,
    text,
)

_FAILED = {"ABORTED", "FAILED", "EXPIRED", "PARTIAL"}
_STORED = {"AVAILABLE", "COMPLETED"}
_DELETES = ("backup:deleterecoverypoint", "backup:*", "*")
_ARN_REGION, _ARN_ACCOUNT, _ARN_PARTS = 3, 4, 7


def backup_rules(rules: object) -> list[dict[str, object]]:
    """The rules of a plan, each with the longest time between two of its runs."""
    return [_rule(rule) for rule in mappings(rules, "Rules")]


def _rule(rule: Mapping[str, object]) -> dict[str, object]:
    schedule = text(rule.get("ScheduleExpression") or DAILY_AT_FIVE, "ScheduleExpression")
    lifecycle = mapping(rule.get("Lifecycle") or {}, "Lifecycle")
    copies = optional_mappings(rule.get("CopyActions"), "CopyActions")
    return {
        "name": rule.get("RuleName"),
        "vault": rule.get("TargetBackupVaultName"),
        "schedule": schedule,
        "interval": longest_interval(schedule),
        "delete_after_days": lifecycle.get("DeleteAfterDays"),
        "continuous": rule.get("EnableContinuousBackup") is True,
        "copies_to": [
            text(copy.get("DestinationBackupVaultArn"), "DestinationBackupVaultArn")
            for copy in copies
        ],
    }


def schedule_interval(expression: object) -> timedelta:
    """The longest time between two runs; without an expression AWS runs daily."""
    return longest_interval(expression or DAILY_AT_FIVE)


def job_series(jobs: object) -> list[dict[str, object]]:
    """The jobs of each resource as one item.

    A job without a resource is an item of its own without an ARN, which the list then reports; a
    job that cannot be understood makes the facts of its resource unreadable, and no others.
    """
    grouped: dict[object, list[dict[str, object]]] = {}
    for job in mappings(jobs, "BackupJobs"):
        grouped.setdefault(job.get("ResourceArn"), []).append(job)
    return [_series(arn, own) for arn, own in grouped.items()]


def _series(arn: object, jobs: list[dict[str, object]]) -> dict[str, object]:
    try:
        return {"arn": arn, **_series_facts(jobs)}
    except ValueError as error:
        names = ("resource_type", "jobs", "failed", "completed", "newest", "oldest", "gap")
        return {"arn": arn, **dict.fromkeys(names, Unreadable(str(error)))}


def _series_facts(jobs: list[dict[str, object]]) -> dict[str, object]:
    states = [text(job.get("State"), "State") for job in jobs]
    done = sorted(
        _moment(job.get("CreationDate"), "CreationDate")
        for job, state in zip(jobs, states, strict=True)
        if state == "COMPLETED"
    )
    failed = [job for job, state in zip(jobs, states, strict=True) if state in _FAILED]
    gaps = [_whole(after - before) for before, after in pairwise(done)]
    return {
        "resource_type": jobs[0].get("ResourceType"),
        "jobs": len(jobs),
        "failed": sorted(text(job.get("BackupJobId"), "BackupJobId") for job in failed),
        "completed": len(done),
        "oldest": done[0] if done else None,
        "newest": done[-1] if done else None,
        "gap": max(gaps, default=None),
    }


def last_backups(resources: object) -> dict[str, object]:
    """ARN of a resource to the moment of its last backup."""
    return {
        text(resource.get("ResourceArn"), "ResourceArn"): (
            resource.get("LastBackupTime") or Unreadable("LastBackupTime is left out")
        )
        for resource in mappings(resources, "Results")
    }


def copies_elsewhere(jobs: object) -> dict[str, object]:
    """ARN of a resource to when its newest copy in another region or account was completed."""
    found: dict[str, object] = {}
    for job in mappings(jobs, "CopyJobs"):
        arn = text(job.get("ResourceArn"), "ResourceArn")
        known = found.get(arn)
        if isinstance(known, Unreadable):
            continue
        try:
            made = _copied_at(job)
        except ValueError as error:
            found[arn] = Unreadable(str(error))
            continue
        if made is not None and (not isinstance(known, datetime) or made > known):
            found[arn] = made
    return found


def _copied_at(job: Mapping[str, object]) -> datetime | None:
    """When a copy to another place was completed; null: it was not, or it stays here."""
    if text(job.get("State"), "State") != "COMPLETED":
        return None
    source, target = (_place(job.get(f"{end}BackupVaultArn")) for end in ("Source", "Destination"))
    # The moment of the data counts, not that of the end of a slow copy: creation is the earlier.
    return _moment(job.get("CreationDate"), "CreationDate") if source != target else None


def _place(arn: object) -> tuple[str, str]:
    """Region and account of a vault."""
    parts = text(arn, "BackupVaultArn").split(":", maxsplit=_ARN_PARTS - 1)
    if len(parts) != _ARN_PARTS or not parts[_ARN_REGION] or not parts[_ARN_ACCOUNT]:
        raise ValueError(f"BackupVaultArn: got {arn!r}")
    return parts[_ARN_REGION], parts[_ARN_ACCOUNT]


def unencrypted_points(points: object) -> list[str]:
    """ARNs of the recovery points that are not encrypted, sorted."""
    found = mappings(points, "RecoveryPoints")
    return sorted(_arn(point) for point in found if not _encrypted(point))


def incomplete_points(points: object) -> list[str]:
    """ARNs of the recovery points that hold a part of the data only, sorted."""
    found = mappings(points, "RecoveryPoints")
    return sorted(_arn(point) for point in found if point.get("Status") in {"PARTIAL", "EXPIRED"})


def newest_point_at(points: object) -> datetime | None:
    """When the newest complete recovery point was made; null: there is none."""
    return max(
        (
            _moment(point.get("CreationDate"), "CreationDate")
            for point in mappings(points, "RecoveryPoints")
            if text(point.get("Status"), "Status") in _STORED
        ),
        default=None,
    )


def _encrypted(point: Mapping[str, object]) -> bool:
    value = point.get("IsEncrypted")
    if not isinstance(value, bool):
        raise ValueError(f"IsEncrypted: got {value!r}, expected true or false")
    return value


def _arn(point: Mapping[str, object]) -> str:
    return text(point.get("RecoveryPointArn"), "RecoveryPointArn")


def denies_deletion(document: object) -> bool:
    """Whether a vault's policy refuses to everybody, always, to delete recovery points."""
    return any(
        statement["effect"] == "Deny"
        and not statement["conditions"]
        and any(principal["id"] == "*" for principal in statement["principals"])
        and "*" in statement["resources"]
        and any(action in _DELETES for action in statement["actions"])
        for statement in policy_statements(document)
    )


def count(items: object) -> int:
    """How many there are."""
    return len(sequence(items, "list"))


def restore_jobs_by_plan(jobs: object) -> dict[str, object]:
    """ARN of a restore testing plan to its jobs; restores that people started are left out."""
    found: dict[str, list[dict[str, object]]] = {}
    for job in mappings(jobs, "RestoreJobs"):
        plan = mapping(job.get("CreatedBy") or {}, "CreatedBy").get("RestoreTestingPlanArn")
        if plan is not None:
            found.setdefault(text(plan, "RestoreTestingPlanArn"), []).append(job)
    return {plan: _readable(own) for plan, own in found.items()}


def _readable(jobs: Iterable[Mapping[str, object]]) -> object:
    """The jobs of one plan; one that cannot be understood makes them unreadable together."""
    try:
        return [_restore(job) for job in jobs]
    except ValueError as error:
        return Unreadable(str(error))


def _restore(job: Mapping[str, object]) -> dict[str, object]:
    started = _moment(job.get("CreationDate"), "CreationDate")
    ended = job.get("CompletionDate")
    duration = None if ended is None else _whole(_moment(ended, "CompletionDate") - started)
    return {
        "id": job.get("RestoreJobId"),
        "resource": job.get("SourceResourceArn"),
        "resource_type": job.get("ResourceType"),
        "status": job.get("Status"),
        "validation": job.get("ValidationStatus"),
        "started_at": started,
        "duration": duration,
    }


def _whole(span: timedelta) -> timedelta:
    """The time rounded up to seconds: a bound that is missed by a moment is missed."""
    return -(-span // timedelta(seconds=1)) * timedelta(seconds=1)


def _moment(value: object, what: str) -> datetime:
    if not isinstance(value, datetime):
        raise ValueError(f"{what}: got {value!r}, expected a time")
    return value
