"""Running the cases beside a control: evidence that a person wrote, judged like any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from auditor.catalog.cases import Case, Evidence, GapEntry, load_cases
from auditor.catalog.library import LoadedControl
from auditor.core.evaluate import evaluate
from auditor.core.evaluate.plan import Plan, PlannedCheck
from auditor.core.expression.interface import Engine
from auditor.core.model.control import query_types
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Gap, Observation, Resource
from auditor.core.model.policy import Policy
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Status
from auditor.core.model.target import Target
from auditor.core.rollup import control_status
from auditor.errors import DefinitionError, Problem

_BAD = (Status.FAIL, Status.ERROR)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a case gave, and how that differs from what it expects."""

    control: str
    name: str
    findings: tuple[Finding, ...]
    differences: tuple[str, ...]
    expectations: int


def run_cases(
    loaded: LoadedControl, types: Mapping[str, ResourceType], engine: Engine
) -> list[CaseResult]:
    """Judge every case of a control.

    Raises:
        DefinitionError: There is no case file, or it is wrong.
    """
    path = loaded.folder / "tests" / "cases.yaml"
    if not path.is_file():
        raise DefinitionError([Problem(loaded.source.name, "there is no tests/cases.yaml")])
    loaded, types = as_cases_see(loaded, types)
    results = []
    by_name: dict[str, tuple[Finding, ...]] = {}
    for case in load_cases(path):
        findings = judge_case(loaded, case, types, engine)
        by_name[case.name] = findings
        differences, expectations = _compare(case, findings, by_name)
        results.append(
            CaseResult(loaded.control.id, case.name, findings, tuple(differences), expectations)
        )
    return results


def as_cases_see(
    loaded: LoadedControl, types: Mapping[str, ResourceType]
) -> tuple[LoadedControl, Mapping[str, ResourceType]]:
    """The control without its queries, and with the types that they make.

    A person wrote the evidence of a case: no query has read it.
    """
    control = loaded.control
    if not any(check.query for check in control.checks):
        return loaded, types
    checks = tuple(check.model_copy(update={"query": None}) for check in control.checks)
    plain = replace(loaded, control=control.model_copy(update={"checks": checks}))
    return plain, {**types, **query_types([control])}


def judge_case(
    loaded: LoadedControl, case: Case, types: Mapping[str, ResourceType], engine: Engine
) -> tuple[Finding, ...]:
    """The findings of one case. Each check sees a target of its own, named like the check."""
    control = loaded.control
    targets = {
        check.id: Target(check.id, f"case-{check.collector}", case.environment, case.labels)
        for check in control.checks
        if check.id in case.evidence
    }
    unknown = set(case.evidence) - {check.id for check in control.checks}
    if unknown:
        message = f"case {case.name!r} has evidence of unknown checks: {', '.join(sorted(unknown))}"
        raise DefinitionError([Problem(loaded.source.name, message)])
    policy = Policy(
        controls=(control,),
        frameworks=(),
        targets=tuple(targets.values()),
        environments=(case.environment,),
        resource_types=types,
        overrides={case.environment: {control.id: case.parameters}},
        inventory={name: list(members) for name, members in case.inventory.items()},
    )
    checks = [PlannedCheck(control, c, targets[c.id]) for c in control.checks if c.id in targets]
    observations = {
        (check.id, check.resource): case_observation(case, check.id, check.resource)
        for check in control.checks
        if check.id in targets
    }
    plan = Plan(tuple(checks), ())
    return evaluate(policy, plan, observations, case.now, engine).findings


def case_observation(case: Case, check: str, resource_type: str) -> Observation:
    """What a check of the case sees."""
    evidence = case.evidence[check]
    as_of = evidence.as_of or case.now - timedelta(minutes=5)
    return Observation(
        target=check,
        environment=case.environment,
        resource_type=resource_type,
        identity="case",
        started_at=as_of,
        read_at=max(as_of, case.now),
        as_of=as_of,
        resources=tuple(_resources(evidence)),
        facts=evidence.facts,
        gaps=tuple(_gap(gap) for gap in evidence.gaps),
    )


def _resources(evidence: Evidence) -> Iterator[Resource]:
    for index, data in enumerate(evidence.resources):
        unread = {path: _gap(gap) for path, gap in evidence.unread.get(index, {}).items()}
        yield Resource({k: v for k, v in data.items() if k not in unread}, unread=unread)


def _gap(entry: GapEntry) -> Gap:
    return Gap(entry.cause, entry.detail, entry.subject, entry.action)


def finding_name(finding: Finding) -> str:
    """How expectations call a finding: `check/key`, or `check` for the whole target."""
    return f"{finding.check}/{finding.key}" if finding.key else finding.check


def _compare(
    case: Case, findings: tuple[Finding, ...], earlier: Mapping[str, tuple[Finding, ...]]
) -> tuple[list[str], int]:
    """The differences, and how many expectations were compared."""
    got = {finding_name(finding): finding for finding in findings}
    differences = []
    expectations = len(case.expect.findings)
    status = control_status(findings)
    wanted = case.expect.control or ("fail" if case.alone else None)
    if wanted is not None:
        expectations += 1
        if status.value != wanted:
            differences.append(f"the control is {status.value}, expected {wanted}")
    for name, expected in case.expect.findings.items():
        finding = got.get(name)
        if finding is None:
            differences.append(f"{name} is not there, expected {expected}; there are {sorted(got)}")
        elif finding.status.value != expected:
            text = f"{name} is {finding.status.value}, expected {expected}: {finding.reason}"
            differences.append(text)
    if case.alone is not None:
        expectations += 1
        differences += _not_alone(case, findings, earlier)
    if not expectations:
        differences.append("it expects nothing: give `expect`")
    return differences, expectations


def _not_alone(
    case: Case, findings: tuple[Finding, ...], earlier: Mapping[str, tuple[Finding, ...]]
) -> list[str]:
    """A single flaw must give exactly one new failing finding, in its check."""
    before = {finding_name(f) for f in earlier.get(case.base or "", ()) if f.status in _BAD}
    new = [f for f in findings if f.status in _BAD and finding_name(f) not in before]
    if len(new) == 1 and new[0].check == case.alone and new[0].status is Status.FAIL:
        return []
    shown = [f"{finding_name(f)}: {f.status.value}: {f.reason}" for f in new]
    return [f"expected one new failing finding in {case.alone}, got {shown}"]
