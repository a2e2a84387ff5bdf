"""Small periods for tests of the engine: a control, days, and what each run found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.core.model.control import Control
from auditor.core.model.finding import Finding
from auditor.core.model.period_report import (
    Bounds,
    ControlPeriod,
    PeriodLog,
    PeriodReport,
    RunLine,
    RunState,
)
from auditor.core.model.policy import Policy
from auditor.core.model.status import Cause, Severity, Status
from auditor.core.model.target import Target
from auditor.core.period.inputs import PeriodQuestion, ReadingFacts, RunContent
from auditor.core.period.report import build_period

SINCE = datetime(2026, 7, 1, tzinfo=UTC)
DAYS = 10
UNTIL = SINCE + timedelta(days=DAYS)
TARGET = Target("one", "demo", "prod")


def control(**more: object) -> Control:
    """A daily control with one check on `demo.thing`."""
    check = {
        "id": "thing",
        "title": "Things are ok",
        "collector": "demo",
        "resource": "demo.thing",
        "key": "resource.name",
        "population": {"on_empty": "error"},
        "freshness": "24h",
        "assert": [{"id": "ok", "expr": "resource.ok", "severity": "high", "message": "is not ok"}],
        "remediation": {"text": "make it ok again"},
        "verify_by_hand": "look at it",
    }
    document = {
        "id": "things",
        "title": "Things are in order",
        "statement": "Every thing is kept in order, and seen to be.",
        "owner": {"role": "head-of-things"},
        "nature": {"type": "detective", "execution": "automated"},
        "frequency": "continuous",
        "evaluate": {"every": "24h", "gap_tolerance": "6h"},
        "maps": {"soc2": [{"id": "CC6.1", "strength": "full"}]},
        "parameters": {
            "grace": {"type": "int", "default": 3, "loosest": 9, "doc": "days that are allowed"}
        },
        "checks": [check],
    }
    return Control.model_validate(document | more)


def policy(*controls: Control, **more: Any) -> Policy:
    """A policy of one target."""
    chosen = controls or (control(),)
    return replace(Policy(chosen, (), (TARGET,), ("prod",), {}, organisation="Example"), **more)


def found(key: str, status: str = "pass", *, uid: str = "", **more: Any) -> dict[str, Any]:
    """A finding of the check, as `verdicts-1` has it; with a pointer, as of a resource."""
    made = Finding(
        control="things", check="thing", target="one", key=key, status=Status(status),
        severity=Severity.HIGH, environment="prod", resource_type="demo.thing", uid=uid,
        pointer=f"/resources/{key}" if key else "",
        cause=Cause.DENIED if status == "error" else None,
    )  # fmt: skip
    return replace(made, **more).to_json()


@dataclass(frozen=True)
class Day:
    """A run: on which day of the period (before it below 0), and what it found."""

    number: float
    findings: Sequence[Mapping[str, Any]] = field(default_factory=lambda: [found("a")])
    state: RunState = RunState.COMPLETE
    policy: Policy = field(default_factory=policy)
    program: str = "auditor 1"

    @property
    def run(self) -> str:
        return f"run-{self.number:06.2f}"

    def line(self) -> RunLine:
        now = SINCE + timedelta(days=self.number, hours=6)
        return RunLine(
            run=self.run, now=now, started_at=now, ended_at=now, state=self.state, outcome="ok",
            reason="" if self.state is RunState.COMPLETE else "it broke off", counts={},
            policy=f"sha256:{hash(repr(self.policy))}", verdicts="", statement="", signer="",
            timestamped=False, first_entry=int(1000 + self.number * 100), last_entry=0, targets=1,
            controls=1,
        )  # fmt: skip

    def content(self) -> RunContent:
        reading = ReadingFacts("one", "demo.thing", f"sha256:{self.run}", 1, complete=True)
        return RunContent(self.policy, self.findings, (), (reading,), self.program)


def question(**more: Any) -> PeriodQuestion:
    """About the first ten days of July."""
    made = PeriodQuestion(
        tool="auditor 1",
        bounds=Bounds("test", SINCE, UNTIL),
        log=PeriodLog("test/log", 1, "", UNTIL + timedelta(days=1)),
        remediation={Severity.HIGH: timedelta(days=3)},
    )
    return replace(made, **more)


def report(days: Iterable[Day], **more: Any) -> PeriodReport:
    """The report of these runs."""
    known = {day.run: day for day in days}
    return build_period(
        question(**more),
        [day.line() for day in known.values()],
        lambda line: known[line.run].content(),
    )


def only(days: Iterable[Day], **more: Any) -> ControlPeriod:
    """The one control of the report."""
    (result,) = report(days, **more).controls
    return result


def daily(findings: Mapping[int, Sequence[Mapping[str, Any]]] | None = None) -> list[Day]:
    """A run on each day; on days that are not named the resource `a` passes."""
    chosen = findings or {}
    return [Day(n, chosen.get(n, [found("a")])) for n in range(DAYS)]
