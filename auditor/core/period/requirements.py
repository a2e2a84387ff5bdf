"""What the period shows for each requirement: its controls, by state. Never that it is met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.core.model.framework import Framework
from auditor.core.model.period_report import ControlPeriod, PeriodState, RequirementPeriod


def requirement_periods(
    frameworks: Sequence[Framework],
    controls: Sequence[ControlPeriod],
    mapped: Mapping[str, set[str]],
) -> tuple[RequirementPeriod, ...]:
    """Every requirement of every framework, also those that no control is mapped to.

    Args:
        mapped: Control to its mappings (`soc2 CC6.1`) in the last policy that has it. What was
            mapped in any run counts: a mapping that was removed takes no deviation away.
    """
    return tuple(
        _requirement(framework, place.id, place.title, place.evidence, controls, mapped)
        for framework in frameworks
        for place in framework.requirements
    )


def _requirement(
    framework: Framework,
    requirement: str,
    title: str,
    evidence: str,
    controls: Sequence[ControlPeriod],
    mapped: Mapping[str, set[str]],
) -> RequirementPeriod:
    name = f"{framework.id} {requirement}"
    own = [control for control in controls if name in control.mappings]
    return RequirementPeriod(
        framework=framework.id,
        id=requirement,
        title=title,
        evidence=evidence,
        controls=tuple(control.id for control in own),
        unmapped=tuple(control.id for control in own if name not in mapped[control.id]),
        by_state={
            state.value: tuple(control.id for control in own if control.state is state)
            for state in PeriodState
        },
        items=sum(control.items for control in own),
        deviating=sum(control.deviating for control in own),
    )
