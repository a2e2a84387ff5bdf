"""Waivers over the period: when they were in force, what they covered, and what failed after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditor.core.model.period_report import Bounds, CoveredItem, RunLine, WaiverPeriod
from auditor.core.model.policy import Policy
from auditor.core.model.waiver import SignedWaiver

_REFUSED = "not honoured: "


@dataclass(slots=True)
class _Covered:
    finding: str
    first: datetime
    last: datetime
    failed_after: datetime | None = None


@dataclass(slots=True)
class _Track:
    signed: SignedWaiver
    first: RunLine
    from_start: bool
    withdrawn: RunLine | None = None
    covered: dict[str, _Covered] = field(default_factory=dict)
    refused: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class WaiverBook:
    """Takes the waivers and findings of each run."""

    _tracks: dict[str, _Track] = field(default_factory=dict)
    _by_finding: dict[str, set[str]] = field(default_factory=dict)
    _runs: int = 0

    def take(self, line: RunLine, policy: Policy, findings: Sequence[Mapping[str, Any]]) -> None:
        """Those of the next run."""
        offered = {signed.waiver.id: signed for signed in policy.waivers}
        for name, signed in offered.items():
            track = self._tracks.setdefault(name, _Track(signed, line, self._runs == 0))
            track.signed, track.withdrawn = signed, None
        checks = {f"{control.id}/{check.id}" for control in policy.controls
                  for check in control.checks}  # fmt: skip
        for name, track in self._tracks.items():
            # A run that leaves the check out says nothing of its waivers.
            if name not in offered and track.signed.waiver.check in checks:
                track.withdrawn = track.withdrawn or line
        for found in findings:
            if found["status"] == "waived" or found.get("waiver"):
                self._named(line, found)
            if found["status"] == "fail" and found["fingerprint"] in self._by_finding:
                self._failed(line, found["fingerprint"])
        self._runs += 1

    def _named(self, line: RunLine, found: Mapping[str, Any]) -> None:
        name = str(found.get("waiver", ""))
        track = self._tracks.get(name)
        if track is None:
            return
        if found["status"] != "waived":
            reason = str(found.get("reason", "")).rpartition(_REFUSED)[2].removesuffix("]")
            track.refused[reason] = None
            return
        fingerprint = found["fingerprint"]
        covered = track.covered.get(fingerprint)
        if covered is None:
            track.covered[fingerprint] = _Covered(str(found["id"]), line.now, line.now)
            self._by_finding.setdefault(fingerprint, set()).add(name)
        else:
            covered.last, covered.failed_after = line.now, None

    def _failed(self, line: RunLine, fingerprint: str) -> None:
        for name in self._by_finding[fingerprint]:
            covered = self._tracks[name].covered[fingerprint]
            covered.failed_after = covered.failed_after or line.now

    def summary(self, bounds: Bounds, checks: Iterable[str]) -> tuple[WaiverPeriod, ...]:
        """The waivers of these checks (`control/check`), in order of id."""
        wanted = set(checks)
        return tuple(
            _summary(track, bounds)
            for _name, track in sorted(self._tracks.items())
            if track.signed.waiver.check in wanted
        )


def _summary(track: _Track, bounds: Bounds) -> WaiverPeriod:
    waiver = track.signed.waiver
    since, until = _in_force(track, bounds)
    items = tuple(
        CoveredItem(covered.finding, fingerprint, covered.first, covered.last, covered.failed_after)
        for fingerprint, covered in sorted(
            track.covered.items(), key=lambda pair: (pair[1].finding, pair[0])
        )
    )
    return WaiverPeriod(
        id=waiver.id,
        check=waiver.check,
        match=waiver.match,
        environments=waiver.environments,
        reason=waiver.reason,
        risk=waiver.risk,
        compensating=waiver.compensating,
        requested_by=waiver.requested_by,
        approved_by=waiver.approved_by,
        approved_at=waiver.approved_at,
        expires=waiver.expires,
        max_items=waiver.max_items,
        signature=track.signed.signature,
        in_force_since=since,
        in_force_until=until,
        expired=bounds.since <= waiver.expires < bounds.until,
        failing_after=sum(item.failed_after is not None for item in items),
        refused=tuple(sorted(track.refused)),
        items=items,
    )


def _in_force(track: _Track, bounds: Bounds) -> tuple[datetime | None, datetime | None]:
    """By its own dates, from the first run that knew it to the first that did not any more."""
    waiver = track.signed.waiver
    if track.signed.signature != "valid":
        return None, None
    begun = bounds.since if track.from_start else track.first.now
    ended = track.withdrawn.now if track.withdrawn else bounds.until
    since, until = max(waiver.approved_at, begun), min(waiver.expires, ended, bounds.until)
    return (since, until) if since < until else (None, None)
