"""What `sshd -T` prints, and the Match blocks that it does not show (sshd_config(5))."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_VERSION = re.compile(r"OpenSSH_((\d+)\.(\d+)\S*)", re.ASCII)
_MAX_DEPTH = 16  # of includes: sshd's own limit
# Names that sshd takes for others (keywords[] of its servconf.c).
_OLD_NAMES = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "skeyauthentication": "kbdinteractiveauthentication",
    "dsaauthentication": "pubkeyauthentication",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
    "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
}
_BOOLS = {
    "password_authentication": "passwordauthentication",
    "kbd_interactive_authentication": "kbdinteractiveauthentication",
    "permit_empty_passwords": "permitemptypasswords",
    "pubkey_authentication": "pubkeyauthentication",
    "host_based_authentication": "hostbasedauthentication",
    "use_pam": "usepam",
    "x11_forwarding": "x11forwarding",
}
_TEXTS = {
    "log_level": "loglevel",
    "max_startups": "maxstartups",
    "allow_tcp_forwarding": "allowtcpforwarding",
    "permit_user_environment": "permituserenvironment",
    "banner": "banner",
}
_NUMBERS = {
    "max_auth_tries": "maxauthtries",
    "client_alive_count_max": "clientalivecountmax",
    "max_sessions": "maxsessions",
}
_SECONDS = {
    "login_grace_time": "logingracetime",
    "client_alive_interval": "clientaliveinterval",
}
_COMMA_LISTS = {
    "ciphers": "ciphers",
    "macs": "macs",
    "kex_algorithms": "kexalgorithms",
    "host_key_algorithms": "hostkeyalgorithms",
    "pubkey_accepted_algorithms": "pubkeyacceptedalgorithms",
}
# Keywords that sshd prints once for each value, and not at all when there is none.
_REPEATED = {"allow_users": "allowusers", "allow_groups": "allowgroups"}


@dataclass(frozen=True, slots=True)
class Override:
    """A keyword inside a Match block."""

    criteria: str
    keyword: str
    value: str
    source: str

    def to_json(self) -> dict[str, object]:
        """All fields."""
        return {
            "criteria": self.criteria,
            "keyword": self.keyword,
            "value": self.value,
            "source": self.source,
        }


def parse_version(text: str) -> tuple[str, int] | None:
    """`OpenSSH_9.2p1` and 902, out of whatever `sshd -V` prints; None if it names no version."""
    match = _VERSION.search(text)
    return (match[0].rstrip(","), int(match[2]) * 100 + int(match[3])) if match else None


def parse_effective(text: str) -> dict[str, list[str]]:
    """Keyword in lower case to its values, one for each time that it is printed."""
    result: dict[str, list[str]] = {}
    for line in text.splitlines():
        keyword, _, value = line.strip().partition(" ")
        if keyword:
            name = _OLD_NAMES.get(keyword.lower(), keyword.lower())
            result.setdefault(name, []).append(value.strip())
    return result


def effective_fields(effective: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """The fields of `host.sshd`; one that was not printed, or has another form, is left out."""
    fields: dict[str, object] = {}
    for name, keyword in _BOOLS.items():
        value = _first(effective, keyword)
        if value in ("yes", "no"):
            fields[name] = value == "yes"
    for name, keyword in (_NUMBERS | _SECONDS).items():
        value = _first(effective, keyword)
        if value is not None and value.isascii() and value.isdigit():
            fields[name] = f"{int(value)}s" if name in _SECONDS else int(value)
    fields |= _text_fields(effective)
    for name, keyword in _REPEATED.items():
        fields[name] = [word for value in effective.get(keyword, ()) for word in value.split()]
    return fields


def _text_fields(effective: Mapping[str, Sequence[str]]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for name, keyword in _TEXTS.items():
        if (value := _first(effective, keyword)) is not None:
            fields[name] = value
    for name, keyword in _COMMA_LISTS.items():
        if (value := _first(effective, keyword)) is not None:
            fields[name] = value.split(",")
    if (root := _first(effective, "permitrootlogin")) is not None:
        fields["permit_root_login"] = "prohibit-password" if root == "without-password" else root
    if (methods := _first(effective, "authenticationmethods")) is not None:
        fields["authentication_methods"] = methods.split()
    if (files := _first(effective, "authorizedkeysfile")) is not None:
        fields["authorized_keys_files"] = files.split()
    if "listenaddress" in effective:
        fields["listen_addresses"] = sorted(effective["listenaddress"])
    return fields


def match_overrides(
    text: str, source: str, include: Callable[[str], Sequence[tuple[str, str]]]
) -> list[Override]:
    """Every keyword inside a Match block, includes followed.

    Args:
        text: Of the file `source`.
        source: Its path, for `source:line`.
        include: A pattern of an Include line to the files it means, path and text, sorted.

    Raises:
        ValueError: A line that is neither a keyword with a value nor a comment.
    """
    return [found for found in _walk(text, source, "", include, 0) if found.criteria]


def _walk(
    text: str,
    source: str,
    criteria: str,
    include: Callable[[str], Sequence[tuple[str, str]]],
    depth: int,
) -> Iterator[Override]:
    for number, line in enumerate(text.splitlines(), start=1):
        keyword, value = _directive(line)
        if keyword == "match":
            criteria = value
        elif keyword == "include" and depth < _MAX_DEPTH:
            for pattern in value.split():
                for path, inner in include(pattern):
                    # A Match in an included file ends with that file; an outer one holds inside.
                    yield from _walk(inner, path, criteria, include, depth + 1)
        elif keyword:
            yield Override(criteria, keyword, value, f"{source}:{number}")


def _directive(line: str) -> tuple[str, str]:
    """Keyword in lower case, by its present name, and the rest without quotes; empty for comments.

    The keyword may stand in quotes too (strdelim() of OpenSSH).
    """
    if not line.strip() or line.strip().startswith("#"):
        return "", ""
    match = re.fullmatch(r"\s*(\"?)([A-Za-z0-9]+)\1(?:\s*=\s*|\s+)(.*?)\s*", line)
    if match is None:
        raise ValueError(f"got {line.strip()[:60]!r}, expected a keyword and its value")
    try:
        value = " ".join(shlex.split(match[3], comments=True))
    except ValueError:  # sshd -T has refused it already; keep it as it stands
        value = match[3]
    keyword = match[2].lower()
    return _OLD_NAMES.get(keyword, keyword), value


def _first(effective: Mapping[str, Sequence[str]], keyword: str) -> str | None:
    values = effective.get(keyword)
    return values[0] if values else None
