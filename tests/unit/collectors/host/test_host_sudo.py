"""sudo rules out of the JSON of cvtsudoers (output of 1.9.13 for the text in each test)."""

from __future__ import annotations

import json

import pytest

from auditor.collectors.host.parse.root_commands import gives_any_command
from auditor.collectors.host.parse.sudo import defaults_fields, parse_sudoers_json


def _spec(
    user: dict[str, object], *options: dict[str, bool], command: str = "ALL", run_as: str = "ALL"
) -> object:
    return {
        "User_List": [user],
        "Host_List": [{"hostname": "ALL"}],
        "Cmnd_Specs": [
            {
                "runasusers": [{"username": run_as}],
                "runasgroups": [{"usergroup": "adm"}],
                "Options": list(options),
                "Commands": [{"command": command}, {"command": "/bin/sh", "negated": True}],
            }
        ],
    }


def _parse(*specs: object, defaults: object = ()) -> str:
    return json.dumps({"Defaults": list(defaults), "User_Specs": list(specs)})  # type: ignore[call-overload]


def test_rule_of_a_group_without_password() -> None:
    rules, _ = parse_sudoers_json(_parse(_spec({"usergroup": "sudo"}, {"authenticate": False})))
    rule = rules[0]
    assert (rule.principal, rule.kind, rule.negated) == ("%sudo", "group", False)
    assert rule.hosts == ("ALL",)
    assert rule.run_as_users == ("ALL",)
    assert rule.run_as_groups == ("adm",)
    assert rule.commands == ("ALL", "!/bin/sh")
    assert rule.all_commands
    assert rule.nopasswd


@pytest.mark.parametrize(
    ("user", "principal", "kind"),
    [
        ({"username": "alice"}, "alice", "user"),
        ({"username": "ALL"}, "ALL", "all"),
        ({"userid": 1000}, "#1000", "uid"),
        ({"usergid": 27}, "%#27", "gid"),
        ({"netgroup": "ops"}, "+ops", "netgroup"),
        ({"nonunixgroup": "x"}, '{"nonunixgroup": "x"}', "other"),
    ],
)
def test_kinds_of_principals(user: dict[str, object], principal: str, kind: str) -> None:
    rules, _ = parse_sudoers_json(_parse(_spec(user)))
    assert (rules[0].principal, rules[0].kind, rules[0].nopasswd) == (principal, kind, False)


def test_negated_principal_and_secret_in_a_command() -> None:
    spec = _spec({"username": "bob", "negated": True}, command="/opt/x --password=hunter2")
    rules, _ = parse_sudoers_json(_parse(spec))
    assert rules[0].negated
    assert "hunter2" not in repr(rules)
    assert not rules[0].all_commands


def test_defaults_that_ask_nobody_make_every_rule_passwordless() -> None:
    everywhere = [{"Options": [{"authenticate": False}]}]
    rules, defaults = parse_sudoers_json(_parse(_spec({"username": "a"}), defaults=everywhere))
    assert rules[0].nopasswd
    assert defaults_fields(defaults)["authenticate"] is False


@pytest.mark.parametrize(
    ("binding", "touched"),
    [
        # The converter writes Defaults:a and Defaults>a alike: rules that run as `a` count too.
        ({"username": "a"}, [True, True, True, False, True, False]),
        ({"username": "root"}, [True, False, True, True, True, False]),
        ({"usergroup": "x"}, [True, True, True, True, True, False]),
        ({"command": "ALL"}, [True, True, True, True, True, False]),
        ({"hostname": "ALL"}, [True, True, True, True, True, False]),
        ({"username": "a", "negated": True}, [True, True, True, True, True, False]),
    ],
)
def test_bound_defaults_count_for_every_rule_that_they_may_touch(
    binding: dict[str, object], touched: list[bool]
) -> None:
    specs = [
        _spec({"username": "a"}),
        _spec({"username": "b"}, run_as="a"),
        _spec({"usergroup": "wheel"}, run_as="c"),
        _spec({"username": "b"}, run_as="root"),
        _spec({"username": "ALL"}, run_as="c"),
        _spec({"username": "a"}, {"authenticate": True}),
    ]
    scoped = [{"Binding": [binding], "Options": [{"authenticate": False}]}]
    rules, defaults = parse_sudoers_json(_parse(*specs, defaults=scoped))
    assert [rule.nopasswd for rule in rules] == touched
    assert defaults_fields(defaults)["scoped_defaults"]


def test_exempt_group_is_never_asked_whatever_a_rule_says() -> None:
    spec = _spec({"username": "a"}, {"authenticate": True})
    for options, expected in (({"exempt_group": "sudo"}, True), ({"exempt_group": False}, False)):
        (rule,), _ = parse_sudoers_json(_parse(spec, defaults=[{"Options": [options]}]))
        assert rule.nopasswd is expected


def test_log_that_leaves_out_what_is_allowed_is_none() -> None:
    stated = [{"Options": [{"logfile": "/var/log/sudo.log"}, {"log_allowed": False}]}]
    fields = defaults_fields(parse_sudoers_json(_parse(defaults=stated))[1])
    assert (fields["syslog"], fields["log_file"]) == (False, None)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("ALL", True),
        ("/*", True),
        ("/usr/bin/", True),
        ("/usr/bin/[a-z]*", True),
        ("^/bin/.*$", True),
        ("/bin/bash", True),
        ('/bin/bash ""', True),
        ("/bin/bash -i", True),
        ("/bin/bash *", True),
        ("/usr/bin/python3.11", True),
        ("/usr/bin/env", True),
        ("/bin/su -", True),
        ("/usr/bin/vim", True),
        ("!/bin/bash", False),
        ("/bin/bash /opt/backup.sh", False),
        ("/bin/su - postgres", False),
        ("/bin/ls -l /x*", False),
        ("/usr/local/sbin/backup.sh", False),
    ],
)
def test_commands_that_give_any_command(command: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table above
    assert gives_any_command(command) is expected


def test_defaults_of_sudo_itself_where_nothing_is_said() -> None:
    _, defaults = parse_sudoers_json("{}")
    assert defaults_fields(defaults) == {
        "syslog": True,
        "log_file": None,
        "log_output": False,
        "use_pty": False,
        "authenticate": True,
        "root_pw": False,
        "visible_password": False,
        "timestamp_timeout_minutes": "15",
        "secure_path": None,
        "scoped_defaults": [],
    }


def test_stated_defaults() -> None:
    stated = [
        {"Options": [{"logfile": "/var/log/sudo.log"}, {"syslog": False}, {"use_pty": True}]},
        {"Options": [{"timestamp_timeout": -1}, {"exempt_group": "wheel"}]},
    ]
    fields = defaults_fields(parse_sudoers_json(_parse(defaults=stated))[1])
    assert fields["log_file"] == "/var/log/sudo.log"
    assert fields["syslog"] is False
    assert fields["use_pty"] is True
    assert fields["timestamp_timeout_minutes"] == "-1"
    assert fields["scoped_defaults"] == ["exempt_group=wheel"]


@pytest.mark.parametrize("text", ["[]", "{", '{"User_Specs": [{}]}', '{"Defaults": [1]}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_sudoers_json(text)
