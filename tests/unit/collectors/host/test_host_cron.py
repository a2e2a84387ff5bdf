"""Cron tables, what a line runs, and schedules that mean the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.host.parse.command import first_program, programs, without_comment
from auditor.collectors.host.parse.cron import (
    is_read_name,
    normal_schedule,
    parse_anacrontab,
    parse_table,
)


def test_system_table_has_users_and_environment() -> None:
    table = parse_table(
        "# comment\nPATH=/usr/bin\nMAILTO = ops@example.org\n"
        "0 2 * * *  root  /opt/backup.sh --all %stdin\n"
        "@daily backup /opt/daily\n"
        "*/5 * * * mon-fri root echo 10\\% done\n",
        with_user=True,
    )
    assert table.problems == ()
    first, second, third = table.entries
    assert (first.line, first.schedule, first.user) == (4, "0 2 * * *", "root")
    assert first.command == "/opt/backup.sh --all"
    assert first.environment == {"PATH": "/usr/bin", "MAILTO": "ops@example.org"}
    assert (second.schedule, second.user, second.command) == ("@daily", "backup", "/opt/daily")
    assert third.command == "echo 10% done"


@pytest.mark.parametrize(
    "line", ["0 2 * * /opt/x", "@sometimes /opt/x", "0 2 * * !  /opt/x", "garbage", "@daily"]
)
def test_line_that_cron_refuses_is_a_problem(line: str) -> None:
    table = parse_table(f"0 1 * * * /bin/true\n{line}\n", with_user=False)
    assert [number for number, _ in table.problems] == [2]
    assert len(table.entries) == 1


@pytest.mark.parametrize(
    ("command", "program"),
    [
        ("/opt/backup.sh --all", "/opt/backup.sh"),
        ("cd / && run-parts --report /etc/cron.hourly", "run-parts"),
        ("test -x /usr/sbin/anacron || { cd / && run-parts /etc/cron.daily; }", "run-parts"),
        ("nice -n 19 ionice -c2 -n7 flock -n /run/l timeout 1h /opt/b", "/opt/b"),
        ("flock -n /run/l -c '/opt/b --x'", "/opt/b"),
        ("flock -n /run/l sh -c '/opt/b --x'", "/opt/b"),
        ("A=1 B=2 /opt/b", "/opt/b"),
        ("env -u X A=1 /opt/b", "/opt/b"),
        ("sudo -u postgres /opt/b", "/opt/b"),
        ("/bin/bash -c 'cd /srv && ./job.sh'", "./job.sh"),
        ("bash -e /opt/b.sh", "/opt/b.sh"),
        ("/usr/bin/python3 -u /opt/b.py", "/opt/b.py"),
        ("python3 -m module", "python3"),
        ("[ -f /x ] && /opt/b > /dev/null 2>&1", "/opt/b"),
        ("/opt/a | /opt/b", "/opt/a"),
        ("cd /srv", None),
        ("", None),
        ("/opt/b 'open quote", "/opt/b"),
    ],
)
def test_first_program_of_a_line(command: str, program: str | None) -> None:
    assert first_program(command) == program


@given(st.text(max_size=120))
def test_first_program_never_fails(command: str) -> None:
    first_program(command)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("@daily", "0 0 * * *"),
        ("00 02 * * *", "0  2 * * *"),
        ("0 4 * * sun", "0 4 * * 7"),
        ("0 4 1 jan *", "0 4 1 1 *"),
        ("*/1 * * * *", "* * * * *"),
    ],
)
def test_schedules_that_mean_the_same(one: str, other: str) -> None:
    assert normal_schedule(one) == normal_schedule(other)


def test_other_schedules_differ() -> None:
    assert normal_schedule("0 2 * * *") != normal_schedule("0 3 * * *")
    assert normal_schedule("OnCalendar=daily") == "oncalendar=daily"


def test_name_with_a_dot_is_not_read() -> None:
    assert is_read_name("backup")
    assert not is_read_name("backup.sh")
    assert not is_read_name("backup~")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (": # /opt/backup", []),
        ("true # x; /opt/backup", []),
        ("true || /opt/backup", []),
        ("false && /opt/backup", []),
        ("/bin/false && /opt/backup", []),
        ("if false; then /opt/backup; fi", []),
        ("exit 0; /opt/backup", []),
        ("echo /opt/backup", []),
        ("/opt/prepare || /opt/backup", ["/opt/prepare"]),
        ("/bin/true /opt/backup", []),
        ("/opt/prepare && /opt/backup", ["/opt/prepare", "/opt/backup"]),
        ("test -x /opt/x || /opt/backup", ["/opt/backup"]),
        ("[ -d /run ] && exit 0; /opt/backup", ["/opt/backup"]),
        ("cd /srv || exit 1; /opt/backup", ["/opt/backup"]),
        ("nice /opt/backup '# no comment' x#y", ["/opt/backup"]),
    ],
)
def test_programs_that_a_line_comes_to(command: str, expected: list[str]) -> None:
    assert programs(command) == expected


def test_comment_begins_a_word_and_stands_in_no_quotes() -> None:
    assert without_comment("a 'b # c' d#e \\\"f # g\\\" # h") == "a 'b # c' d#e \\\"f "
    assert without_comment('a "b # c" # d') == 'a "b # c" '


def test_anacrontab() -> None:
    table = parse_anacrontab(
        "# c\nSHELL=/bin/sh\n1 5 cron.daily run-parts /etc/cron.daily\n"
        "@monthly 45 m /opt/m --x=1\nrubbish\n"
    )
    assert [(each.schedule, each.command) for each in table.entries] == [
        ("every 1 days", "run-parts /etc/cron.daily"),
        ("@monthly", "/opt/m --x=1"),
    ]
    assert table.entries[0].environment == {"SHELL": "/bin/sh"}
    assert [number for number, _ in table.problems] == [5]
