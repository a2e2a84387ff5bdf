"""The gate, step by step.

(0) trust, from the base; (1) the baseline, found, verified and young enough; (2) the gated run,
made by the caller or read from the store and proven; (3) its waivers and attestations, held against
the base's trust; (4) the comparison; (5) the changed controls replayed on the baseline's evidence;
(6) approvals; (7) what counts. Nothing is scanned for a baseline that does not hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from auditor.app.assess import recorded
from auditor.app.gating.approvals import load_approvals, with_approvals
from auditor.app.gating.attestations import check_attestations
from auditor.app.gating.baseline import (
    Baseline,
    Reference,
    check_age,
    found_baseline,
    read_baseline,
)
from auditor.app.gating.doubts import (
    doubtful_steps,
    refuse_bad,
    refuse_doubtful,
    step_words,
)
from auditor.app.gating.narrowing import narrowed, scope_words
from auditor.app.gating.trusting import Trusted, base_trust
from auditor.app.gating.waivers import held_against
from auditor.app.project import Project
from auditor.app.runs import find_run
from auditor.app.selection import Selection
from auditor.app.verifying import rejudge_record
from auditor.attest.evidence import Evidence
from auditor.attest.verify import STORE_STEPS, take_steps
from auditor.core.diff.compare import compare
from auditor.core.diff.gate import ACCEPT_UNVERIFIED, Basis, GateResult, Rules, decide
from auditor.core.diff.model import RunDiff, Side
from auditor.core.diff.replay import Replay, replay
from auditor.core.diff.weakening import weakenings
from auditor.errors import UsageError
from auditor.store.interface import Store

_HINT = (
    "gate a run that is signed by a key of this trust policy (auditor verify says more); "
    f"--{ACCEPT_UNVERIFIED} takes one in doubt, never an edited one, and every output says so"
)


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What is asked of the gate.

    Args:
        baseline: `ledger:latest`, `ledger:ID`, `git:REF:PATH`, or the path of a signed bundle.
        trust: A folder, or `git:REF`; the commit of a `git:` baseline where it is None.
        replay: Judge changed controls on the baseline's evidence.
        accept_unverified: Gate a recorded run also where the trust policy cannot tell whether it
            is what was signed; the result says so.
    """

    baseline: Reference
    rules: Rules = field(default_factory=Rules)
    trust: str | None = None
    replay: bool = False
    selection: Selection = field(default_factory=Selection)
    accept_unverified: bool = False


def gate(
    project: Project,
    options: GateOptions,
    run: str | None,
    scan: Callable[[], str],
    clock: Callable[[], datetime],
) -> GateResult:
    """Compare a run with the baseline.

    Args:
        run: The run to gate; None has `scan` make one.
        scan: Makes a run and gives its id; called when the baseline holds.

    Raises:
        UsageError: The baseline is missing, too old or later than the run.
        VerificationError: It, or the recorded run that is gated, was edited, or is not signed by
            whom the base trusts.
    """
    reference = options.baseline
    trusted = base_trust(project, options.trust, reference.ref)
    authors = trusted.commit.authors() if trusted.commit else frozenset[str]()
    chosen = None if run is None else find_run(project.store, run)
    with found_baseline(project, reference, chosen) as (subject, name):
        if name == chosen:
            raise UsageError(f"run {name} is its own baseline", hint="--baseline ledger:latest")
        now = clock()
        base = read_baseline(subject, name, trusted, now, reference.text, judge=options.replay)
    check_age(base.side, now, options.rules.max_age, reference.text)
    gated = scan() if chosen is None else chosen
    after = read_side(project.store, gated)
    check_attestations(project.store, gated, after.policy, trusted)
    basis = Basis(reference.text, trusted.source, base.warnings)
    if chosen is not None:
        unverified = _prove(project, gated, trusted, clock(), accept=options.accept_unverified)
        basis = replace(basis, unverified=unverified)
    check_age(base.side, after.now, None, reference.text)
    diff, replayed = _compared(options, trusted, authors, base, after)
    found = weakenings(diff.policy, diff.before.policy, diff.after.policy, replayed)
    approved = with_approvals(
        found, load_approvals(project), trusted, base.side.policy, authors, clock()
    )
    return decide(diff, basis, options.rules, approved, replayed, scope_words(options.selection))


def read_side(store: Store, run: str) -> Side:
    """A complete run of a store.

    Raises:
        UsageError: There is none of that id, or it has no verdicts.
    """
    found = recorded(store, run)
    start = found.history.start
    if start is None:
        raise UsageError(f"the log has no start of run {run}", hint="auditor run list")
    judgement = found.judgement
    return Side(run, start.now, found.policy, judgement.findings, judgement.not_tested)


def _compared(
    options: GateOptions,
    trusted: Trusted,
    authors: frozenset[str],
    base: Baseline,
    after: Side,
) -> tuple[RunDiff, Replay | None]:
    before = narrowed(base.side, options.selection)
    held = held_against(after, base.side.policy, trusted, authors)
    diff = compare(before, narrowed(held, options.selection))
    diff = replace(diff, policy=(*trusted.edited, *diff.policy))
    replayed = None
    if options.replay:
        policies = diff.before.policy, diff.after.policy
        replayed = replay(*policies, diff.before.findings, diff.policy, base.judge)
    return diff, replayed


def _prove(project: Project, run: str, trusted: Trusted, now: datetime, *, accept: bool) -> str:
    """A run that was made before is what somebody signed whom the base trusts.

    Returns:
        The steps that left it in doubt, where `accept` lets that pass; "" without doubt.

    Raises:
        VerificationError: It was changed, or nobody signed it whom the trust policy knows.
        UndecidableError: It is signed, and the rest cannot be told.
    """
    evidence = Evidence(
        reader=project.store.reader(),
        trust=trusted.policy,
        run=run,
        rejudge=lambda record: rejudge_record(record, trusted.policy.approvers),
        now=now,
    )
    report = take_steps(evidence, STORE_STEPS)
    (refuse_bad if accept else refuse_doubtful)(report, f"run {run}", _HINT)
    return ", ".join(step_words(step.number, step.title) for step in doubtful_steps(report))
