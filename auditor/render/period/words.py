"""The words that every format of a period report uses for its closed vocabularies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from auditor.core.model.period_report import Closing, Effect, Opening, PeriodState, RunState

STATE_LABEL: Mapping[PeriodState, str] = {
    PeriodState.DEVIATIONS: "deviations",
    PeriodState.INCOMPLETE: "incomplete",
    PeriodState.NOT_TESTED: "not tested",
    PeriodState.NOT_OPERATED: "not operated",
    PeriodState.NO_DEVIATIONS: "no deviations",
}
STATE_MEANING: Mapping[PeriodState, str] = {
    PeriodState.DEVIATIONS: "at least one item failed without a waiver in at least one run",
    PeriodState.INCOMPLETE: "nothing failed, and the evidence is not whole: the reasons are listed",
    PeriodState.NOT_TESTED: "no complete run of the period judged it",
    PeriodState.NOT_OPERATED: "it had no occasion: no resource that its checks apply to",
    PeriodState.NO_DEVIATIONS: "every item was decided in every run that was due, and none failed",
}
RUN_STATE_LABEL: Mapping[RunState, str] = {
    RunState.COMPLETE: "complete",
    RunState.ABORTED: "aborted",
    RunState.UNFINISHED: "without an end",
    RunState.OUT_OF_ORDER: "out of order",
}
OPENING_LABEL: Mapping[Opening, str] = {
    Opening.BEFORE_PERIOD: "before the period",
    Opening.CHANGED: "it was judged otherwise before",
    Opening.FIRST_JUDGED: "judged for the first time",
    Opening.RETURNED: "it had vanished",
    Opening.WAIVER_ENDED: "its waiver had ended",
}
CLOSING_LABEL: Mapping[Closing, str] = {
    Closing.OPEN: "open",
    Closing.FIXED: "fixed",
    Closing.VANISHED: "resource vanished",
    Closing.RECREATED: "re-created under the same name",
    Closing.NOT_APPLICABLE: "no longer applicable",
    Closing.OUT_OF_SCOPE: "out of scope",
    Closing.WAIVED: "waived",
    Closing.LOOSENED: "passes since the control was changed",
}
EFFECT_LABEL: Mapping[Effect, str] = {
    Effect.LOOSENS: "loosens",
    Effect.UNKNOWN: "cannot be told",
    Effect.TIGHTENS: "tightens",
    Effect.NEUTRAL: "neutral",
}
_HOUR = timedelta(hours=1)


def span(value: timedelta) -> str:
    """A duration for people, in days and hours; what is over is left out: `46 d 18 h`."""
    days, hours = divmod(value // _HOUR, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
