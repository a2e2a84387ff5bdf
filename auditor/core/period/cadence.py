"""Runs expected against runs done, and the stretches of time without evidence.

A control says how often it is to be tested (`evaluate.every`) and how much later is still in time
(`gap_tolerance`). Both may change within the period: each stretch is measured by what held when it
began, the first one by what the first run says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor

from auditor.core.model.period_report import Bounds, NoEvidence, RunLine, RunState

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Tested:
    """A run that judged a control, and how often the control was to be tested by then."""

    at: datetime
    every: timedelta
    tolerance: timedelta


def runs_expected(bounds: Bounds, tested: Sequence[Tested], every: timedelta) -> int:
    """How many runs the period asks for: one for each whole interval of `every`.

    Args:
        tested: In order of time.
        every: How often, where nothing was tested.
    """
    total = Fraction(0)
    never = Tested(bounds.since, every, timedelta(0))
    for begin, end, rule in _stretches(bounds, tested) or [(bounds.since, bounds.until, never)]:
        if rule.every > timedelta(0):
            total += Fraction((end - begin) // _MICROSECOND, rule.every // _MICROSECOND)
    return floor(total)


def gaps(
    bounds: Bounds, tested: Sequence[Tested], runs: Sequence[RunLine]
) -> tuple[NoEvidence, ...]:
    """The stretches that are longer than allowed; all of the period where nothing was tested.

    Args:
        tested: In order of time.
        runs: All runs of the period; those that are no evidence are named in their gap.
    """
    if not tested:
        whole = NoEvidence(bounds.since, bounds.until, timedelta(0))
        return (_with_runs(whole, runs),)
    return tuple(
        _with_runs(NoEvidence(begin, end, rule.every + rule.tolerance), runs)
        for begin, end, rule in _stretches(bounds, tested)
        if end - begin > rule.every + rule.tolerance
    )


def _stretches(bounds: Bounds, tested: Sequence[Tested]) -> list[tuple[datetime, datetime, Tested]]:
    """Between the period's begin, the runs, and its end; each with the rule that held."""
    if not tested:
        return []
    moments = [bounds.since, *(item.at for item in tested), bounds.until]
    rules = [tested[0], *tested]
    return list(zip(moments, moments[1:], rules, strict=False))


def _with_runs(gap: NoEvidence, runs: Sequence[RunLine]) -> NoEvidence:
    inside = tuple(
        line.run
        for line in runs
        if line.state is not RunState.COMPLETE and gap.since <= line.now < gap.until
    )
    return NoEvidence(gap.since, gap.until, gap.allowed, inside)
