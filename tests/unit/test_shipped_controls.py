"""The shipped library: every control lints, and its cases show that it can pass, fail and err."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache

import pytest

from auditor.app.cases.control_cases import CaseResult, run_cases
from auditor.app.engine import make_engine
from auditor.app.library import lint_library
from auditor.app.registry import Collectors
from auditor.catalog.library import Library, LoadedControl, load_library
from auditor.core.expression.interface import Engine
from auditor.core.model.control import Check
from auditor.core.model.finding import Finding
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause, Status
from auditor.shipped import shipped

# Names are read here without loading, so that there is one test for each control.
IDS = sorted(path.parent.name for path in shipped("controls").rglob("control.yaml"))

# Causes that say that something could not be read; without them an absence is a true one.
UNREADABLE = frozenset(Cause) - {
    Cause.EMPTY,
    Cause.INCOMPLETE,
    Cause.DEPENDENCY,
    Cause.NOT_COLLECTED,
}
# What the cases of every check must show. A check that cannot show one is excused here by name,
# with its reason; there is none.
WANTED = {"pass", "fail", "empty", "denied", "missing field"}


@cache
def library() -> Library:
    return load_library([shipped("controls")])


@cache
def tools() -> tuple[Collectors, dict[str, ResourceType], Engine]:
    collectors = Collectors()
    return collectors, collectors.resource_types(), make_engine()


@cache
def diagnostics() -> dict[str, list[str]]:
    collectors, _, engine = tools()
    found: dict[str, list[str]] = defaultdict(list)
    for diagnostic in lint_library(library(), collectors, engine):
        found[diagnostic.control].append(str(diagnostic))
    return found


@cache
def results(control_id: str) -> tuple[CaseResult, ...]:
    _, types, engine = tools()
    return tuple(run_cases(library().controls[control_id], types, engine))


def loaded(control_id: str) -> LoadedControl:
    return library().controls[control_id]


def findings_by_case(control_id: str, check: Check) -> Iterator[tuple[Finding, ...]]:
    for result in results(control_id):
        own = tuple(finding for finding in result.findings if finding.check == check.id)
        if own:
            yield own


def shown(control_id: str, check: Check) -> set[str]:
    """Which kinds of evidence the judged findings of a check show."""
    kinds: set[str] = set()
    for own in findings_by_case(control_id, check):
        kinds |= {kind for finding in own for kind in kinds_of(finding)}
        if not any(f.pointer for f in own) and not any(f.cause in UNREADABLE for f in own):
            kinds.add("empty")  # read, and no resource to judge
    return kinds


def kinds_of(finding: Finding) -> Iterator[str]:
    if finding.status is Status.PASS and finding.pointer:
        yield "pass"
    if finding.status is Status.FAIL and finding.pointer:
        yield "fail"
    if finding.status is Status.ERROR and finding.cause is Cause.DENIED:
        yield "denied"
    if finding.status is Status.ERROR and finding.cause is Cause.MISSING_FIELD:
        yield "missing field"


def test_the_library_is_as_large_as_promised() -> None:
    controls = library().sorted_controls()
    assert [control.id for control in controls] == IDS
    assert len(controls) >= 12
    assert sum(len(control.checks) for control in controls) >= 45


def test_ids_are_unique_everywhere() -> None:
    assert [name for name, number in Counter(IDS).items() if number > 1] == []
    paths = [f"{c.id}/{check.id}" for c in library().sorted_controls() for check in c.checks]
    entries = [k.catalogue for c in library().sorted_controls() for k in c.checks if k.catalogue]
    assert [path for path, number in Counter(paths).items() if number > 1] == []
    assert [entry for entry, number in Counter(entries).items() if number > 1] == []


@pytest.mark.parametrize("framework", ["soc2", "iso27001"])
def test_both_frameworks_are_mapped(framework: str) -> None:
    known = {requirement.id for requirement in library().frameworks[framework].requirements}
    for control in library().sorted_controls():
        mapped = {mapping.id for mapping in control.maps.get(framework, ())}
        assert mapped, f"{control.id} has no mapping to {framework}"
        assert mapped <= known


@pytest.mark.parametrize("control_id", IDS)
def test_it_lints_without_error_or_warning(control_id: str) -> None:
    assert diagnostics().get(control_id, []) == []


@pytest.mark.parametrize("control_id", IDS)
def test_its_cases_give_what_they_expect(control_id: str) -> None:
    found = results(control_id)
    assert [f"{case.name}: {text}" for case in found for text in case.differences] == []
    assert all(case.expectations for case in found)


@pytest.mark.parametrize("control_id", IDS)
def test_each_check_is_seen_passing_failing_empty_denied_and_without_a_field(
    control_id: str,
) -> None:
    checks = loaded(control_id).control.checks
    lacking = {check.id: WANTED - shown(control_id, check) for check in checks}
    assert {name: kinds for name, kinds in lacking.items() if kinds} == {}


@pytest.mark.parametrize("control_id", IDS)
def test_every_assertion_is_seen_true_and_false(control_id: str) -> None:
    for check in loaded(control_id).control.checks:
        seen: dict[str, set[str]] = defaultdict(set)
        for own in findings_by_case(control_id, check):
            for result in (result for finding in own for result in finding.assertions):
                seen[result.id].add(result.truth)
        lacking = {a.id: {"true", "false"} - seen[a.id] for a in check.assert_}
        assert {name: truths for name, truths in lacking.items() if truths} == {}, check.id


@pytest.mark.parametrize("control_id", IDS)
def test_an_unread_check_never_passes_in_any_case(control_id: str) -> None:
    for check in loaded(control_id).control.checks:
        for own in findings_by_case(control_id, check):
            about_all = [f for f in own if not f.pointer and f.cause in UNREADABLE]
            alone = [f for f in own if not f.pointer and f.status is Status.PASS]
            assert not (about_all and alone), check.id


@pytest.mark.parametrize("control_id", IDS)
def test_it_says_how_to_mend_and_how_to_look_by_hand(control_id: str) -> None:
    for check in loaded(control_id).control.checks:
        assert len(check.remediation.text.split()) >= 4, check.id
        assert len(check.verify_by_hand.split()) >= 2, check.id
        assert not {"todo", "tbd", "xxx", "fixme"} & set(check.remediation.text.lower().split())
