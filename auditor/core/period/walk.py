"""The walk over the complete runs of a period, in order of time; one run's content at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.core.model.framework import Framework
from auditor.core.model.period_report import Change, Effect, Problem, RunLine
from auditor.core.period.changes import ChangeBook
from auditor.core.period.control_track import ControlTrack
from auditor.core.period.coverage import CoverageBook
from auditor.core.period.inputs import RunContent
from auditor.core.period.waivers import WaiverBook

_WEAKER = frozenset({Effect.LOOSENS, Effect.UNKNOWN})
_OF_CONTROLS = frozenset({"control", "check", "parameter"})


@dataclass(slots=True)
class Walk:
    """What the runs have shown so far."""

    controls: dict[str, ControlTrack] = field(default_factory=dict)
    frameworks: dict[str, Framework] = field(default_factory=dict)
    changes: ChangeBook = field(default_factory=ChangeBook)
    waivers: WaiverBook = field(default_factory=WaiverBook)
    coverage: CoverageBook = field(default_factory=CoverageBook)
    problems: list[Problem] = field(default_factory=list)
    lines: list[RunLine] = field(default_factory=list)
    organisation: str = ""

    def take(self, line: RunLine, content: RunContent) -> None:
        """The next complete run."""
        number = len(self.lines)
        self.lines.append(line)
        policy = content.policy
        self.organisation = policy.organisation
        self.frameworks |= {framework.id: framework for framework in policy.frameworks}
        loosened = _loosened(self.changes.take(line, policy, content.program))
        by_control: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for found in content.findings:
            by_control[found["control"]].append(found)
        self._define(line, content)
        evidence = {(r.target, r.resource_type): r.digest for r in content.readings}
        for name, findings in by_control.items():
            track = self.controls.get(name)
            if track is not None:
                track.take(number, line, findings, evidence, loosened.get(name, ""))
        self.coverage.take(number, line, content.readings)
        self.waivers.take(line, policy, content.findings)
        self._note(line, content, by_control)

    def _define(self, line: RunLine, content: RunContent) -> None:
        reasons: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for item in content.not_tested:
            reasons[item.control].append((item.check, item.reason))
        for control in content.policy.controls:
            track = self.controls.setdefault(control.id, ControlTrack(control))
            track.define(control, line, reasons[control.id])

    def _note(self, line: RunLine, content: RunContent, by_control: Mapping[str, object]) -> None:
        """What the run judged or read that its own policy does not have."""
        known = {control.id for control in content.policy.controls}
        strange = [
            f"judged {name}, which its policy does not have"
            for name in sorted(set(by_control) - known)
        ]
        self.problems += [
            Problem("outside_policy", text, line.run, line.now)
            for text in [*strange, *content.problems]
        ]


def _loosened(changes: list[Change]) -> dict[str, str]:
    """Control to how a change of this run may have turned its findings to pass."""
    told: dict[str, list[str]] = defaultdict(list)
    for change in changes:
        if change.kind in _OF_CONTROLS and change.effect in _WEAKER:
            control = change.subject.partition("/")[0].partition(".")[0]
            values = f" ({change.before} -> {change.after})" if change.before else ""
            told[control].append(f"{change.subject}: {change.what}{values}")
    return {control: "; ".join(texts) for control, texts in told.items()}
