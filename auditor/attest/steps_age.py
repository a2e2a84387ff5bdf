"""Part of step 4: what was given is recent enough (`--max-age`).

An old report, or an old copy of a log, is genuine in every signature; only its date tells that it
is replayed. The date is the moment at which a run judged, which step 4 compares with the log.
"""

from __future__ import annotations

from auditor.attest.evidence import Evidence
from auditor.attest.result import Notes
from auditor.core.times import format_duration, format_instant
from auditor.ledger.runs import RunHistory


def check_age(evidence: Evidence, notes: Notes) -> None:
    """The newest complete run, and that of each report given, are not older than allowed."""
    if evidence.max_age is None:
        return
    ended = [run for run in evidence.runs() if run.end is not None and run.start is not None]
    if not ended:
        notes.cannot_tell("there is no complete run whose age could be told")
        return
    _check_run(evidence, max(ended, key=_moment), "the newest run is", notes)
    for name, found in evidence.reports.items():
        for run in ended:
            if found in {item.digest for item in run.reports}:
                _check_run(evidence, run, f"{name} is of", notes)


def _moment(run: RunHistory) -> float:
    return run.start.now.timestamp() if run.start else 0.0


def _check_run(evidence: Evidence, run: RunHistory, what: str, notes: Notes) -> None:
    if evidence.max_age is None or run.start is None:
        return
    if evidence.now - run.start.now > evidence.max_age:
        notes.bad(
            f"{what} {run.run}, which judged at {format_instant(run.start.now)}: older than"
            f" {format_duration(evidence.max_age)}",
            f"run {run.run}",
        )
