"""The systems of the simulated quarter, and what happens to them day by day.

A collector in memory whose answers depend on nothing but the clock of the run: 300 resources on
three targets that come, go, fail and are fixed. Each story below is a fact that the period report
has to tell; `test_planted_facts` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from pydantic import BaseModel, ConfigDict

from auditor.collectors.interface import (
    CollectionContext,
    Expander,
    PlannedCall,
    Preflight,
    TargetKind,
)
from auditor.core.model.fields import Record, Scalar
from auditor.core.model.observation import Gap, Observation, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.model.target import Target

TEXT, FLAG, NUMBER = Scalar("string"), Scalar("bool"), Scalar("int")
DISK = Record(
    {"name": TEXT, "encrypted": FLAG, "key_days": NUMBER, "exempt": FLAG, "labelled": FLAG}
)
ACCOUNT = Record({"name": TEXT, "mfa": FLAG, "named": FLAG})
REVIEW = Record({"name": TEXT, "done": FLAG})
RESTORE = Record({"name": TEXT, "ok": FLAG})
DISKS = {"estate-a": 150, "estate-b": 80, "estate-c": 46}
ACCOUNTS, REVIEWS = 20, 4
NEVER = date(2027, 1, 1)
Span = tuple[date, date]
"""From the first day to the day after the last."""


def day(month: int, number: int) -> date:
    """A day of 2026."""
    return date(2026, month, number)


UNENCRYPTED: Mapping[str, Span] = {
    "a-007": (day(6, 28), day(8, 10)),  # failed before the period; fixed late, after 43 days
    "a-020": (day(7, 10), day(7, 15)),  # fixed in time
    "a-050": (day(9, 5), NEVER),  # open at the end, still in time
    "a-061": (day(7, 12), day(8, 1)),  # vanishes on 18 July
    "a-062": (day(7, 12), day(7, 22)),  # re-created on 22 July, encrypted
    "a-063": (day(7, 12), NEVER),  # vanishes on 20 July, returns on 27 July still failing
    "a-070": (day(6, 28), day(9, 5)),  # waived by W-2026-002 until 10 September
    "a-071": (day(7, 3), day(7, 20)),  # its waiver is not signed
    "a-072": (day(7, 6), NEVER),  # waived from 9 July on by W-2026-004
    "a-090": (day(7, 14), NEVER),  # exempt from 16 July on
    "b-005": (day(7, 24), day(8, 6)),  # its target is out of scope from 28 to 30 July
    "c-003": (day(9, 15), NEVER),  # its target is out of scope from 20 September on
}
WITHOUT_MFA: Mapping[str, Span] = {
    "u-03": (day(7, 5), day(7, 25)),  # fixed late: 20 days, critical has 7
    "u-09": (day(6, 28), NEVER),  # waived by W-2026-001 until 15 August, then fails on
}
OLD_KEYS: Mapping[str, Span] = {
    "a-080": (day(7, 27), day(9, 2)),  # passes in August, while 60 days are allowed
}
ABSENT: Mapping[str, Span] = {
    "a-061": (day(7, 18), NEVER),
    "a-063": (day(7, 20), day(7, 27)),
    "a-140": (day(9, 8), NEVER),  # was never failing
}
EXEMPT: Mapping[str, Span] = {"a-090": (day(7, 16), NEVER)}
NEW_DISKS = tuple(date.fromordinal(day(7, 6).toordinal() + 7 * n) for n in range(12))
RECREATED = day(7, 22)
DENIED = ((day(8, 3), day(8, 6)), (day(8, 17), day(8, 18)))
ABORTED, INTERRUPTED = day(8, 13), day(8, 20)


def _in(spans: Mapping[str, Span], name: str, today: date) -> bool:
    since, until = spans.get(name, (NEVER, NEVER))
    return since <= today < until


class EstateSettings(BaseModel):
    """Nothing: the name of the target says what it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EstateCollector:
    """Answers as the day has it."""

    name = "estate"
    query_language = ""
    target_kinds: Mapping[str, TargetKind] = {"estate": TargetKind(EstateSettings)}
    expanders: Sequence[Expander] = ()

    def resource_types(self) -> Mapping[str, ResourceType]:
        fields = {"disk": DISK, "account": ACCOUNT, "review": REVIEW, "restore": RESTORE}
        return {
            f"estate.{name}": ResourceType(f"estate.{name}", name.title(), of, Record({}))
            for name, of in fields.items()
        }

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        return {"text": "".join(f"read {name}\n" for name in resource_types)}

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        return [PlannedCall(f"list {name}", 1, target.name) for name in resource_types]

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        del context
        return Preflight(f"estate on {target.name}")

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        today = context.clock().date()
        for number, name in enumerate(resource_types):
            if number == 1 and target.name == "estate-a" and today == INTERRUPTED:
                raise KeyboardInterrupt
            yield self._observe(target, name, context.clock(), today)

    def _observe(self, target: Target, kind: str, now: datetime, today: date) -> Observation:
        denied = kind == "estate.account" and any(a <= today < b for a, b in DENIED)
        gap = Gap(Cause.DENIED, "the directory refused", action="directory:List", hint="grant it")
        return Observation(
            target=target.name,
            environment=target.environment,
            resource_type=kind,
            identity="auditor@example.org",
            started_at=now,
            read_at=now,
            as_of=now,
            resources=() if denied else tuple(RESOURCES[kind](target.name, today)),
            gaps=(gap,) if denied else (),
        )


def _disks(target: str, today: date) -> Iterator[Resource]:
    letter = target.removeprefix("estate-")
    names = [f"{letter}-{number:03d}" for number in range(1, DISKS[target] + 1)]
    if target == "estate-a":
        names += [f"a-new-{n:02d}" for n, since in enumerate(NEW_DISKS, 1) if since <= today]
    for name in sorted(names):
        if _in(ABSENT, name, today):
            continue
        version = 2 if name == "a-062" and today >= RECREATED else 1
        yield Resource(
            {
                "name": name,
                "encrypted": not _in(UNENCRYPTED, name, today),
                "key_days": 45 if _in(OLD_KEYS, name, today) else 10,
                "exempt": _in(EXEMPT, name, today),
                "labelled": name != "b-010",
            },
            uid=f"uid-{name}-{version}",
        )


def _accounts(target: str, today: date) -> Iterator[Resource]:
    for number in range(1, ACCOUNTS + 1 if target == "estate-a" else 1):
        name = f"u-{number:02d}"
        yield Resource({"name": name, "mfa": not _in(WITHOUT_MFA, name, today), "named": True})


def _reviews(target: str, _today: date) -> Iterator[Resource]:
    for number in range(1, REVIEWS + 1 if target == "estate-a" else 1):
        yield Resource({"name": f"review-{number}", "done": True})


def _restores(_target: str, _today: date) -> Iterator[Resource]:
    yield from ()


RESOURCES = {
    "estate.disk": _disks,
    "estate.account": _accounts,
    "estate.review": _reviews,
    "estate.restore": _restores,
}


def moment(today: date, hour: int = 6) -> datetime:
    """When the run of a day begins."""
    return datetime(today.year, today.month, today.day, hour, tzinfo=UTC)
