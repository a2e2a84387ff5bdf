"""Flags of the control plane, from the command lines of its static pods.

The kubelet shows a static pod as a mirror pod in kube-system. Its annotation is text that whoever
makes pods may write, so it is proven first (`mirrors`), and a forged one is a gap. Defaults
are those of the kube-apiserver and etcd references. A setting that stands in a file of the node is
not visible here, and unread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from auditor.collectors.kubernetes.facts.mirrors import claims_mirror, prove_mirror
from auditor.collectors.kubernetes.facts.podspec import names
from auditor.collectors.kubernetes.world import (
    Item,
    UnreadError,
    World,
    mappings,
    members,
    text,
)
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_SECRETS = frozenset({"secrets", "*.", "*.*"})
_TRUE = frozenset({"1", "t", "true"})  # as strconv.ParseBool of Go
Flags = Mapping[str, str]


def is_api_server(item: Item, world: World) -> bool:
    """A mirror pod that runs kube-apiserver.

    Raises:
        UnreadError: It says so, and no kubelet stands for it.
    """
    return _runs(item, "kube-apiserver", world)


def is_etcd(item: Item, world: World) -> bool:
    """A mirror pod that runs etcd.

    Raises:
        UnreadError: It says so, and no kubelet stands for it.
    """
    return _runs(item, "etcd", world)


def _runs(item: Item, program: str, world: World) -> bool:
    if not claims_mirror(item) or item.namespace != "kube-system" or not _command(item, program):
        return False
    prove_mirror(item, world)
    return True


def _command(item: Item, program: str) -> Sequence[str]:
    """Command and arguments of the container that runs a program, () where none does."""
    for container in mappings(item.spec.get("containers")):
        given = (*members(container.get("command")), *members(container.get("args")))
        words = [text(word) for word in given]
        if words and words[0].rpartition("/")[2] == program:
            return words
    return ()


def _flags(item: Item, program: str) -> Flags:
    """Flags by name without dashes; the last of several counts, as the programs take them."""
    found: dict[str, str] = {}
    words = _command(item, program)[1:]
    for position, word in enumerate(words):
        if word.startswith("-"):
            written, equals, value = word.lstrip("-").partition("=")
            name = written.replace("_", "-")  # the programs take both, and the last one counts
            following = words[position + 1 : position + 2]
            apart = following[0] if following and not following[0].startswith("-") else "true"
            found[name] = value if equals else apart
    return found


def _api_server(item: Item) -> Flags:
    return _flags(item, "kube-apiserver")


def _in_file(flag: str, what: str) -> UnreadError:
    detail = f"{what} stand in the file of --{flag}, which the API does not show"
    return UnreadError(Gap(Cause.NOT_COLLECTED, detail, hint="read that file on the node"))


def anonymous_auth(_value: object, item: Item, _world: World) -> bool:
    """Whether calls without credentials are let in as system:anonymous; the default is true."""
    flags = _api_server(item)
    if "authentication-config" in flags and "anonymous-auth" not in flags:
        raise _in_file("authentication-config", "the conditions for anonymous calls")
    return flags.get("anonymous-auth", "true").lower() != "false"


def anonymous_status(_value: object, _item: Item, world: World) -> object:
    """HTTP status of one request without credentials.

    Raises:
        UnreadError: It was not asked.
    """
    answers = world.all("AnonymousAnswer")
    if not answers:
        detail = "no request without credentials was made"
        raise UnreadError(Gap(Cause.NOT_COLLECTED, detail))
    return answers[0].object.get("status")


def authorization_modes(_value: object, item: Item, _world: World) -> list[str]:
    """In the order of the flag; AlwaysAllow is the default."""
    flags = _api_server(item)
    if "authorization-config" in flags:
        raise _in_file("authorization-config", "the authorization modes")
    return [mode.strip() for mode in flags.get("authorization-mode", "AlwaysAllow").split(",")]


def encryption_providers(_value: object, item: Item, world: World) -> list[str]:
    """Providers for secrets in their order: the first encrypts, the others only read.

    Raises:
        UnreadError: The flag names a file, and its content was not given.
    """
    if not _api_server(item).get("encryption-provider-config"):
        return []
    for configuration in world.all("EncryptionConfig"):
        for entry in mappings(configuration.object.get("resources")):
            if _SECRETS & set(names(entry.get("resources"))):
                return [text(name) for name in members(entry.get("providers"))]
    return []


def audit_policy(_value: object, item: Item, _world: World) -> bool:
    """A policy is named; without one nothing is logged."""
    return bool(_api_server(item).get("audit-policy-file"))


def audit_log(_value: object, item: Item, _world: World) -> bool:
    """Events are written to a file, or to standard output (`-`)."""
    return bool(_api_server(item).get("audit-log-path"))


def audit_webhook(_value: object, item: Item, _world: World) -> bool:
    """Events are sent away."""
    return bool(_api_server(item).get("audit-webhook-config-file"))


def audit_max_age(_value: object, item: Item, _world: World) -> int:
    """Days that files are kept; 0 is the default."""
    return int(_api_server(item).get("audit-log-maxage", "0"))


def _etcd(item: Item) -> Flags:
    """Flags, and what environment variables (`ETCD_CERT_FILE`) set where a flag does not."""
    flags = _flags(item, "etcd")
    if "config-file" in flags:
        raise _in_file("config-file", "etcd's settings")
    container = next(c for c in mappings(item.spec.get("containers")) if c.get("name"))
    variables = {text(v.get("name")): text(v.get("value")) for v in mappings(container.get("env"))}
    prefix = "ETCD_"
    named = {n.removeprefix(prefix): v for n, v in variables.items() if n.startswith(prefix)}
    return {name.lower().replace("_", "-"): value for name, value in named.items()} | dict(flags)


def _etcd_pair(prefix: str) -> Callable[[object, Item, World], bool]:
    def both(_value: object, item: Item, _world: World) -> bool:
        flags = _etcd(item)
        return bool(flags.get(f"{prefix}cert-file") and flags.get(f"{prefix}key-file"))

    return both


def _etcd_switch(name: str) -> Callable[[object, Item, World], bool]:
    def switched_on(_value: object, item: Item, _world: World) -> bool:
        return _etcd(item).get(name, "false").lower() in _TRUE

    return switched_on


def etcd_plain_urls(_value: object, item: Item, _world: World) -> list[str]:
    """Addresses for clients and peers that it listens to without TLS; http is the default."""
    flags = _etcd(item)
    defaults = {
        "listen-client-urls": "http://localhost:2379",
        "listen-peer-urls": "http://localhost:2380",
    }
    urls = [
        url for flag, default in defaults.items() for url in flags.get(flag, default).split(",")
    ]
    return sorted(url for url in urls if not url.startswith(("https://", "unixs://")))


ETCD: Mapping[str, Callable[[object, Item, World], object]] = {
    "etcd_certificate": _etcd_pair(""),
    "etcd_peer_certificate": _etcd_pair("peer-"),
    "etcd_client_cert_auth": _etcd_switch("client-cert-auth"),
    "etcd_peer_client_cert_auth": _etcd_switch("peer-client-cert-auth"),
    "etcd_auto_tls": _etcd_switch("auto-tls"),
    "etcd_peer_auto_tls": _etcd_switch("peer-auto-tls"),
    "etcd_plain_urls": etcd_plain_urls,
}
