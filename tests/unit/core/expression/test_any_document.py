"""Whatever stands in a document, evaluating ends in a value or in UndecidedError, nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.core.expression.engine import plain
from auditor.core.expression.explain import explain
from auditor.core.expression.interface import UndecidedError
from auditor.core.expression.walker import Walker
from tests.unit.core.expression.evaluating import compiled, variables
from tests.unit.core.expression.test_functions import DOCUMENT, ERRORS, VALUES

SOURCES = [row[0] for row in (*VALUES, *ERRORS)]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=6),
    st.binary(max_size=3),
    st.datetimes(timezones=st.sampled_from([UTC])),
    st.datetimes(),
    st.timedeltas(),
    st.sampled_from(["22", "2026-01-01T00:00:00Z", "10.0.0.0/8", "(", "1.2.3", 2**63, -(2**63)]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "x", "port"]), inner, max_size=3),
    ),
    max_leaves=6,
)
DOCUMENTS = st.one_of(
    ANYTHING, st.fixed_dictionaries({}, optional=dict.fromkeys(DOCUMENT, ANYTHING))
)


@settings(
    max_examples=1500,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.sampled_from(SOURCES), DOCUMENTS)
def test_nothing_but_undecided_is_raised(source: str, document: Any) -> None:
    expression, bound = compiled(source), variables(document)
    try:
        found: object = repr(expression.value(bound))
    except UndecidedError as error:
        found = error.detail
    try:
        walked: object = repr(plain(expression.walk(bound, Walker())))
    except UndecidedError as error:
        walked = error.detail
    assert walked == found
    assert json.dumps(explain(expression, bound).to_json())


FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
EXTREMES: list[tuple[object, str]] = [
    (FIRST, "resource - now"),
    (FIRST, "resource - days(1)"),
    (LAST, "resource - now"),
    (LAST, "resource + days(1)"),
    (LAST, "resource.getHours('Asia/Tokyo')"),
    (timedelta.max, "resource + resource"),
    (timedelta.min, "resource - duration('1s')"),
    (timedelta.max, "now + resource"),
]


@pytest.mark.parametrize(("extreme", "source"), EXTREMES)
def test_beyond_the_range_of_time_is_an_error(extreme: object, source: str) -> None:
    with pytest.raises(UndecidedError, match="range"):
        compiled(source).value(variables(extreme))
