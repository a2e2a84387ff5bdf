"""The contract of `collectors/interface.py`, kept by every collector of the registry.

Each test runs once for each kind of target, over a real server or its stand-in. A kind without a
world fails the suite. How another package joins: docs/how-to/write-a-collector.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.app.registry import Collectors
from auditor.core.canonical import canonical
from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from auditor.errors import AuditorError, StoreError
from tests.services.contract.conftest import Subject
from tests.services.contract.evidence import (
    every_gap,
    has_provenance,
    has_zones,
    is_declared,
    is_plain_json,
    keys,
    keys_of_controls,
    leaks,
    without_times,
)
from tests.services.contract.reading import collect, preflight
from tests.services.contract.world import CannotBe, Pages, Trouble
from tests.services.contract.worlds import world_places

pytestmark = pytest.mark.service

KINDS = sorted(world_places())
TROUBLES = ("denied", "timeout", "unreachable")
PATIENCE_S = 15.0  # for all types together, where each request may take half a second
DECLARED_CAUSES = {Cause.NOT_DECLARED, Cause.KNOWN_AFTER_APPLY}


@pytest.fixture(params=KINDS)
def subject(request: pytest.FixtureRequest, subject_of: Callable[[str], Subject]) -> Subject:
    return subject_of(request.param)


def test_every_kind_of_target_of_the_registry_has_a_world() -> None:
    known = {kind for one in Collectors().all() for kind in one.target_kinds}
    assert known == set(KINDS)


def test_each_type_is_answered_once(subject: Subject) -> None:
    asked = sorted(subject.collector.resource_types())
    for read in (subject.first, subject.second):
        assert sorted(one.resource_type for one in read.observations) == asked


def test_a_type_that_there_is_not_is_refused(subject: Subject) -> None:
    with pytest.raises(AuditorError, match=r"\.of_nowhere"):
        collect(subject.collector, subject.world, [f"{subject.collector.name}.of_nowhere"])


def test_settings_that_there_are_not_are_refused(subject: Subject) -> None:
    own = subject.world.target
    wrong = type(own)(own.name, own.kind, own.environment, settings={"of_nowhere": 1})
    with pytest.raises(AuditorError, match="of_nowhere"):
        collect(subject.collector, subject.world, target=wrong)


def test_a_good_system_is_read_whole(subject: Subject) -> None:
    declared = subject.collector.target_kinds[subject.world.target.kind].declared
    gaps = [
        (one.resource_type, gap.cause.value, gap.detail)
        for one in subject.first.observations
        if one.resource_type not in subject.world.gaps
        for gap in one.gaps
        if not (declared and gap.cause in DECLARED_CAUSES)
    ]
    assert gaps == []
    assert any(one.resources for one in subject.first.observations)


def test_provenance_is_complete(subject: Subject) -> None:
    target = subject.world.target
    for one in subject.first.observations:
        assert (one.target, one.environment) == (target.name, target.environment)
        has_provenance(one, subject.first, silent=one.resource_type in subject.world.silent)


def test_evidence_is_declared_json(subject: Subject) -> None:
    types = subject.collector.resource_types()
    for one in subject.first.observations:
        is_plain_json(one)
        is_declared(one, types[one.resource_type])
        has_zones(one)


def test_keys_are_unique_and_stable(subject: Subject) -> None:
    for one in subject.first.observations:
        name = one.resource_type
        own = subject.world.keys.get(name)
        fields = {own} if own else keys_of_controls().get(name, frozenset())
        assert fields or not one.resources, f"which field is the key of {name}?"
        for field in fields:
            found = keys(one, field)
            assert len(set(found)) == len(found), f"{name}: {field} is not unique"
            assert found == keys(subject.second.of(name), field), name


def test_two_readings_of_an_unchanged_system_are_equal(subject: Subject) -> None:
    order = [one.resource_type for one in subject.first.observations]
    for name in order:
        moving = subject.world.moving.get(name, ())
        first, second = (
            canonical(without_times(read.of(name), moving).to_json())
            for read in (subject.first, subject.second)
        )
        assert first == second, name


def test_nothing_is_written(subject: Subject) -> None:
    before, between, after = subject.states
    assert before == between == after


def test_planted_secrets_are_not_kept(subject: Subject) -> None:
    assert subject.world.secrets
    types = subject.collector.resource_types()
    assert leaks(subject.first, subject.world.secrets, types) == []


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_is_a_gap_of_every_type(subject: Subject, trouble: str) -> None:
    given_ = getattr(subject.world, trouble)
    if isinstance(given_, CannotBe):
        assert given_.reason
        return
    assert isinstance(given_, Trouble)
    began = time.monotonic()
    with given_.meanwhile():
        read = collect(
            subject.collector,
            subject.world,
            given_.types,
            given_.target,
            project=given_.project,
            timeout_s=0.5 if trouble == "timeout" else 10.0,
        )
    assert trouble != "timeout" or time.monotonic() - began < PATIENCE_S, "it hangs"
    for one in read.observations:
        good = subject.first.of(one.resource_type)
        causes = {gap.cause for gap in every_gap(one)}
        expected = {*given_.causes, *(gap.cause for gap in good.gaps)}
        if given_.some_rights and not causes:  # it needs no right: then nothing may be missing
            assert _same(subject, one, good), f"{one.resource_type} is shorter, and no gap says so"
        else:
            assert causes & expected, f"{one.resource_type}: {one.gaps}"
        for gap in every_gap(one):
            assert gap.detail, one.resource_type
            assert gap.cause is not Cause.INTERNAL, gap
            named = gap.action or gap.hint or gap.subject
            assert named or gap.cause is not Cause.DENIED, f"{gap} names no permission"


def _same(subject: Subject, one: Observation, good: Observation) -> bool:
    moving = subject.world.moving.get(one.resource_type, ())
    seen, whole = (without_times(other, moving).resources for other in (one, good))
    return seen == whole


@pytest.mark.parametrize("trouble", TROUBLES)
def test_preflight_says_who_or_why_not(subject: Subject, trouble: str) -> None:
    assert preflight(subject.collector, subject.world).gap is None
    assert preflight(subject.collector, subject.world).identity
    given_ = getattr(subject.world, trouble)
    if isinstance(given_, Trouble):
        with given_.meanwhile():
            answer = preflight(
                subject.collector,
                subject.world,
                given_.target,
                project=given_.project,
                timeout_s=0.5 if trouble == "timeout" else 10.0,
            )
        assert (answer.gap is None) == given_.answers, answer


def test_small_pages_give_the_same_as_large_ones(subject: Subject) -> None:
    pages = subject.world.pages
    if isinstance(pages, CannotBe):
        assert pages.reason
        return
    assert isinstance(pages, Pages)
    reads = [collect(subject.collector, subject.world, target=t) for t in pages.targets]
    for read in reads:
        for one in read.observations:
            same = subject.first.of(one.resource_type)
            assert one.resources == same.resources, one.resource_type
            assert one.gaps == same.gaps, one.resource_type
    for name in pages.types:
        counts = [call.pages for r in (subject.first, *reads) for call in r.of(name).calls]
        assert max(counts) > 1, f"{name} came in one page: nothing is shown"


def test_a_budget_of_one_request_is_kept(subject: Subject) -> None:
    count = subject.world.requests
    before = None if isinstance(count, CannotBe) else count()
    read = collect(subject.collector, subject.world, max_calls=1)
    assert read.requests <= 1
    if before is None or isinstance(count, CannotBe):
        assert isinstance(count, CannotBe)
    else:
        assert count() - before <= 1
    silent = set(subject.world.silent)
    if not subject.first.requests:  # nothing is asked of anybody
        assert isinstance(count, CannotBe)
        return
    for one in read.observations:
        if one.resource_type not in silent:
            # One that is made of what others have read says that they are incomplete.
            causes = {gap.cause for gap in every_gap(one)}
            assert causes & {Cause.LIMIT, Cause.INCOMPLETE}, f"{one.resource_type}: {one.gaps}"


def test_earlier_evidence_that_cannot_be_had_is_no_end_of_reading(subject: Subject) -> None:
    def lost(_target: str, _resource_type: str, _wanted: object) -> Observation | None:
        raise StoreError("the store is away")

    read = collect(subject.collector, subject.world, earlier=lost)
    asked = sorted(subject.collector.resource_types())
    assert sorted(one.resource_type for one in read.observations) == asked


def test_what_the_budget_counts_is_what_the_system_sees(subject: Subject) -> None:
    if isinstance(subject.world.requests, CannotBe):
        assert subject.world.requests.reason
        return
    before, between, after = subject.reached
    assert between - before <= subject.first.requests
    assert after - between <= subject.second.requests


def test_what_a_declaration_cannot_show_says_so(subject: Subject) -> None:
    kind = subject.collector.target_kinds[subject.world.target.kind]
    gaps = [gap for one in subject.first.observations for gap in every_gap(one)]
    causes = {gap.cause for gap in gaps}
    if kind.declared:
        assert causes & DECLARED_CAUSES
        assert causes <= DECLARED_CAUSES, [g for g in gaps if g.cause not in DECLARED_CAUSES]
    else:
        assert not causes & DECLARED_CAUSES


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_choice_of_types_gives_what_all_give(subject: Subject, data: st.DataObject) -> None:
    names = sorted(subject.collector.resource_types())
    chosen = data.draw(st.lists(st.sampled_from(names), unique=True, min_size=1, max_size=4))
    read = collect(subject.collector, subject.world, chosen)
    assert sorted(one.resource_type for one in read.observations) == sorted(chosen)
    for one in read.observations:
        moving = subject.world.moving.get(one.resource_type, ())
        alone, together = (
            without_times(other, moving) for other in (one, subject.first.of(one.resource_type))
        )
        assert alone.resources == together.resources, one.resource_type
        assert alone.gaps == together.gaps, one.resource_type
