"""The population of a control over a period: every resource that complete runs have judged."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.app.assess import parse_verdicts
from auditor.app.period.contents import Contents
from auditor.app.period.log_view import read_log
from auditor.app.period.run_lines import run_lines
from auditor.catalog.source import did_you_mean
from auditor.core.model.control import Control
from auditor.core.model.finding import Finding
from auditor.core.model.period_report import Bounds, RunState
from auditor.core.model.status import Status
from auditor.core.sampling import FrozenPopulation, PopulationItem
from auditor.errors import UsageError
from auditor.ledger.runs import RunHistory
from auditor.store.interface import Store


@dataclass(slots=True)
class _Seen:
    first_run: str
    last_run: str
    finding: Finding
    evidence: str
    runs: int = 1


@dataclass(slots=True)
class _Survey:
    control: str
    check: str
    runs: list[str] = field(default_factory=list)
    seen: dict[str, _Seen] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)

    def take(self, history: RunHistory, findings: tuple[Finding, ...]) -> None:
        """The findings of the next run."""
        self.runs.append(history.run)
        digests = {(c.target, c.resource_type): c.blob.digest for c in history.collects}
        for finding in findings:
            if finding.control == self.control and self.check in ("", finding.check):
                evidence = digests.get((finding.target, finding.resource_type), "")
                self._finding(history.run, finding, evidence)

    def _finding(self, run: str, finding: Finding, evidence: str) -> None:
        if finding.status is Status.NOT_APPLICABLE:
            return
        if not finding.key:  # of the target as a whole: it stands for what nobody saw
            if finding.status in (Status.ERROR, Status.MANUAL):
                cause = finding.cause.value if finding.cause else finding.status.value
                said = f"{finding.control}/{finding.check}@{finding.target}: {cause}"
                self.unread[said] = self.unread.get(said, 0) + 1
            return
        known = self.seen.get(finding.fingerprint)
        if known is None:
            self.seen[finding.fingerprint] = _Seen(run, run, finding, evidence)
        elif known.last_run != run:
            known.last_run, known.evidence, known.runs = run, evidence, known.runs + 1

    def items(self) -> tuple[PopulationItem, ...]:
        """In order of fingerprint."""
        return tuple(
            PopulationItem(
                fingerprint=name,
                check=f"{one.finding.control}/{one.finding.check}",
                target=one.finding.target,
                resource=one.finding.key,
                uid=one.finding.uid,
                first_run=one.first_run,
                last_run=one.last_run,
                runs=one.runs,
                evidence=one.evidence,
            )
            for name, one in sorted(self.seen.items())
        )


def population_of(store: Store, path: str, bounds: Bounds) -> FrozenPopulation:
    """The population of `control` or `control/check`, from recorded runs alone.

    Raises:
        UsageError: There is no log, no complete run of the period judged it, or it has no item.
        VerificationError: What was recorded is missing or was changed.
    """
    signed = store.checkpoint()
    if signed is None:
        raise UsageError("there is no log yet", hint="auditor scan")
    view = read_log(store, signed.checkpoint.size, bounds)
    contents = Contents(store, view.histories)
    lines = [
        line
        for line in run_lines(view.histories, bounds, contents)
        if line.state is RunState.COMPLETE and bounds.since <= line.now < bounds.until
    ]
    if not lines:
        raise UsageError(f"there is no complete run in {bounds.name}", hint="auditor run list")
    control_id, _slash, check = path.partition("/")
    survey = _Survey(control_id, check)
    control: Control | None = None
    known: set[str] = set()
    for line in sorted(lines, key=lambda one: (one.now, one.first_entry)):
        history = view.histories[line.run]
        found = _control(contents, history, control_id, check, known)
        if found is not None and history.verdicts is not None:
            control = found
            judgement = parse_verdicts(store.get(history.verdicts.blob))
            survey.take(history, judgement.findings)
    if control is None:
        raise UsageError(f"no run of {bounds.name} judged `{path}`{did_you_mean(path, known)}")
    return _frozen(survey, control, bounds)


def _control(
    contents: Contents, history: RunHistory, control: str, check: str, known: set[str]
) -> Control | None:
    """The control as the run had it; `known` learns what there is."""
    if history.start is None:
        return None
    answer = None
    for one in contents.policy(history.start).controls:
        checks = {item.id for item in one.checks}
        known |= {one.id, *(f"{one.id}/{name}" for name in checks)}
        if one.id == control and (not check or check in checks):
            answer = one
    return answer


def _frozen(survey: _Survey, control: Control, bounds: Bounds) -> FrozenPopulation:
    items = survey.items()
    if not items:
        raise UsageError(
            f"the population of `{control.id}` in {bounds.name} is empty: nothing was judged",
            hint=f"auditor report --period {bounds.name} says what happened",
        )
    return FrozenPopulation(
        control=control.id,
        check=survey.check,
        since=bounds.since,
        until=bounds.until,
        frequency=control.frequency,
        runs=tuple(survey.runs),
        incomplete=tuple(f"{said} ({n} runs)" for said, n in sorted(survey.unread.items())),
        items=items,
    )
