"""What the policy of one run says otherwise than that of the run before, over a period.

What is compared, and whether it loosens, is `core.policy_changes`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.core.model.control import Control
from auditor.core.model.period_report import Change, RunLine
from auditor.core.model.policy import Policy
from auditor.core.policy_changes.delta import Delta
from auditor.core.policy_changes.policies import policy_changes


@dataclass(slots=True)
class ChangeBook:
    """Compares each run with the one before; remembers controls that a run left out."""

    changes: list[Change] = field(default_factory=list)
    _run: str = ""
    _program: str = ""
    _policy: Policy | None = None
    _digest: str = ""
    _controls: dict[str, tuple[Control, Policy]] = field(default_factory=dict)

    def start(self, run: str, policy: Policy, digest: str, program: str) -> None:
        """What the first run is compared with."""
        self._run, self._policy, self._digest, self._program = run, policy, digest, program
        self._controls |= {control.id: (control, policy) for control in policy.controls}

    def take(self, line: RunLine, policy: Policy, program: str) -> list[Change]:
        """The changes that this run brought; none for the first run of all."""
        before = self._policy
        found: list[Delta] = []
        if before is not None:
            if program != self._program:
                found.append(Delta("program", "auditor", "another version", self._program, program))
            if line.policy != self._digest:
                found += policy_changes(before, policy, self._controls)
        made = [
            Change(
                line.now,
                line.run,
                self._run,
                d.kind,
                d.subject,
                d.what,
                d.before,
                d.after,
                d.effect,
            )
            for d in sorted(found, key=lambda d: (d.kind, d.subject, d.what))
        ]
        self.changes += made
        self.start(line.run, policy, line.policy, program)
        return made
