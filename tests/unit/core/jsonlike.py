"""Hypothesis strategies for the values that documents hold."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from auditor.core.canonical import MAX_INT

# Everything UTF-8 can say; half surrogates are no text.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WORD = st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True)
SCALAR = st.none() | st.booleans() | st.integers(-MAX_INT, MAX_INT) | TEXT
JSON = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
OBJECT = st.dictionaries(WORD, JSON, max_size=3)
INSTANT = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - naive bounds by the library's contract
