"""A small report of a period, built by hand: every part of it is there once, or once for each text.

`small_period(texts)` puts each text into the fields that hold collected or configured words, so
that a test can feed hostile ones and compare with harmless ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

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
from auditor.core.model.status import Cause, ControlStatus, Severity, Status

SINCE, UNTIL = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DIGEST = "sha256:" + "ab" * 32
PLAIN = ("alice", "bob", "carol")
_RUN = "20260701T060000Z-0a0a"
_COUNTS = {status.value: 1 for status in Status}


def small_period(texts: Sequence[str] = PLAIN, findings: int = 0) -> PeriodReport:
    """The report.

    Args:
        texts: Put into the fields of words; a finding, an item and so on for each.
        findings: Histories of plain findings, more.
    """
    plain = [f"person-{number:05d}" for number in range(findings)]
    histories = tuple(_history(n, text) for n, text in enumerate([*texts, *plain]))
    return PeriodReport(
        tool="auditor 0.1.0",
        organisation=texts[0],
        period=Bounds("2026-Q3", SINCE, UNTIL),
        frameworks=(FrameworkLine("soc2", "SOC 2", "2017"),),
        asked_frameworks=(),
        log=PeriodLog("example-ltd/auditor-log", 841, "A" * 43 + "=", UNTIL),
        baseline=Baseline(_RUN, SINCE - DAY, DIGEST, "before_period"),
        remediation={"high": 30 * DAY},
        facts=_facts(len(histories)),
        problems=tuple(Problem("clock", text, _RUN, SINCE) for text in texts),
        changes=tuple(_change(text) for text in texts),
        requirements=tuple(_requirement(name) for name in ("CC6.1", "CC6.2")),
        controls=tuple(_control(state, texts) for state in PeriodState),
        findings=histories,
        waivers=tuple(_waiver(text) for text in texts),
        attestations=(AttestationPeriod(40, SINCE, {"by": texts[0], "role": "ciso"}),),
        coverage=tuple(_unread(text) for text in texts),
        runs=(_run(RunState.COMPLETE, ""), *(_run(RunState.ABORTED, text) for text in texts)),
        events=tuple(LogEvent(12, SINCE, "key.added", text) for text in texts),
        responses=(),
        unmatched_responses=tuple(texts),
    )


def _facts(findings: int) -> dict[str, int]:
    facts = {f"controls_{state.value}": 1 for state in PeriodState}
    facts |= {f"runs_{state.value}": 1 for state in RunState}
    more = {"findings_late": 1, "findings_open": 1, "changes": 1, "changes_loosening": 1}
    return facts | more | {"findings": findings, "changes_unknown": 0, "controls": 5, "runs": 4}


def _control(state: PeriodState, texts: Sequence[str]) -> ControlPeriod:
    gap = NoEvidence(SINCE + 5 * DAY, SINCE + 9 * DAY, DAY)
    told = tuple(Incompleteness("undecided", text, SINCE, SINCE + DAY, 1) for text in texts)
    return ControlPeriod(
        id=f"control-{state.value.replace('_', '-')}",
        title=f"Accounts have a second factor, {texts[0]}",
        statement=texts[1],
        owner=texts[2],
        frequency="continuous",
        nature="preventive",
        execution="automated",
        every=DAY,
        gap_tolerance=DAY / 4,
        state=state,
        summary="1 of 3 items deviated",
        runs_expected=92,
        runs_done=88,
        items=3,
        deviating=1,
        judgements=264,
        failing_judgements=9,
        runs_with_deviations=9,
        undecided=1,
        waived=1,
        gaps=(gap,),
        incomplete=(Incompleteness("no_evidence", "no run", gap.since, gap.until, 0), *told),
        mappings=("soc2 CC6.1",),
        series=tuple(
            SeriesPoint(_RUN, SINCE + n * DAY, status, _COUNTS)
            for n, status in enumerate(ControlStatus)
        ),
        checks=(_check(texts),),
        evidence=(
            EvidenceRef(texts[0], "aws.iam.user", 88, 1, _RUN, DIGEST, 3, _RUN, DIGEST, 3),
        ),
    )  # fmt: skip


def _check(texts: Sequence[str]) -> CheckPeriod:
    people = tuple(Item("aws-prod", text, "", SINCE + DAY) for text in texts[:3])
    return CheckPeriod(
        id="mfa",
        title="Each person has a second factor",
        catalogue="",
        resource_type="aws.iam.user",
        query="aws.iam.user",
        verify_by_hand="aws iam list-users",
        runs=88,
        first_run_at=SINCE,
        last_run_at=UNTIL - DAY,
        counts=_COUNTS,
        items=3,
        failed=1,
        not_tested=(texts[0],),
        population=PopulationPeriod(3, 3, 2, 4, people, people, people),
    )


def _history(number: int, text: str) -> FindingHistory:
    closing = list(Closing)[number % len(Closing)]
    begin = SINCE + timedelta(hours=number % 2000)
    return FindingHistory(
        fingerprint=f"{number // 2:012x}" + "0" * 52,
        id=f"control-deviations/mfa@aws-prod/{text}",
        control="control-deviations",
        check="mfa",
        target=text if number % 3 == 0 else "aws-prod",
        environment="prod",
        resource=text,
        uid=text,
        severity=list(Severity)[number % len(Severity)],
        reason=f"{text}",
        opening=list(Opening)[number % len(Opening)],
        first_seen=begin,
        first_run=_RUN,
        last_seen=begin + DAY,
        last_run=_RUN,
        closing=closing,
        closed_at=None if closing is Closing.OPEN else begin + 2 * DAY,
        closing_run="" if closing is Closing.OPEN else _RUN,
        closing_detail=text,
        duration=2 * DAY,
        target_time=(None, DAY, 30 * DAY)[number % 3],
        late=number % 3 == 1,
        runs=2,
        undecided_runs=1,
        successor="",
        evidence=DIGEST,
        pointer="/resources/1",
        closing_evidence="" if closing is Closing.OPEN else DIGEST,
        responses=(Response("x", text, text, "head of platform", begin, "x.yaml"),),
    )


def _change(text: str) -> Change:
    return Change(SINCE, _RUN, _RUN, "parameter", "mfa.days", text, text, text, Effect.LOOSENS)


def _requirement(name: str) -> RequirementPeriod:
    mapped = name == "CC6.1"
    ids = tuple(f"control-{state.value.replace('_', '-')}" for state in PeriodState)
    states = {
        state.value: (one,) if mapped else () for state, one in zip(PeriodState, ids, strict=True)
    }
    own = ids if mapped else ()
    return RequirementPeriod(
        "soc2", name, "Access is restricted", "auto", own, own[:1], states, 3, 1
    )


def _waiver(text: str) -> WaiverPeriod:
    covered = CoveredItem(text, "0" * 64, SINCE, SINCE + DAY, SINCE + 2 * DAY)
    return WaiverPeriod(
        id=text,
        check="control-deviations/mfa",
        match="true",
        environments=("prod",),
        reason=text,
        risk=text,
        compensating=(text,),
        requested_by="ops",
        approved_by="ciso",
        approved_at=SINCE,
        expires=SINCE + 3 * DAY,
        max_items=1,
        signature="valid",
        in_force_since=SINCE,
        in_force_until=SINCE + 3 * DAY,
        expired=True,
        failing_after=1,
        refused=(text,),
        items=(covered,),
    )


def _unread(text: str) -> UnreadPeriod:
    return UnreadPeriod(
        text, "aws.iam.user", text, Cause.DENIED, text, text, text, SINCE, SINCE + DAY, 2
    )


def _run(state: RunState, reason: str) -> RunLine:
    return RunLine(
        run=_RUN,
        now=SINCE,
        started_at=SINCE,
        ended_at=SINCE,
        state=state,
        outcome="failing",
        reason=reason,
        counts=_COUNTS,
        policy=DIGEST,
        verdicts=DIGEST,
        statement=DIGEST,
        signer="ab" * 32,
        timestamped=False,
        first_entry=1,
        last_entry=9,
        targets=1,
        controls=5,
    )
