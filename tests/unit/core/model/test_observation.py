"""Evidence documents: what was read is what is read back, years later and by somebody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.canonical import canonical, parse_canonical
from auditor.core.model.observation import Call, Gap, Observation, Resource
from auditor.core.model.status import Cause
from tests.unit.core.build import NOW, gap, observation, thing
from tests.unit.core.jsonlike import INSTANT, OBJECT, TEXT, WORD

GAPS = st.builds(
    Gap, cause=st.sampled_from(Cause), detail=TEXT, subject=TEXT, action=TEXT, hint=TEXT
)
RESOURCES = st.builds(
    Resource, data=OBJECT, uid=TEXT, unread=st.dictionaries(WORD, GAPS, max_size=2)
)
CALLS = st.builds(
    Call,
    request=TEXT,
    endpoint=TEXT,
    started_at=INSTANT,
    server_time=st.none() | INSTANT,
    pages=st.integers(0, 9),
    items=st.integers(0, 999),
    ok=st.booleans(),
    more=st.booleans(),
)
OBSERVATIONS = st.builds(
    Observation,
    target=WORD,
    environment=WORD,
    resource_type=WORD,
    identity=TEXT,
    started_at=INSTANT,
    read_at=INSTANT,
    as_of=INSTANT,
    resources=st.lists(RESOURCES, max_size=2).map(tuple),
    facts=OBJECT,
    gaps=st.lists(GAPS, max_size=2).map(tuple),
    calls=st.lists(CALLS, max_size=2).map(tuple),
    collector=TEXT,
)


@given(OBSERVATIONS)
def test_law_an_observation_is_read_as_written(made: Observation) -> None:
    data = canonical(made.to_json())
    document = parse_canonical(data)
    assert isinstance(document, dict)
    assert Observation.from_json(document) == made
    assert canonical(Observation.from_json(document).to_json()) == data


@given(GAPS)
def test_law_a_gap_is_read_as_written(made: Gap) -> None:
    assert Gap.from_json(made.to_json()) == made  # type: ignore[arg-type]  # all values are texts
    assert "" not in {made.to_json()[name] for name in made.to_json() if name != "detail"}


def test_an_observation_with_any_gap_is_not_complete() -> None:
    assert observation(thing()).complete
    assert not observation(thing(), gaps=(gap(Cause.TRUNCATED, "eu-west-2"),)).complete


def test_a_field_without_a_value_differs_from_one_that_was_not_read() -> None:
    null, unread = Resource({"note": None}), Resource({}, unread={"note": gap()})
    assert null.to_json() == {"data": {"note": None}}
    assert unread.to_json() == {"data": {}, "unread": {"note": gap().to_json()}}


@pytest.mark.parametrize("schema", [None, "observation-2", "verdicts-1"])
def test_another_schema_is_refused(schema: str | None) -> None:
    document = observation().to_json() | {"schema": schema}
    with pytest.raises(ValueError, match="expected 'observation-1'"):
        Observation.from_json(document)


@pytest.mark.parametrize("missing", sorted(observation().to_json().keys() - {"schema"}))
def test_a_document_without_a_field_is_refused(missing: str) -> None:
    document = observation(thing(), calls=(Call("List", "local", NOW),)).to_json()
    del document[missing]
    with pytest.raises(KeyError, match=missing):
        Observation.from_json(document)
