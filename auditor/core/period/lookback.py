"""When a finding began that failed already in the first run of the period: the runs before tell.

They are read from the newest backwards, and only until each such finding was seen otherwise; what
failed as far as the log reaches has the first run of the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from auditor.core.model.period_report import Opening, RunLine
from auditor.core.model.status import Severity
from auditor.core.period.inputs import Load
from auditor.core.period.items import UNDECIDED, Episode, ItemTrack

_Pending = dict[str, tuple[ItemTrack, Episode]]


def look_back(items: Iterable[ItemTrack], earlier: Iterable[RunLine], load: Load) -> None:
    """Find the first run of each episode that had begun before the period.

    Args:
        earlier: The complete runs before the period, the newest first.
    """
    pending: _Pending = {
        item.fingerprint: (item, episode)
        for item in items
        for episode in item.episodes[:1]
        if episode.pending
    }
    for line in earlier:
        if not pending:
            return
        _one_run(line, load(line).findings, pending)


def _one_run(line: RunLine, findings: Iterable[Mapping[str, Any]], pending: _Pending) -> None:
    found: dict[str, Mapping[str, Any]] = {}
    judged: set[tuple[str, str, str]] = set()
    partial: set[tuple[str, str, str]] = set()
    for one in findings:
        place = (one["control"], one["check"], one["target"])
        judged.add(place)
        if one["status"] in UNDECIDED and not one.get("pointer"):
            partial.add(place)
        if one["fingerprint"] in pending:
            found[one["fingerprint"]] = one
    for name, (item, episode) in list(pending.items()):
        place = (item.control, item.check, item.target)
        if name not in found:
            told = place in judged and place not in partial
        else:
            told = _take(found[name], line, episode)
        if told:
            del pending[name]


def _take(found: Mapping[str, Any], line: RunLine, episode: Episode) -> bool:
    """Take an earlier finding into the episode; True when that shows where it began."""
    status = found["status"]
    if status in UNDECIDED:
        return False
    if status == "fail":
        severity = Severity(found["severity"])
        if severity.rank < episode.severity.rank:
            episode.severity = severity
        episode.first, episode.opening = line, Opening.BEFORE_PERIOD
        return False
    if episode.opening is not Opening.BEFORE_PERIOD:
        episode.opening = Opening.WAIVER_ENDED if status == "waived" else Opening.CHANGED
    return True
