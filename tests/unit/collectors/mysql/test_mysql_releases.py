"""Versions of servers, and what the table of releases says about them."""

from __future__ import annotations

import re

import pytest

from auditor.collectors.mysql.releases import load_releases, parse_release


@pytest.mark.parametrize(
    ("version", "comment", "flavour", "release"),
    [
        ("10.11.19-MariaDB-0+deb12u1-log", "Debian 12", "mariadb", "10.11.19"),
        ("5.5.5-10.6.12-MariaDB", "", "mariadb", "10.6.12"),
        ("8.4.9", "MySQL Community Server - GPL", "mysql", "8.4.9"),
        ("8.0.36-28", "Percona Server (GPL), Release 28", "mysql", "8.0.36"),
        ("11.8.2", "MariaDB Server", "mariadb", "11.8.2"),
    ],
)
def test_versions_as_servers_give_them(
    version: str, comment: str, flavour: str, release: str
) -> None:
    found = parse_release(version, comment)
    assert (found.flavour, found.text) == (flavour, release)


def test_a_version_without_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="expected three numbers"):
        parse_release("latest")


def test_series_are_told_apart_by_number_and_not_by_text() -> None:
    assert parse_release("10.1.3-MariaDB").series != parse_release("10.11.3-MariaDB").series


def test_the_table_knows_the_series_in_use_and_no_other() -> None:
    table = load_releases()
    known = table.series(parse_release("10.11.6-MariaDB"))
    assert known is not None
    assert known.end_of_life.year == 2028
    assert table.series(parse_release("8.4.0")) is not None
    assert table.series(parse_release("99.1.0")) is None
    assert table.series(parse_release("10.11.0")) is None, "no series of MySQL"


def test_a_newest_release_is_of_its_series_and_has_a_date() -> None:
    table = load_releases()
    for series, entry in (*table.mariadb.items(), *table.mysql.items()):
        assert (entry.newest is None) == (entry.released is None)
        if entry.newest is not None and entry.released is not None:
            assert re.fullmatch(rf"{re.escape(series)}\.\d+", entry.newest)
            assert entry.released <= table.as_of
