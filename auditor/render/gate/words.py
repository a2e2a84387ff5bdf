"""The words of the gate, the same in every format."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.core.diff.gate import GateResult
from auditor.core.diff.model import ChangeKind
from auditor.errors import ExitCode

VERDICTS: Mapping[ExitCode, str] = {
    ExitCode.OK: "open",
    ExitCode.FAILING: "closed, something got worse",
    ExitCode.USAGE: "closed, no baseline",
    ExitCode.INCOMPLETE: "closed, evidence incomplete",
    ExitCode.NOTHING_EVALUATED: "closed, nothing evaluated",
    ExitCode.INTERNAL: "closed, a defect of auditor",
    ExitCode.INTEGRITY: "closed, the evidence does not hold",
}


def counts_of(result: GateResult) -> list[tuple[str, int]]:
    """The figures in the order of every table."""
    counts = result.diff.counts
    return [
        ("new failures", len(result.new_failures)),
        ("not judged any more", len(result.lost)),
        ("could not be judged, new", len(result.newly_unjudged)),
        ("fixed", counts[ChangeKind.FIXED]),
        ("unchanged", counts[ChangeKind.UNCHANGED]),
        ("incomparable", counts[ChangeKind.INCOMPARABLE]),
        ("vanished", counts[ChangeKind.VANISHED]),
        ("re-created", counts[ChangeKind.RECREATED]),
        ("weaker parts of the policy", len(result.weakenings)),
        ("of them approved", sum(bool(w.approval) for w in result.weakenings)),
    ]


def coverage_of(result: GateResult) -> str:
    """How much was judged, in words."""
    got = result.coverage
    text = f"{got.judged:,} of {got.total:,} results judged ({got.percent} %)"
    idle = len(result.diff.after.not_tested)
    return f"{text}; {idle:,} checks have no target" if idle else text
