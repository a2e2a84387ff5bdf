from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import ip_address, ip_interface, ip_network
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.sql.values import duration, text_of, to_json
from auditor.core.times import parse_duration

EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (-(2**63), "-9223372036854775808"),
        ("a\udce9", "a\\udce9"),
        (b"\x00\xff", "\\x00ff"),
        (bytearray(b"a"), "\\x61"),
        (memoryview(b"a"), "\\x61"),
        (0.1, "0.1"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.10"),
        (Decimal("NaN"), "NaN"),
        (datetime(2026, 1, 1, 2, tzinfo=EAST), "2026-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, 2), "2026-01-01T02:00:00"),  # noqa: DTZ001 - without a zone it stays
        (date(2026, 1, 1), "2026-01-01"),
        (time(1, 2, 3), "01:02:03"),
        (timedelta(hours=36), "36h"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({"a": [Decimal(1), (None,)]}, {"a": ["1", [None]]}),
        ({"b", "a"}, ["a", "b"]),
        (ip_address("10.0.0.1"), "10.0.0.1"),
        (ip_interface("10.0.0.1/8"), "10.0.0.1/8"),
        (ip_network("fd00::/8"), "fd00::/8"),
    ],
)
def test_each_type_has_one_form(value: object, expected: object) -> None:
    assert to_json(value) == expected


def test_another_type_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="complex"):
        to_json(1j)


def test_text_that_is_no_utf8_shows_its_bytes() -> None:
    assert text_of(b"caf\xe9 \xc3\xa4") == "caf\\xe9 ä"


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3650)))
def test_a_duration_is_cut_and_never_rounded_up(value: timedelta) -> None:
    shown = parse_duration(duration(value))
    assert shown <= value
    assert value - shown < timedelta(seconds=1)


def test_milliseconds_are_kept_where_they_fit() -> None:
    assert duration(timedelta(microseconds=1999)) == "1ms"
    assert duration(timedelta(days=20, milliseconds=1)) == "20d"


def test_now_in_utc() -> None:
    assert to_json(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00Z"
