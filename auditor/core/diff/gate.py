"""What a gate counts of a comparison, and the exit code that says the same.

1: something got worse by the rules. 3: what the baseline judged is not judged any more, or less is
judged than `min_coverage`; what was in error in both does not count. The worse of them wins as for
every command (3 before 1). A part of the policy that was approved excuses what it left unjudged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from auditor.core.diff.model import UNJUDGED, ChangeKind, FindingChange, RunDiff, delta_document
from auditor.core.diff.replay import Replay
from auditor.core.diff.weakening import Weakening
from auditor.core.model.period_report import Effect
from auditor.core.model.status import Cause, Outcome, Severity, Status
from auditor.core.policy_changes.delta import Delta
from auditor.core.rollup import outcome
from auditor.core.times import format_duration
from auditor.errors import ExitCode

NEW, ANY, COVERAGE, WEAKENING = "new", "any", "coverage", "weakening"
DEFAULT_RULES = (NEW, WEAKENING)
DEFAULT_MAX_AGE = timedelta(days=30)
"""How old a baseline may be where nobody says otherwise."""
ALLOW_WEAKENING = "allow-weakening"
ACCEPT_UNVERIFIED = "accept-unverified-run"


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes the gate close.

    Args:
        fail_on: Of `new`, `any`, `coverage`, `weakening`.
        severity: New failures of this severity and worse count, whatever `fail_on` says.
        min_coverage: Percent of what is to be judged that must be judged, 0 to 100.
        max_age: How old the baseline may be.
    """

    fail_on: frozenset[str] = frozenset(DEFAULT_RULES)
    severity: Severity | None = None
    min_coverage: int | None = None
    max_age: timedelta = DEFAULT_MAX_AGE

    def names(self) -> list[str]:
        """As they are typed; also what holds without being typed, and what was switched off."""
        by_severity = [f"severity={self.severity.value}"] if self.severity else []
        allowed = [] if WEAKENING in self.fail_on else [ALLOW_WEAKENING]
        age = f"max-age={format_duration(self.max_age)}"
        return [*sorted(self.fail_on), *by_severity, *allowed, age]


@dataclass(frozen=True, slots=True)
class Basis:
    """What the run is compared with, and on whose word.

    Args:
        source: As it was asked for.
        trust: Where the trust policy comes from.
        warnings: What verification would like to see besides.
        unverified: The step of verification that left the gated run in doubt, where that was
            accepted; "" where it was verified, or made just now.
    """

    source: str
    trust: str
    warnings: tuple[str, ...] = ()
    unverified: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that closes the gate; with code 0, one that an option keeps from closing it."""

    code: ExitCode
    text: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was to be judged was judged: results, on every target in scope.

    Checks that no target of the configuration has (`not_tested`) are listed by reports; a library
    for many kinds of systems would else pull the figure down wherever only some of them are.
    """

    judged: int
    total: int

    @property
    def percent(self) -> int:
        """Rounded down."""
        return 100 * self.judged // self.total if self.total else 0


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gated run beside its baseline."""

    diff: RunDiff
    basis: Basis
    rules: Rules
    weakenings: tuple[Weakening, ...] = ()
    replay: Replay | None = None
    coverage: Coverage = Coverage(0, 0)
    reasons: tuple[Reason, ...] = ()
    scope: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """The worst of the reasons; 0 without one."""
        codes = {reason.code for reason in self.reasons}
        order = (ExitCode.NOTHING_EVALUATED, ExitCode.INCOMPLETE, ExitCode.FAILING)
        return next((code for code in order if code in codes), ExitCode.OK)

    @property
    def new_failures(self) -> tuple[FindingChange, ...]:
        """What fails now and did not, the worst first."""
        return tuple(change for change in self.diff.changes if change.is_new_failure)

    @property
    def lost(self) -> tuple[FindingChange, ...]:
        """What the baseline judged and this run did not, approved removals apart."""
        approved = {w.part for w in self.weakenings if w.approval}
        return tuple(
            change
            for change in self.diff.changes
            if change.is_lost and change.removed_by not in approved and self._counts(change)
        )

    @property
    def newly_unjudged(self) -> tuple[FindingChange, ...]:
        """What this run could not judge, and the baseline did not know."""
        return tuple(
            change
            for change in self.diff.changes
            if change.before is None and change.after and change.after.status in UNJUDGED
        )

    @property
    def waivers(self) -> tuple[Delta, ...]:
        """New, wider and otherwise changed waivers; withdrawn and narrower ones are no risk."""
        return tuple(
            delta
            for delta in self.diff.policy
            if delta.kind == "waiver" and delta.effect is not Effect.TIGHTENS
        )

    def of(self, kind: ChangeKind) -> tuple[FindingChange, ...]:
        """Changes of a kind that are not listed as new failures or as lost."""
        listed = {id(change) for change in (*self.new_failures, *self.lost, *self.newly_unjudged)}
        return tuple(change for change in self.diff.of(kind) if id(change) not in listed)

    def _counts(self, change: FindingChange) -> bool:
        """What a plan cannot know before it is applied counts only where coverage is asked for."""
        unknown = change.after is not None and change.after.cause is Cause.KNOWN_AFTER_APPLY
        return COVERAGE in self.rules.fail_on or not unknown

    def to_json(self) -> dict[str, object]:
        """The document of schema `gate-1`."""
        diff = self.diff
        lost = {id(change) for change in self.lost}
        return {
            "schema": "gate-1",
            "run": diff.after.reference(),
            "baseline": {
                **diff.before.reference(),
                "source": self.basis.source,
                "trust": self.basis.trust,
                "warnings": list(self.basis.warnings),
            },
            "refused": None,
            "exit_code": int(self.exit_code),
            "reasons": [{"code": int(r.code), "text": r.text} for r in self.reasons],
            "rules": self.rules.names(),
            "scope": list(self.scope),
            "declared": sorted(t.name for t in diff.after.policy.targets if t.declared),
            "counts": {
                **diff.counts,
                "new_failures": len(self.new_failures),
                "lost": len(self.lost),
                "newly_unjudged": len(self.newly_unjudged),
            },
            "coverage": {
                "judged": self.coverage.judged,
                "total": self.coverage.total,
                "percent": self.coverage.percent,
                "minimum": self.rules.min_coverage,
            },
            "changes": [
                change.to_json()
                | {"new_failure": change.is_new_failure, "lost": id(change) in lost}
                for change in diff.changes
            ],
            "policy": [delta_document(delta) for delta in diff.policy],
            "weakenings": [weakening.to_json() for weakening in self.weakenings],
            "replay": self.replay.to_json() if self.replay else None,
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """There is no comparison: the baseline is missing, too old, unsigned or not what it was."""

    source: str
    at: str
    code: ExitCode
    message: str
    hint: str = ""

    def to_json(self) -> dict[str, object]:
        """The document of schema `gate-1`, with nothing compared."""
        return {
            "schema": "gate-1",
            "run": None,
            "baseline": None,
            "refused": {
                "source": self.source,
                "at": self.at,
                "message": self.message,
                "hint": self.hint,
            },
            "exit_code": int(self.code),
            "reasons": [{"code": int(self.code), "text": self.message}],
            "rules": [],
            "scope": [],
            "declared": [],
            "counts": {},
            "coverage": None,
            "changes": [],
            "policy": [],
            "weakenings": [],
            "replay": None,
        }


def decide(
    diff: RunDiff,
    basis: Basis,
    rules: Rules,
    found: Sequence[Weakening],
    replayed: Replay | None,
    scope: tuple[str, ...] = (),
) -> GateResult:
    """The comparison with everything that closes the gate.

    Args:
        found: What is weaker, approvals looked up.
        scope: The selection that both runs were narrowed to, for people.
    """
    side = diff.after
    judged = sum(finding.status not in UNJUDGED for finding in side.findings)
    coverage = Coverage(judged, len(side.findings))
    result = GateResult(diff, basis, rules, tuple(found), replayed, coverage, scope=scope)
    return replace(result, reasons=tuple(_reasons(result)))


def _reasons(result: GateResult) -> Iterator[Reason]:
    rules, side = result.rules, result.diff.after
    if outcome(side.findings) is Outcome.NOTHING_EVALUATED:
        yield Reason(ExitCode.NOTHING_EVALUATED, "nothing was evaluated")
    yield from _tolerated(result)
    yield from _unjudged(result)
    new = [c for c in result.new_failures if _is_counted(c, rules)]
    if new:
        yield Reason(ExitCode.FAILING, _number(len(new), "new failure"))
    if ANY in rules.fail_on:
        failing = sum(finding.status is Status.FAIL for finding in side.findings)
        if failing:
            yield Reason(ExitCode.FAILING, f"{failing:,} failing, new or not")
    weaker = _weaker(result)
    if WEAKENING in rules.fail_on and weaker:
        yield Reason(ExitCode.FAILING, weaker)


def _tolerated(result: GateResult) -> Iterator[Reason]:
    """What is doubtful or weaker, and was let through by name: it is said all the same."""
    if result.basis.unverified:
        text = f"the gated run is not verified ({result.basis.unverified})"
        yield Reason(ExitCode.OK, f"{text}: let through by --{ACCEPT_UNVERIFIED}")
    weaker = _weaker(result)
    if WEAKENING not in result.rules.fail_on and weaker:
        yield Reason(ExitCode.OK, f"{weaker}: let through by --{ALLOW_WEAKENING}")


def _weaker(result: GateResult) -> str:
    """How much of the policy is weaker and nobody approved it; "" for none."""
    count = sum(not weakening.approval for weakening in result.weakenings)
    text = f"{_number(count, 'part')} of the policy weaker without an approval"
    return text if count else ""


def _unjudged(result: GateResult) -> Iterator[Reason]:
    rules = result.rules
    if result.lost:
        text = f"{_number(len(result.lost), 'result')} of the baseline not judged any more"
        yield Reason(ExitCode.INCOMPLETE, text)
    least, got = rules.min_coverage, result.coverage
    if least is not None and 100 * got.judged < least * got.total:
        text = f"{got.judged:,} of {got.total:,} judged, less than {least} %"
        yield Reason(ExitCode.INCOMPLETE, text)
    if COVERAGE in rules.fail_on and result.newly_unjudged:
        text = f"{_number(len(result.newly_unjudged), 'result')} that could not be judged"
        yield Reason(ExitCode.FAILING, f"{text}, unknown to the baseline")


def _is_counted(change: FindingChange, rules: Rules) -> bool:
    by_severity = rules.severity is not None and (
        change.finding.severity.rank <= rules.severity.rank
    )
    return NEW in rules.fail_on or by_severity


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
