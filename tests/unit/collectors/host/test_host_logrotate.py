"""logrotate's configuration and status."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from auditor.collectors.host.parse.logrotate import (
    Configuration,
    Options,
    is_taboo,
    parse_configuration,
    parse_status,
    rotated_name,
)


def _parse(text: str, **files: str) -> Configuration:
    return parse_configuration(text, "/etc/logrotate.conf", lambda _path: list(files.items()))


def test_defaults_hold_for_what_follows_and_leak_out_of_includes() -> None:
    found = _parse(
        "weekly\nrotate 4\n/var/log/a.log { missingok }\ninclude /etc/logrotate.d\n"
        "/var/log/z.log {\n}\n",
        one="daily\nrotate 9\n/var/log/b.log {\n  rotate 2\n  compress\n}\n",
    )
    assert found.problems == []
    shown = [(s.pattern, s.options.frequency, s.options.rotate) for s in found.stanzas]
    assert shown == [
        ("/var/log/a.log", "weekly", 4),
        ("/var/log/b.log", "daily", 2),
        ("/var/log/z.log", "daily", 9),
    ]
    assert found.stanzas[0].options.missing_ok
    assert not found.stanzas[2].options.compress
    assert found.sources == ["/etc/logrotate.conf", "one"]


def test_directives_of_a_stanza() -> None:
    found = _parse(
        '"/var/log/my app/*.log"\n/var/log/x.log\n{\n daily # each day\n rotate 14\n compress\n'
        " delaycompress\n create 640 www-data adm\n maxage 30\n dateext\n size=100k\n olddir old\n"
        " su root adm\n sharedscripts\n postrotate\n  kill } -HUP\n  rotate 99\n endscript\n"
        " frobnicate\n}\n"
    )
    options = found.stanzas[0].options
    assert [stanza.pattern for stanza in found.stanzas] == [
        "/var/log/my app/*.log",
        "/var/log/x.log",
    ]
    assert (options.create, options.create_mode) == (True, "0640")
    assert (options.create_owner, options.create_group) == ("www-data", "adm")
    assert (options.rotate, options.max_age_days, options.old_dir) == (14, 30, "old")
    assert (options.frequency, options.size) == ("size", "100k")
    assert options.scripts == ("postrotate",)
    assert options.unknown == ("frobnicate",)
    assert options.su == "root adm"


@pytest.mark.parametrize(
    "text",
    [
        "/var/log/a {\n daily\n",
        "}\n",
        "rotate many\n",
        "/var/log/a\n",
        '"/var/log/a {\n}\n',
    ],
)
def test_damaged_configuration_is_a_problem(text: str) -> None:
    assert _parse(text).problems


def test_rotation_without_a_frequency_goes_by_size() -> None:
    options = _parse("/var/log/a {\n}\n").stanzas[0].options
    assert (options.frequency, options.size, options.rotate) == ("size", "1M", 0)


def test_status_is_local_time() -> None:
    text = 'logrotate state -- version 2\n"/var/log/a" 2026-3-29-6:25:1\n"/var/log/b" 2026-1-2\n'
    found = parse_status(text, ZoneInfo("Europe/Berlin"))
    assert found["/var/log/a"].astimezone(UTC) == datetime(2026, 3, 29, 4, 25, 1, tzinfo=UTC)
    assert found["/var/log/b"].astimezone(UTC) == datetime(2026, 1, 1, 23, tzinfo=UTC)


@pytest.mark.parametrize("line", ["/var/log/a 2026-1-1", '"/var/log/a" 2026-13-1', "junk"])
def test_status_line_of_another_form_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"^1:"):
        parse_status(line, UTC)


def test_rotated_names() -> None:
    plain = rotated_name("access.log", Options())
    assert plain.fullmatch("access.log.1")
    assert plain.fullmatch("access.log.14.gz")
    assert plain.fullmatch("access.log-20260101.gz")
    assert not plain.fullmatch("access.log")
    assert not plain.fullmatch("access.log.old")
    dated = rotated_name("access.log", Options(extension=".log"))
    assert dated.fullmatch("access-20260101.log.gz")


def test_taboo_names() -> None:
    assert is_taboo("a.dpkg-old")
    assert is_taboo(".hidden")
    assert is_taboo("a~")
    assert not is_taboo("nginx")
