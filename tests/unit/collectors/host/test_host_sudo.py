"""sudo rules out of the JSON of cvtsudoers (output of 1.9.13 for the text in each test)."""

from __future__ import annotations

import json

import pytest

from auditor.collectors.host.parse.sudo import defaults_fields, parse_sudoers_json


def _spec(user: dict[str, object], *options: dict[str, bool], command: str = "ALL") -> object:
    return {
        "User_List": [user],
        "Host_List": [{"hostname": "ALL"}],
        "Cmnd_Specs": [
            {
                "runasusers": [{"username": "ALL"}],
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


def test_defaults_of_one_user_concern_that_user() -> None:
    scoped = [{"Binding": [{"username": "a"}], "Options": [{"authenticate": False}]}]
    text = _parse(_spec({"username": "a"}), _spec({"username": "b"}), defaults=scoped)
    rules, defaults = parse_sudoers_json(text)
    assert [rule.nopasswd for rule in rules] == [True, False]
    assert defaults_fields(defaults)["scoped_defaults"]


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
