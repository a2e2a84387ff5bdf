"""Instants and durations: what is written is what is read, and nothing is guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from auditor.core.times import (
    Duration,
    Instant,
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
)
from tests.unit.core.jsonlike import INSTANT, JSON

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
WRITTEN = st.builds(
    lambda number, unit: f"{number}{unit}",
    st.integers(0, 999_999_999),
    st.sampled_from(["ms", "s", "m", "h", "d"]),
)


@given(INSTANT)
def test_law_an_instant_is_read_as_written(instant: datetime) -> None:
    assert parse_instant(format_instant(instant)) == instant


@given(INSTANT, ZONES)
def test_law_an_instant_is_the_same_in_every_zone(instant: datetime, zone: timezone) -> None:
    local = instant.astimezone(zone)
    assert format_instant(local) == format_instant(instant)
    assert parse_instant(local.isoformat()) == instant
    assert parse_instant(local).utcoffset() == timedelta(0)


@given(WRITTEN)
def test_law_a_duration_that_can_be_written_is_read_back(text: str) -> None:
    value = parse_duration(text)
    assert parse_duration(format_duration(value)) == value
    assert len(format_duration(value)) <= len(text)
    assert parse_duration(value) is value


@given(JSON.filter(lambda value: not isinstance(value, str)) | st.text(max_size=6))
def test_law_nothing_but_value_error_leaves_the_parsers(value: object) -> None:
    for parse in (parse_duration, parse_instant):
        try:
            assert isinstance(parse(value), (timedelta, datetime))
        except ValueError as error:
            assert "expected" in str(error)  # noqa: PT017 - both answers are right


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(0), "0d"),
        (timedelta(days=30), "30d"),
        (timedelta(hours=36), "36h"),
        (timedelta(minutes=15), "15m"),
        (timedelta(seconds=20), "20s"),
        (timedelta(milliseconds=1500), "1500ms"),
    ],
)
def test_a_duration_is_shown_in_the_largest_unit_that_divides_it(
    value: timedelta, text: str
) -> None:
    assert format_duration(value) == text
    assert parse_duration(text) == value


def test_a_duration_finer_than_a_millisecond_is_refused() -> None:
    with pytest.raises(ValueError, match="finer than a millisecond"):
        format_duration(timedelta(microseconds=1))


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
    ],
)
def test_an_instant_that_utc_cannot_hold_is_a_value_error(text: object) -> None:
    with pytest.raises(ValueError, match="outside the years 1 to 9999"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T00:00:00Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+0100",
        "20260101T000000Z",
        "2026-W01-1T00:00:00Z",
        "٢026-01-01T00:00:00Z",
    ],
)
def test_other_forms_of_time_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"got|day|hour|second|minute"):
        parse_instant(text)


def test_digits_finer_than_a_microsecond_are_cut_never_rounded_up() -> None:
    assert parse_instant("2026-01-01T00:00:00.999999999Z").microsecond == 999_999
    assert parse_instant("2026-01-01t00:00:00.5z") == datetime(
        2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC
    )


def test_a_time_without_a_zone_is_neither_read_nor_shown() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - that is the point
    with pytest.raises(ValueError, match="without a zone"):
        parse_instant(naive)
    with pytest.raises(ValueError, match="no zone"):
        format_instant(naive)


def test_models_read_and_write_both_as_text() -> None:
    span, moment = TypeAdapter(Duration), TypeAdapter(Instant)
    assert span.dump_python(span.validate_python("36h")) == "36h"
    assert moment.dump_json(moment.validate_python("2026-01-01T01:00:00+01:00")) == (
        b'"2026-01-01T00:00:00Z"'
    )
    for adapter, value in ((span, 36), (moment, "2026-01-01")):
        with pytest.raises(ValidationError, match="expected"):
            adapter.validate_python(value)
