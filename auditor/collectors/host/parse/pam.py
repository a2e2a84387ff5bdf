"""PAM stacks (pam.conf(5)) and the key = value files of their modules."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.core.times import format_duration, parse_duration

LOCKOUT = ("pam_faillock", "pam_tally2")
QUALITY = ("pam_pwquality", "pam_passwdqc", "pam_cracklib")
_HASHES = ("yescrypt", "gost_yescrypt", "sha512", "sha256", "blowfish", "bigcrypt", "md5")
_LINE = re.compile(
    r"-?(?P<type>auth|account|password|session)\s+(?P<control>\[[^]]*\]|\S+)\s+"
    r"(?P<module>\S+)(?:\s+(?P<arguments>.*))?"
)


@dataclass(frozen=True, slots=True)
class PamLine:
    """One module of one stack; `include` names the file where the line is an include."""

    type: str
    module: str
    arguments: tuple[str, ...]
    include: str | None = None

    def argument(self, name: str) -> str | None:
        """The value of `name=value`; "" for a bare word; None if absent."""
        for argument in self.arguments:
            key, _, value = argument.partition("=")
            if key == name:
                return value
        return None


def parse_pam(text: str) -> tuple[list[PamLine], list[tuple[int, str]]]:
    """The lines of a service's file, and those that are none, with their number."""
    lines: list[PamLine] = []
    problems: list[tuple[int, str]] = []
    joined = re.sub(r"\\\n", " ", text)
    for number, raw in enumerate(joined.splitlines(), start=1):
        line = raw.split("#", 1)[0].strip()
        if not line:
            continue
        if line.startswith("@include"):
            lines.append(PamLine("", "", (), line.split(None, 1)[-1]))
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            problems.append((number, "expected a type, a control and a module"))
            continue
        if match["control"] in ("include", "substack"):
            lines.append(PamLine(match["type"], "", (), match["module"]))
            continue
        module = match["module"].rsplit("/", 1)[-1].removesuffix(".so")
        lines.append(PamLine(match["type"], module, tuple((match["arguments"] or "").split())))
    return lines, problems


def parse_settings(text: str) -> dict[str, str]:
    """`key = value` lines and bare words (`even_deny_root`), as faillock.conf has them."""
    result = {}
    for raw in text.splitlines():
        line = raw.split("#", 1)[0].strip()
        if line:
            key, _, value = line.partition("=")
            result[key.strip()] = value.strip()
    return result


def pam_fields(
    stack: Sequence[PamLine], faillock: Mapping[str, str], pwquality: Mapping[str, str]
) -> dict[str, object]:
    """The fields of `host.pam`; arguments on a module's line win over its file.

    Raises:
        ValueError: A number or time that is none; the message names the key.
    """
    auth = [line for line in stack if line.type == "auth"]
    password = [line for line in stack if line.type == "password"]
    lockout = _first(auth, LOCKOUT)
    quality = _first(password, QUALITY)
    lock = dict(faillock) | _arguments(lockout)
    good = dict(pwquality) | _arguments(quality)
    unix = _first(password, ("pam_unix",))
    return {
        "lockout_in_stack": lockout is not None,
        "lockout_module": lockout.module if lockout else None,
        "deny": _number(lock, "deny"),
        "unlock_time": _seconds(lock, "unlock_time"),
        "fail_interval": _seconds(lock, "fail_interval"),
        "even_deny_root": "even_deny_root" in lock,
        "quality_in_stack": quality is not None,
        "quality_module": quality.module if quality else None,
        "min_length": _number(good, "minlen"),
        "min_class": _number(good, "minclass"),
        "max_repeat": _number(good, "maxrepeat"),
        "dictionary_check": good["dictcheck"] != "0" if "dictcheck" in good else None,
        "enforce_for_root": "enforce_for_root" in good,
        "remember": _remember(password),
        "null_passwords_ok": any(line.argument("nullok") is not None for line in auth),
        "hash_algorithm": next(
            (name for name in _HASHES if unix and unix.argument(name) is not None), None
        ),
    }


def _first(lines: Sequence[PamLine], modules: Sequence[str]) -> PamLine | None:
    return next((line for line in lines if line.module in modules), None)


def _arguments(line: PamLine | None) -> dict[str, str]:
    if line is None:
        return {}
    words = [word for argument in line.arguments for word in shlex.split(argument)]
    return {key: value for key, _, value in (word.partition("=") for word in words)}


def _remember(password: Sequence[PamLine]) -> int | None:
    for line in password:
        value = line.argument("remember")
        if value and line.module in ("pam_pwhistory", "pam_unix"):
            return _number({"remember": value}, "remember")
    return None


def _number(settings: Mapping[str, str], key: str) -> int | None:
    if key not in settings:
        return None
    if not re.fullmatch(r"-?\d{1,9}", settings[key]):
        raise ValueError(f"{key} is {settings[key]!r}, expected a number")
    return int(settings[key])


def _seconds(settings: Mapping[str, str], key: str) -> str | None:
    if settings.get(key) == "never":  # faillock: until an administrator unlocks, as 0
        return "0s"
    value = _number(settings, key)
    if value is None:
        return None
    return f"{format_duration(parse_duration(f'{value}s'))}"
