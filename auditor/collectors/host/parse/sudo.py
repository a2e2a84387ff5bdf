"""sudo rules out of `cvtsudoers -e -f json`, sudo's own converter (aliases are expanded).

Where the converter's JSON does not tell what an option is bound to (`Defaults:a` and `Defaults>a`
look alike), the option counts for every rule that it may touch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from auditor.collectors.host.parse.root_commands import gives_any_command
from auditor.collectors.host.parse.secrets import redact

_KINDS = {
    "username": ("user", ""),
    "usergroup": ("group", "%"),
    "userid": ("uid", "#"),
    "usergid": ("gid", "%#"),
    "netgroup": ("netgroup", "+"),
}
_BOOL_DEFAULTS = {
    "log_output": False,
    "use_pty": False,
    "authenticate": True,
    "rootpw": False,
    "visiblepw": False,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One principal of one rule."""

    principal: str
    kind: str
    negated: bool
    hosts: tuple[str, ...]
    run_as_users: tuple[str, ...]
    run_as_groups: tuple[str, ...]
    commands: tuple[str, ...]
    nopasswd: bool
    setenv: bool

    @property
    def all_commands(self) -> bool:
        """Any command, by name, wildcard or shell.

        Forbidden ones behind it (`ALL, !/bin/sh`) are easily walked around.
        """
        return any(gives_any_command(command) for command in self.commands)


@dataclass(frozen=True, slots=True)
class Defaults:
    """sudo's options that hold everywhere, and those that do not, as text."""

    options: Mapping[str, object]
    scoped: tuple[str, ...]


def parse_sudoers_json(text: str) -> tuple[list[Rule], Defaults]:
    """Rules, one for each principal, and Defaults.

    Raises:
        ValueError: Not the JSON that cvtsudoers writes.
    """
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError(f"got {type(document).__name__}, expected an object")
    try:
        defaults = _defaults(document.get("Defaults", []))
        unasked = _Unasked(document.get("Defaults", []))
        rules = [
            replace(rule, nopasswd=unasked.may_touch(rule, tag))
            for spec in document.get("User_Specs", [])
            for rule, tag in _rules(spec)
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not as cvtsudoers writes it: {error!r}") from error
    return rules, defaults


def defaults_fields(defaults: Defaults) -> dict[str, object]:
    """The fields of `host.sudo`, sudo's documented default where nothing is said."""
    options = dict(defaults.options)
    on = {name: options.get(name, default) for name, default in _BOOL_DEFAULTS.items()}
    allowed = options.get("log_allowed", True) is not False  # else what is allowed is not logged
    log_file = options.get("logfile") if allowed else None
    timeout = options.get("timestamp_timeout", 15)
    secure_path = options.get("secure_path")
    return {
        "syslog": allowed and options.get("syslog", True) is not False,
        "log_file": str(log_file) if log_file else None,
        "log_output": on["log_output"] is True,
        "use_pty": on["use_pty"] is True,
        "authenticate": on["authenticate"] is not False,
        "root_pw": on["rootpw"] is True,
        "visible_password": on["visiblepw"] is True,
        "timestamp_timeout_minutes": "0" if timeout is False else str(timeout),
        "secure_path": str(secure_path) if secure_path else None,
        "scoped_defaults": sorted(defaults.scoped),
    }


def _defaults(entries: Sequence[Mapping[str, object]]) -> Defaults:
    options: dict[str, object] = {}
    scoped = []
    for entry in entries:
        stated = dict(_options(entry))
        if entry.get("Binding"):
            scoped.append(json.dumps({"binding": entry["Binding"], **stated}, sort_keys=True))
        else:
            options |= stated
    if options.get("exempt_group"):  # its members are never asked for a password
        scoped.append(f"exempt_group={options['exempt_group']}")
    return Defaults(options, tuple(scoped))


class _Unasked:
    """What Defaults say about whom nobody asks for a password."""

    def __init__(self, entries: Sequence[Mapping[str, object]]) -> None:
        self._exempt = False
        self._everywhere = False
        self._bindings: list[Mapping[str, object]] = []
        for entry in entries:
            stated = dict(_options(entry))
            self._exempt = self._exempt or bool(stated.get("exempt_group"))
            if entry.get("Binding"):
                if stated.get("authenticate") is False:
                    self._bindings += _list(entry, "Binding")
            elif "authenticate" in stated:  # the last one counts
                self._everywhere = stated["authenticate"] is False

    def may_touch(self, rule: Rule, tag: object) -> bool:
        """Nobody may be asked for a password; NOPASSWD and PASSWD go before Defaults.

        A member of the exempt group is never asked, whatever a rule says; who is in it is known
        to the host alone.
        """
        if self._exempt:
            return True
        if tag is not None:
            return tag is False
        return self._everywhere or any(_may_touch(item, rule) for item in self._bindings)


def _may_touch(binding: Mapping[str, object], rule: Rule) -> bool:
    """A binding to one name, which is a user's or a run-as user's, may leave a rule alone."""
    principal, kind, negated = _principal(binding)
    if kind != "user" or negated:
        return True
    if rule.kind != "user" or rule.principal == principal:
        return True
    run_as = rule.run_as_users or ("root",)
    return any(name in (principal, "ALL") or not name or name[0] in "%+#!:" for name in run_as)


def _options(entry: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for option in entry.get("Options", []):  # type: ignore[attr-defined]  # a list, or ValueError
        yield from ((name, value) for name, value in option.items() if name != "operation")


def _rules(spec: Mapping[str, list[dict[str, object]]]) -> Iterator[tuple[Rule, object]]:
    """Rules, each with its own word on passwords: False for NOPASSWD, True for PASSWD, or None."""
    hosts = tuple(_member(item) for item in spec["Host_List"])
    for commands in spec["Cmnd_Specs"]:
        stated = dict(_options(commands))
        for user in spec["User_List"]:
            principal, kind, negated = _principal(user)
            rule = Rule(
                principal,
                kind,
                negated,
                hosts,
                tuple(_member(item) for item in _list(commands, "runasusers")),
                tuple(_member(item) for item in _list(commands, "runasgroups")),
                tuple(redact(_member(item))[0] for item in _list(commands, "Commands")),
                nopasswd=False,
                setenv=stated.get("setenv") is True,
            )
            yield rule, stated.get("authenticate")


def _list(of: Mapping[str, object], name: str) -> list[dict[str, object]]:
    value = of.get(name, [])
    if not isinstance(value, list):
        raise TypeError(f"{name} is no list")
    return value


def _principal(item: Mapping[str, object]) -> tuple[str, str, bool]:
    negated = item.get("negated") is True
    for name, (kind, sign) in _KINDS.items():
        if name in item:
            text = f"{sign}{item[name]}"
            return ("ALL", "all", negated) if text == "ALL" else (text, kind, negated)
    known = {name: value for name, value in item.items() if name != "negated"}
    return json.dumps(known, sort_keys=True), "other", negated


def _member(item: Mapping[str, object]) -> str:
    """A host, run-as principal or command as sudoers writes it."""
    sign = "!" if item.get("negated") is True else ""
    if "command" in item:
        return f"{sign}{item['command']}"
    for name in ("hostname", "networkaddr", "netgroup"):
        if name in item:
            return f"{sign}{'+' if name == 'netgroup' else ''}{item[name]}"
    principal, _, _ = _principal(item)
    # A run-as group is named like a user group, without its sign in a run-as list.
    return sign + (principal.removeprefix("%") if "usergroup" in item else principal)
