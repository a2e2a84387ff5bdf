"""Which runs before a period go along, so that its report can be made from the bundle alone.

Asked by making the report from the store: what it reads before the period, the bundle has to hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor.app.export.period import Period
from auditor.app.period.make import PeriodRequest
from auditor.app.period.reach import Reach, make_with_reach
from auditor.app.period.verifying import carried, request_of
from auditor.attest.report_parts import read_report
from auditor.core.model.period_report import Bounds
from auditor.errors import AuditorError, VerificationError
from auditor.store.interface import Store


@dataclass(frozen=True, slots=True)
class Before:
    """What of the log before the period goes along.

    Args:
        runs: Complete runs: policy, verdicts and statement of each go along.
        beside: Runs of which only the entries go along.
        since: When the oldest of `runs` judged; None where nothing before the period is needed.
        heads: Sizes of the log at which the given period reports were made.
        problem: Why no report of the period can be made from the bundle; "" where one can.
    """

    runs: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    since: datetime | None = None
    heads: tuple[int, ...] = ()
    problem: str = ""


def look_before(store: Store, period: Period | None, reports: Sequence[Path]) -> Before:
    """What the report of a period, and those of the given files, read before the period.

    Args:
        period: That of the bundle; None where runs are chosen otherwise, and nothing is needed.
        reports: Files; those that are no period reports are passed over.
    """
    signed = store.checkpoint()
    given = list(_requests(reports))
    heads = tuple(size for _request, size in given)
    if period is None or signed is None:
        return Before(heads=heads)
    asked = [(PeriodRequest(Bounds("", period.since, period.until)), signed.checkpoint.size)]
    asked += [(request, size) for request, size in given if _is_within(request.bounds, period)]
    try:
        reaches = [make_with_reach(store, request, size)[1] for request, size in asked]
    except AuditorError as error:
        place = f" ({error.where})" if error.where else ""
        return Before(heads=heads, problem=f"{error.message}{place}")
    return _together(reaches, heads)


def _together(reaches: Sequence[Reach], heads: tuple[int, ...]) -> Before:
    return Before(
        runs=frozenset(run for reach in reaches for run in reach.runs),
        beside=frozenset(
            run for reach in reaches for run in (reach.spare, *reach.unfinished) if run
        ),
        since=min(reach.since for reach in reaches),
        heads=heads,
    )


def _requests(reports: Sequence[Path]) -> Iterator[tuple[PeriodRequest, int]]:
    """What was asked for in those of the files that are period reports."""
    for path in reports:
        data = path.read_bytes()
        try:
            document = carried(data, read_report(data).form or "xlsx")
            if document is not None:
                yield request_of(document)
        except VerificationError:
            continue  # no period report: whether the log knows it, is asked where it is packed


def _is_within(bounds: Bounds, period: Period) -> bool:
    return period.since <= bounds.since and bounds.until <= period.until
