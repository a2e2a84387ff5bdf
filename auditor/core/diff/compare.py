"""Compares the findings of two runs by what makes a finding the same: see `model.ident`.

The five parts of the fingerprint are compared as they are, which is the same question and costs no
digest. Files that were renamed, another order and another machine make no difference. What one run
could not judge is never called fixed, unchanged or gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from auditor.core.diff.meaning import Meanings
from auditor.core.diff.model import UNJUDGED, ChangeKind, FindingChange, RunDiff, Side
from auditor.core.model.finding import Finding
from auditor.core.model.status import Status
from auditor.core.policy_changes.policies import policy_changes

_Key = tuple[str, str, str, str, str]
_Place = tuple[str, str, str]  # control, check, target


def compare(before: Side, after: Side) -> RunDiff:
    """Every finding that is otherwise in the second run, and every change of the policy."""
    comparison = _Comparison(before, after)
    changes: list[FindingChange] = []
    unchanged = 0
    for change in comparison.all():
        if change is None:
            unchanged += 1
        else:
            changes.append(change)
    found = Counter(change.kind for change in changes)
    found[ChangeKind.UNCHANGED] = unchanged
    deltas = sorted(
        policy_changes(before.policy, after.policy), key=lambda d: (d.kind, d.subject, d.what)
    )
    return RunDiff(
        before,
        after,
        tuple(sorted(changes, key=lambda change: change.order)),
        {kind.value: found[kind] for kind in ChangeKind},
        tuple(deltas),
    )


def key_of(finding: Finding) -> _Key:
    """What makes it the same over time."""
    return (finding.control, finding.check, finding.target, finding.key, finding.uid)


def _place(finding: Finding) -> _Place:
    return (finding.control, finding.check, finding.target)


def unread_places(findings: Iterable[Finding]) -> dict[_Place, str]:
    """Where not the whole population was read, with the reason: nothing there has vanished."""
    return {
        _place(finding): finding.reason
        for finding in findings
        if finding.status in UNJUDGED and not finding.pointer
    }


class _Comparison:
    def __init__(self, before: Side, after: Side) -> None:
        self._before, self._after = before, after
        self._old = {key_of(finding): finding for finding in before.findings}
        self._new = {key_of(finding): finding for finding in after.findings}
        self._meanings = Meanings(before.policy, after.policy)
        self._judged_before = {_place(finding) for finding in before.findings}
        self._judged_after = {_place(finding) for finding in after.findings}
        self._unread = unread_places(after.findings)
        self._unread_before = unread_places(before.findings)
        self._controls = {
            control.id: {check.id for check in control.checks} for control in after.policy.controls
        }
        self._targets = {target.name for target in after.policy.targets}
        self._not_tested = {(n.control, n.check): n.reason for n in after.not_tested}

    def all(self) -> Iterator[FindingChange | None]:
        """One for each finding; None where nothing is otherwise."""
        for key in self._old.keys() & self._new.keys():
            yield self._both(self._old[key], self._new[key])
        gone = {key[:4]: self._old[key] for key in sorted(self._old.keys() - self._new.keys())}
        paired: set[_Key] = set()
        for key in sorted(self._new.keys() - self._old.keys()):
            now, was = self._new[key], gone.pop(key[:4], None)
            if was is None:
                yield self._only_after(now)
                continue
            paired.add(key_of(was))
            yield self._recreated(was, now) if was.uid and now.uid else self._both(was, now)
        for key, was in self._old.items():
            if key not in self._new and key not in paired:
                yield from self._only_before(was)

    def _both(self, was: Finding, now: Finding) -> FindingChange | None:
        if was.status is now.status:
            why = _worse(was, now) if now.status is Status.FAIL else ""
            return FindingChange(ChangeKind.NEW, was, now, why) if why else None
        if was.status in UNJUDGED or now.status in UNJUDGED:
            run = self._after if now.status in UNJUDGED else self._before
            return FindingChange(ChangeKind.INCOMPARABLE, was, now, f"not judged in {run.run}")
        if not self._meanings.are_same(now.control, now.check, now.environment):
            why = "judged by another policy"
            return FindingChange(ChangeKind.INCOMPARABLE, was, now, why)
        return FindingChange(_kind(was.status, now.status), was, now)

    def _recreated(self, was: Finding, now: Finding) -> FindingChange:
        why = "another resource of the same name"
        return FindingChange(ChangeKind.RECREATED, was, now, why)

    def _only_after(self, now: Finding) -> FindingChange:
        if now.status in UNJUDGED:
            why = f"not judged in {self._after.run}"
            return FindingChange(ChangeKind.INCOMPARABLE, None, now, why)
        if _place(now) not in self._judged_before or _place(now) in self._unread_before:
            why = "not judged there before"
            return FindingChange(ChangeKind.INCOMPARABLE, None, now, why)
        kind = ChangeKind.NEW if now.status is Status.FAIL else ChangeKind.APPEARED
        return FindingChange(kind, None, now)

    def _only_before(self, was: Finding) -> Iterator[FindingChange]:
        place = _place(was)
        if place not in self._judged_after:
            why, removed_by = self._removed(was)
            yield FindingChange(ChangeKind.INCOMPARABLE, was, None, why, removed_by)
        elif was.status in UNJUDGED:
            why = f"not judged in {self._before.run}"
            yield FindingChange(ChangeKind.INCOMPARABLE, was, None, why)
        elif place in self._unread:
            why = f"no longer judged: {self._unread[place]}"
            yield FindingChange(ChangeKind.INCOMPARABLE, was, None, why)
        elif was.key:
            yield FindingChange(ChangeKind.VANISHED, was, None)
        elif was.status is Status.FAIL:  # about the whole population, and it holds no more
            yield FindingChange(ChangeKind.FIXED, was, None)

    def _removed(self, was: Finding) -> tuple[str, str]:
        """Why a check is not judged on a target any more, and which part of the policy says so."""
        control = f"control {was.control}"
        if was.control not in self._controls:
            return "the control is not judged any more", control
        if was.check not in self._controls[was.control]:
            return "the check was removed", control
        if was.target not in self._targets:
            return "the target is out of scope", f"target {was.target}"
        reason = self._not_tested.get((was.control, was.check), "its scope leaves the target out")
        return f"no longer judged: {reason}", control


def _kind(was: Status, now: Status) -> ChangeKind:
    """Of two statuses that differ, both judged by one policy."""
    if now is Status.FAIL:
        return ChangeKind.NEW
    better = now in (Status.PASS, Status.NOT_APPLICABLE)
    return (
        ChangeKind.FIXED if better and was in (Status.FAIL, Status.WAIVED) else ChangeKind.CHANGED
    )


def _worse(was: Finding, now: Finding) -> str:
    """What of two failures is worse in the second; "" where nothing is."""
    if now.severity.rank < was.severity.rank:
        return f"severity was {was.severity.value}"
    more = sorted(_false(now) - _false(was))
    return f"fails {', '.join(more)} as well" if more else ""


def _false(finding: Finding) -> set[str]:
    return {result.id for result in finding.assertions if result.truth == "false"}
