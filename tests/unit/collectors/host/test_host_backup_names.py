"""Slots of names, manifests, medians."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from auditor.collectors.host.backup.names import (
    largest_gap,
    median_before,
    parse_manifest,
    parse_name,
)

_PATTERN = re.compile(r"(?P<class>db|media)_backup_(?P<slot>\d{8})\.\w+")
_HEX = "ab" * 32


def test_name_gives_class_and_slot_in_utc() -> None:
    slot = parse_name("db_backup_20260331.gz", _PATTERN, "%Y%m%d", ZoneInfo("Europe/Berlin"))
    assert slot is not None
    assert (slot.class_, slot.text) == ("db", "20260331")
    assert slot.at == datetime(2026, 3, 30, 22, tzinfo=UTC)


def test_name_of_another_form_is_none_and_no_date_is_refused() -> None:
    zone = ZoneInfo("UTC")
    assert parse_name("db_backup_20260331.gz.part", _PATTERN, "%Y%m%d", zone) is None
    with pytest.raises(ValueError, match="does not have the form"):
        parse_name("db_backup_20269931.gz", _PATTERN, "%Y%m%d", zone)


def test_slot_with_its_own_offset() -> None:
    pattern = re.compile(r"x-(?P<slot>.+)")
    slot = parse_name("x-20260331T0200+0200", pattern, "%Y%m%dT%H%M%z", ZoneInfo("UTC"))
    assert slot is not None
    assert (slot.at, slot.class_) == (datetime(2026, 3, 31, tzinfo=UTC), "")


def test_manifests_of_gnu_and_bsd() -> None:
    text = f"# c\n{_HEX}  a.gz\n{_HEX.upper()} *./b c.gz\nSHA256 (d.gz) = {_HEX}\n"
    assert parse_manifest(text) == {"a.gz": _HEX, "b c.gz": _HEX, "d.gz": _HEX}


@pytest.mark.parametrize("line", ["abc  a.gz", f"{_HEX}", f"{'ab' * 16}  md5.gz"])
def test_other_line_in_a_manifest_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"^1:"):
        parse_manifest(line)


def test_largest_gap_and_median() -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    slots = [day + timedelta(days=n) for n in (0, 1, 4, 5)]
    assert largest_gap(reversed(slots)) == timedelta(days=3)
    assert largest_gap([day, day]) is None
    assert median_before([]) is None
    assert median_before([1, 9]) == 1
    assert median_before([10**9, *range(14)]) == 6
