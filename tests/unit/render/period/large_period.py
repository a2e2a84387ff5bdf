"""Period reports made by hand: of any size, and with any text in every field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.core.model.period_report import (
    AttestationPeriod,
    Baseline,
    Bounds,
    Change,
    CheckPeriod,
    Closing,
    ControlPeriod,
    CoveredItem,
    Effect,
    EvidenceRef,
    FindingHistory,
    FrameworkLine,
    Incompleteness,
    Item,
    LogEvent,
    NoEvidence,
    Opening,
    PeriodLog,
    PeriodReport,
    PeriodState,
    PopulationPeriod,
    Problem,
    RequirementPeriod,
    Response,
    RunLine,
    RunState,
    SeriesPoint,
    UnreadPeriod,
    WaiverPeriod,
)
from auditor.core.model.status import Cause, ControlStatus, Severity

SINCE, UNTIL = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DIGEST = "sha256:" + "0123456789abcdef" * 4
ACCOUNT = "arn:aws:iam::123456789012:user"
COUNTS = {"pass": 40, "fail": 2, "error": 0, "manual": 0, "not_applicable": 0, "waived": 1}
CONTROLS = 5
_SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
_CLOSINGS = (Closing.FIXED, Closing.OPEN, Closing.VANISHED, Closing.LOOSENED)


def large_period(number: int) -> PeriodReport:
    """A report with that many findings over five controls and thirty runs."""
    findings = tuple(_finding(index) for index in range(number))
    controls = tuple(_control(index) for index in range(CONTROLS))
    facts = {f"controls_{state.value}": 0 for state in PeriodState}
    facts |= {f"runs_{state.value}": 0 for state in RunState}
    facts |= {"controls": CONTROLS, "controls_deviations": CONTROLS, "runs": 30}
    facts |= {"runs_complete": 30, "findings": number, "changes": 1, "changes_loosening": 1}
    facts |= {"findings_late": sum(one.late for one in findings), "changes_unknown": 0}
    facts |= {"findings_open": sum(one.closed_at is None for one in findings), "unread": 1}
    return PeriodReport(
        tool="auditor test",
        organisation="Example Ltd",
        period=Bounds("2026-Q3", SINCE, UNTIL),
        frameworks=(FrameworkLine("soc2", "SOC 2 trust services criteria", "2017"),),
        asked_frameworks=("soc2",),
        log=PeriodLog("example/log", 400, "NeYC3ov5p3/KhHZKjIue1o708naeuryGhJ/TB+I6QlE=", UNTIL),
        baseline=Baseline("20260630T060000Z-1635b3", SINCE - DAY, DIGEST, "before_period"),
        remediation={Severity.CRITICAL: 7 * DAY, Severity.HIGH: 30 * DAY},
        facts=facts,
        problems=(Problem("aborted_run", "the disk was full", "20260713T060000Z-068e66", SINCE),),
        changes=(_change(),),
        requirements=_requirements(),
        controls=controls,
        findings=findings,
        waivers=(_waiver(),),
        attestations=(AttestationPeriod(7, SINCE, {"statement": "the review was done"}),),
        coverage=(_unread(),),
        runs=tuple(_run(index) for index in range(30)),
        events=(LogEvent(9, SINCE, "key", "run key, rotate: yearly rotation"),),
        responses=(_response(),),
        unmatched_responses=("nobody.yaml: accounts/mfa@a/u-99",),
    )


def with_texts(report: PeriodReport, text: Callable[[str], str]) -> PeriodReport:
    """The report with every text but ids, digests and run names made anew."""
    changed: PeriodReport = _renewed(report, text)
    return changed


FIXED = frozenset(
    {"id", "control", "controls", "unmapped", "framework", "kind", "fingerprint", "root", "anchor"}
    | {"chosen", "asked_frameworks", "digest", "policy", "verdicts", "statement_digest"}
)


def _renewed(value: Any, text: Callable[[str], str], name: str = "") -> Any:
    if name in FIXED or isinstance(value, (datetime, timedelta, bool, int)):
        return value
    if isinstance(value, str):
        return text(value) if type(value) is str else value
    if isinstance(value, tuple):
        return tuple(_renewed(item, text) for item in value)
    if isinstance(value, Mapping):
        return value if name != "fields" else {key: text(str(v)) for key, v in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        made = {
            one.name: _renewed(getattr(value, one.name), text, one.name) for one in fields(value)
        }
        return replace(value, **made)
    return value


def _finding(index: int) -> FindingHistory:
    closing = _CLOSINGS[index % len(_CLOSINGS)]
    lasted = timedelta(days=index % 50 + 1)
    key = f"{ACCOUNT}/department-{index % 40:02d}/person-{index:06d}"
    severity = _SEVERITIES[index % len(_SEVERITIES)]
    target = {Severity.CRITICAL: 7 * DAY, Severity.HIGH: 30 * DAY}.get(severity)
    return FindingHistory(
        fingerprint=f"{index:064x}",
        id=f"control-{index % CONTROLS}/mfa@aws-prod/{key}",
        control=f"control-{index % CONTROLS}",
        check="mfa",
        target="aws-prod",
        environment="prod",
        resource=key,
        uid=f"AIDA{index:016d}",
        severity=severity,
        reason=f"{key} has a console password and no second factor",
        opening=Opening.CHANGED,
        first_seen=SINCE,
        first_run="20260701T060000Z-000001",
        last_seen=SINCE + lasted,
        last_run="20260801T060000Z-000002",
        closing=closing,
        closed_at=None if closing is Closing.OPEN else SINCE + lasted,
        closing_run="",
        closing_detail="",
        duration=lasted,
        target_time=target,
        late=target is not None and lasted > target,
        runs=lasted.days,
        undecided_runs=0,
        successor="",
        evidence=DIGEST,
        pointer=f"/resources/{index}",
        closing_evidence=DIGEST,
        responses=(_response(),) if index == 0 else (),
    )


def _response() -> Response:
    return Response("accounts/mfa@a/u-1", "set up by hand", "not any more", "head", SINCE, "a.yaml")


def _control(index: int) -> ControlPeriod:
    every = DAY
    series = tuple(
        SeriesPoint(f"run-{day}", SINCE + day * DAY, list(ControlStatus)[day % 6], COUNTS)
        for day in range(30)
    )
    items = tuple(Item("aws-prod", f"u-{n}", f"uid-{n}", SINCE, "uid-old") for n in range(12))
    people = PopulationPeriod(40, 45, 38, 50, items, items[:2], items[:1])
    return ControlPeriod(
        id=f"control-{index}",
        title="Every person who signs in has a second factor",
        statement="Nobody signs in with a password alone.",
        owner="head-of-platform",
        frequency="continuous",
        nature="detective",
        execution="automated",
        every=every,
        gap_tolerance=timedelta(hours=6),
        state=PeriodState.DEVIATIONS,
        summary="2 of 20 items (one check on one resource) deviated",
        runs_expected=92,
        runs_done=30,
        items=20,
        deviating=2,
        judgements=600,
        failing_judgements=60,
        runs_with_deviations=30,
        undecided=1,
        waived=1,
        gaps=(NoEvidence(SINCE + 29 * DAY, UNTIL, every),),
        incomplete=(Incompleteness("no_evidence", "no evidence", SINCE + 29 * DAY, UNTIL, 0),
                    Incompleteness("undecided", "items in error: 1", SINCE, SINCE, 1)),
        mappings=("soc2 CC6.1",),
        series=series,
        checks=(CheckPeriod("mfa", "Every account has one", "aws", "aws.iam.user",
                            "aws.iam.user where !resource.exempt", "look", 30, SINCE, UNTIL,
                            COUNTS, 20, 2, ("its scope is false",), people),),
        evidence=(EvidenceRef("aws-prod", "aws.iam.user", 30, 1, "run-0", DIGEST, 40, "run-29",
                              DIGEST, 45),),
    )  # fmt: skip


def _requirements() -> tuple[RequirementPeriod, ...]:
    ids = tuple(f"control-{index}" for index in range(CONTROLS))
    states = {state.value: () for state in PeriodState} | {"deviations": ids}
    none = {state.value: () for state in PeriodState}
    return (
        RequirementPeriod("soc2", "CC6.1", "Logical access", "auto", ids, (), states, 100, 10),
        RequirementPeriod("soc2", "CC9.1", "Disruption", "attest", (), (), none, 0, 0),
    )


def _change() -> Change:
    return Change(SINCE, "20260701T060000Z-000001", "20260630T060000Z-1635b3", "parameter",
                  "control-1.max_days", "value in prod", "30", "60", Effect.LOOSENS)  # fmt: skip


def _waiver() -> WaiverPeriod:
    covered = CoveredItem("accounts/mfa@a/u-1", "0" * 64, SINCE, UNTIL, UNTIL)
    return WaiverPeriod("W-1", "accounts/mfa", 'resource.name == "u-1"', ("prod",), "replaced",
                        "R-1", ("it is watched",), "head", "ciso", SINCE, UNTIL, 1, "valid",
                        SINCE, UNTIL, expired=True, failing_after=1, refused=("it expired",),
                        items=(covered,))  # fmt: skip


def _unread() -> UnreadPeriod:
    return UnreadPeriod("aws-prod", "aws.iam.user", "", Cause.DENIED, "iam:ListUsers",
                        "the account refused", "grant it", SINCE, SINCE + 2 * DAY, 3)  # fmt: skip


def _run(day: int) -> RunLine:
    now = SINCE + day * DAY
    return RunLine(f"run-{day:02d}", now, now, now, RunState.COMPLETE, "failing", "", COUNTS,
                   DIGEST, DIGEST, DIGEST, "a" * 64, timestamped=day > 0, first_entry=day * 9,
                   last_entry=day * 9 + 8, targets=1, controls=CONTROLS)  # fmt: skip
