"""Accounts, groups and facts of passwords."""

from __future__ import annotations

import pytest

from auditor.collectors.host.parse.accounts import (
    foreign_sources,
    groups_of,
    parse_group,
    parse_nsswitch,
    parse_passwd,
    parse_shadow,
    password_state,
)

_YESCRYPT = "$y$j9T$abcdefgh$" + "x" * 43


@pytest.mark.parametrize(
    ("field", "state", "algorithm"),
    [
        ("", "empty", None),
        ("*", "disabled", None),
        ("!", "disabled", None),
        ("!!", "disabled", None),
        ("!*", "disabled", None),
        (_YESCRYPT, "set", "yescrypt"),
        ("!" + _YESCRYPT, "locked", "yescrypt"),
        ("$6$rounds=5000$salt$hash", "set", "sha512"),
        ("$1$salt$hash", "set", "md5"),
        ("abJnggxhB/yWI", "set", "des"),
        ("NP", "disabled", None),
        ("$2x$10$abcdefghijklmnopqrstuu", "set", "unknown"),
        ("$argon2id$v=19$m=65536$abc$def", "set", "unknown"),
        ("$sm3$salt$hash", "set", "unknown"),
        ("!$sm3$salt$hash", "locked", "unknown"),
        ("abJnggxhB/yWIabJnggxhB/yWI", "set", "unknown"),
    ],
)
def test_password_field_gives_state_and_algorithm(
    field: str, state: str, algorithm: str | None
) -> None:
    assert password_state(field) == (state, algorithm)


def test_hash_is_nowhere_in_what_shadow_gives() -> None:
    passwords, problems = parse_shadow(f"root:{_YESCRYPT}:19800:0:90:7:::\n")
    assert problems == []
    assert passwords["root"].to_json() == {
        "password": "set",
        "password_algorithm": "yescrypt",
        "password_changed_on": "2024-03-18T00:00:00Z",
        "password_max_days": 90,
        "expires_on": None,
    }
    assert "abcdefgh" not in repr(passwords)


def test_shadow_line_with_fields_missing_is_a_problem_and_not_an_empty_password() -> None:
    passwords, problems = parse_shadow("root::19800\nbob:*:x:0:1:7:::\nok:*:1:0:99999:7::200:\n")
    assert [number for number, _ in problems] == [1, 2]
    assert passwords["ok"].expires_on == "1970-07-20T00:00:00Z"


def test_second_root_and_empty_shell_are_seen() -> None:
    accounts, problems = parse_passwd(
        "root:x:0:0:root:/root:/bin/bash\n"
        "toor::0:0::/root:\n"
        "www:x:33:33::/var/www:/usr/sbin/nologin\n"
        "+::::::\n+@admins\n"
        "broken:x:abc:1::/:/bin/sh\n"
    )
    assert [(each.name, each.uid, each.interactive) for each in accounts[:3]] == [
        ("root", 0, True),
        ("toor", 0, True),
        ("www", 33, False),
    ]
    assert accounts[3].name == "+"
    assert [number for number, _ in problems] == [6]


def test_groups_hold_the_primary_one() -> None:
    accounts, _ = parse_passwd("bob:x:1000:1000::/home/bob:/bin/sh\n")
    groups, problems = parse_group("bob:x:1000:\nsudo:x:27:alice,bob\nadm:x:4:alice\nbad:x\n+:::\n")
    assert groups_of(accounts[0], groups) == ["bob", "sudo"]
    assert [number for number, _ in problems] == [4]


def test_nsswitch_names_what_local_files_do_not_show() -> None:
    text = (
        "# c\npasswd: files systemd [NOTFOUND=return] sss # x\ngroup: files extrausers altfiles\n"
    )
    parsed = parse_nsswitch(text)
    assert foreign_sources(parsed, "passwd") == ["sss"]
    assert foreign_sources(parsed, "group") == ["extrausers", "altfiles"]
    assert foreign_sources(parsed, "sudoers") == []
