"""Whatever a collector does wrong, each type asked for gets exactly one honest answer."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from auditor.app.collecting import collect_target
from auditor.app.registry import Collectors
from auditor.collectors.interface import CollectionContext
from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.unit.app.company import PLACES, ticking

TYPES = ("fake.other", "fake.thing")


def collect(
    mode: str, types: Sequence[str] = TYPES, *, allow_probes: bool = False
) -> tuple[list[Observation], list[str]]:
    """What comes out, and what people were told."""
    told: list[str] = []
    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(
            ticking(), executor, allow_probes=allow_probes, progress=told.append
        )
        target = Target("one", "fake", "prod", settings={"mode": mode})
        return list(collect_target(Collectors(PLACES), target, types, context)), told


def by_type(observations: Sequence[Observation]) -> dict[str, Observation]:
    """By type, and each type is there once."""
    found = {o.resource_type: o for o in observations}
    assert len(found) == len(observations)
    return found


def test_an_honest_answer_is_kept_and_names_the_collector() -> None:
    observations, told = collect("honest")
    found = by_type(observations)
    assert set(found) == set(TYPES)
    assert all(o.complete and len(o.resources) == 2 for o in found.values())
    assert {o.collector for o in found.values()} == {"fake"}
    assert told == []


def test_one_that_raises_inside_leaves_a_gap_on_every_missing_type_and_keeps_the_others() -> None:
    found = by_type(collect("raises after one")[0])
    assert found["fake.other"].complete
    (gap,) = found["fake.thing"].gaps
    assert gap.cause is Cause.INTERNAL
    assert gap.detail == "RuntimeError: the wire was cut"
    assert "report it" in gap.hint
    assert found["fake.thing"].resources == ()


def test_one_that_raises_before_its_first_answer_leaves_a_gap_on_every_type() -> None:
    found = by_type(collect("raises at once")[0])
    assert {o.gaps[0].detail for o in found.values()} == {"ValueError: no stream at all"}
    assert set(found) == set(TYPES)


def test_one_that_forgets_a_type_leaves_a_gap_on_it() -> None:
    found = by_type(collect("forgets one")[0])
    assert found["fake.other"].complete
    assert found["fake.thing"].gaps[0].detail == "the collector gave no answer for it"
    assert found["fake.thing"].gaps[0].cause is Cause.INTERNAL


def test_an_answer_that_nobody_asked_for_is_said_and_left_out() -> None:
    observations, told = collect("unasked")
    assert set(by_type(observations)) == set(TYPES)
    assert told == ["one: got 'fake.surprise' unasked from fake"]


def test_of_two_answers_for_one_type_neither_counts_as_complete() -> None:
    observations, _told = collect("twice")
    last = {o.resource_type: o for o in observations}  # what judgement sees
    assert last["fake.other"].gaps[0].detail == "the collector answered twice for it"
    assert last["fake.thing"].complete


def test_an_active_type_is_not_read_unless_probes_are_allowed() -> None:
    types = ("fake.probe", "fake.thing")
    found = by_type(collect("honest", types)[0])
    (gap,) = found["fake.probe"].gaps
    assert gap.cause is Cause.PROBE_NOT_ALLOWED
    assert gap.hint == "auditor scan --allow-probes"
    assert found["fake.thing"].complete
    allowed = by_type(collect("honest", types, allow_probes=True)[0])
    assert allowed["fake.probe"].complete


def test_with_active_types_alone_and_no_probes_the_collector_is_not_even_called() -> None:
    found = by_type(collect("raises at once", ["fake.probe"])[0])
    assert [gap.cause for gap in found["fake.probe"].gaps] == [Cause.PROBE_NOT_ALLOWED]


@pytest.mark.parametrize("mode", ["raises after one", "raises at once", "forgets one"])
def test_every_gap_has_times_from_the_clock_of_the_run(mode: str) -> None:
    for observation in collect(mode)[0]:
        assert observation.started_at <= observation.read_at
        assert observation.environment == "prod"
