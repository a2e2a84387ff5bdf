"""sudo rules out of `cvtsudoers -e -f json`, sudo's own converter (aliases are expanded)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

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
        """Any command; forbidden ones behind it (`ALL, !/bin/sh`) are easily walked around."""
        return "ALL" in self.commands


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
        unasked = _unasked(document.get("Defaults", []))
        rules = [
            rule
            for spec in document.get("User_Specs", [])
            for rule in _rules(spec, defaults.options.get("authenticate") is not False)
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not as cvtsudoers writes it: {error!r}") from error
    return [replace(r, nopasswd=r.nopasswd or r.principal in unasked) for r in rules], defaults


def defaults_fields(defaults: Defaults) -> dict[str, object]:
    """The fields of `host.sudo`, sudo's documented default where nothing is said."""
    options = dict(defaults.options)
    on = {name: options.get(name, default) for name, default in _BOOL_DEFAULTS.items()}
    log_file = options.get("logfile")
    timeout = options.get("timestamp_timeout", 15)
    secure_path = options.get("secure_path")
    return {
        "syslog": options.get("syslog", True) is not False,
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
    if "exempt_group" in options:  # its members are never asked for a password
        scoped.append(f"exempt_group={options['exempt_group']}")
    return Defaults(options, tuple(scoped))


def _unasked(entries: Sequence[Mapping[str, object]]) -> set[str]:
    """Principals for whom Defaults say that nobody asks for a password."""
    return {
        principal
        for entry in entries
        if dict(_options(entry)).get("authenticate") is False
        for item in entry.get("Binding", [])  # type: ignore[attr-defined]  # a list, or ValueError
        for principal, _, _ in [_principal(item)]
    }


def _options(entry: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for option in entry.get("Options", []):  # type: ignore[attr-defined]  # a list, or ValueError
        yield from ((name, value) for name, value in option.items() if name != "operation")


def _rules(spec: Mapping[str, list[dict[str, object]]], asked: bool) -> Iterator[Rule]:  # noqa: FBT001 - one caller
    hosts = tuple(_member(item) for item in spec["Host_List"])
    for commands in spec["Cmnd_Specs"]:
        stated = dict(_options(commands))
        for user in spec["User_List"]:
            principal, kind, negated = _principal(user)
            yield Rule(
                principal,
                kind,
                negated,
                hosts,
                tuple(_member(item) for item in _list(commands, "runasusers")),
                tuple(_member(item) for item in _list(commands, "runasgroups")),
                tuple(redact(_member(item))[0] for item in _list(commands, "Commands")),
                nopasswd=stated.get("authenticate", asked) is False,
                setenv=stated.get("setenv") is True,
            )


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
