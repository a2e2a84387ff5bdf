"""Both runs narrowed to one selection: `auditor gate --target staging` says nothing of the rest."""

from __future__ import annotations

from dataclasses import replace

from auditor.app.selection import Selection
from auditor.core.diff.model import Side
from auditor.core.model.control import Check, Control
from auditor.core.model.status import worst_severity
from auditor.core.model.target import Target


def narrowed(side: Side, selection: Selection) -> Side:
    """The part of a run that the selection names; a check that others depend on may be left out."""
    if selection == Selection():
        return side
    controls = {c.id: _part(c, selection) for c in side.policy.controls}
    kept = {name: control for name, control in controls.items() if control is not None}
    checks = {(name, check.id) for name, control in kept.items() for check in control.checks}
    targets = tuple(t for t in side.policy.targets if _is_target(t, selection))
    names = {target.name for target in targets}
    policy = replace(
        side.policy,
        controls=tuple(kept.values()),
        targets=targets,
        waivers=tuple(w for w in side.policy.waivers if _pair(w.waiver.check) in checks),
        frameworks=tuple(
            f
            for f in side.policy.frameworks
            if not selection.frameworks or f.id in selection.frameworks
        ),
    )
    return replace(
        side,
        policy=policy,
        findings=tuple(
            f for f in side.findings if (f.control, f.check) in checks and f.target in names
        ),
        not_tested=tuple(n for n in side.not_tested if (n.control, n.check) in checks),
    )


def scope_words(selection: Selection) -> tuple[str, ...]:
    """The selection as it is typed."""
    words = [
        f"--{name} {value}"
        for name, values in (
            ("framework", selection.frameworks),
            ("control", selection.controls),
            ("check", selection.checks),
            ("target", selection.targets),
            ("environment", selection.environments),
        )
        for value in values
    ]
    return (*words, *([f"--severity {selection.severity.value}"] if selection.severity else ()))


def _pair(path: str) -> tuple[str, str]:
    control, _, check = path.partition("/")
    return control, check


def _part(control: Control, selection: Selection) -> Control | None:
    if selection.controls and control.id not in selection.controls:
        return None
    if selection.frameworks and not set(selection.frameworks) & set(control.maps):
        return None
    checks = tuple(check for check in control.checks if _is_check(control, check, selection))
    return control.model_copy(update={"checks": checks}) if checks else None


def _is_check(control: Control, check: Check, selection: Selection) -> bool:
    named = {f"{control.id}/{check.id}", check.catalogue}
    if selection.checks and not named & set(selection.checks):
        return False
    worst = worst_severity(assertion.severity for assertion in check.assert_)
    return selection.severity is None or worst.rank <= selection.severity.rank


def _is_target(target: Target, selection: Selection) -> bool:
    """A name also stands for what it was expanded to (`organization.account`)."""
    wanted = selection.targets
    named = not wanted or any(
        target.name == name or target.name.startswith(f"{name}.") for name in wanted
    )
    return named and (not selection.environments or target.environment in selection.environments)
