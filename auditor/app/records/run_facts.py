"""When each control was judged by earlier runs, and the gaps between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from auditor.app.project import Project
from auditor.app.records.log_facts import no_run_yet
from auditor.app.records.read_facts import WINDOW, complete_runs, judgement_of
from auditor.collectors.own_records import Reading
from auditor.core.evaluate import Judgement
from auditor.core.model.control import Control
from auditor.core.model.observation import Resource
from auditor.core.model.status import Status
from auditor.core.times import format_duration, format_instant


def read_intervals(project: Project, now: datetime) -> Reading:
    """Each control with the runs of the last 90 days that judged it, and the gaps between them."""
    runs = [s for s in complete_runs(project, now) if s.now >= now - WINDOW]
    if not runs:
        return Reading(gaps=[no_run_yet("when each control was judged")])
    judged = {s.now: _decided(judgement_of(project, s)) for s in runs}
    since = min(judged)
    resources = []
    for control in project.library.sorted_controls():
        times = sorted(time for time, controls in judged.items() if control.id in controls)
        resources.append(Resource(_interval(control, times, since, now)))
    return Reading(resources, {"runs": len(runs)})


def _decided(judgement: Judgement) -> frozenset[str]:
    """Controls of which the run could tell anything: one with errors alone was not judged."""
    return frozenset(f.control for f in judgement.findings if f.status is not Status.ERROR)


def _interval(
    control: Control, times: Sequence[datetime], since: datetime, now: datetime
) -> dict[str, object]:
    rhythm = control.evaluate
    limit = rhythm.every + rhythm.gap_tolerance
    return {
        "id": control.id,
        "every": format_duration(rhythm.every),
        "tolerance": format_duration(rhythm.gap_tolerance),
        "since": format_instant(since),
        "runs": len(times),
        "last_run_at": format_instant(times[-1]) if times else None,
        "gaps": list(find_gaps([since, *times, now], limit)),
    }


def find_gaps(times: Sequence[datetime], limit: timedelta) -> Iterator[str]:
    """Each stretch between neighbours that is longer than the limit, as `from/to`.

    Args:
        times: In order.
    """
    for before, after in pairwise(times):
        if after - before > limit:
            yield f"{format_instant(before)}/{format_instant(after)}"
