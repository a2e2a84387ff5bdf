"""What a service of a Compose file says, field by field (Compose specification, "services")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from auditor.collectors.compose.interpolate import Open, shown
from auditor.collectors.compose.ports import published_ports
from auditor.core.scrub import names_secret, scrub

Service = Mapping[str, Any]
_ROOT = {"root", "0"}
_SOCKETS = ("/docker.sock", "/containerd.sock", "/podman.sock")
_ABOVE_SOCKET = {"/", "/run", "/var", "/var/run"}
_RESTARTS = {"none": "no", "any": "always", "on-failure": "on-failure"}


def image(service: Service) -> str | None:
    """Name of the image; null where it is built."""
    found = shown(service.get("image"))
    return None if found is None else str(found)


def digest(service: Service) -> str | None:
    """Digest of the image, where it is named by one."""
    name = image(service) or ""
    _name, at, value = name.partition("@")
    return value if at else None


def built(service: Service) -> bool:
    """Whether the image is built from the project's own source."""
    return service.get("build") is not None


def user(service: Service) -> str | None:
    """User that it runs as; null: the image's."""
    found = shown(service.get("user"))
    return None if found is None else str(found)


def is_root(service: Service) -> bool:
    """Whether the user that is stated is root."""
    return (user(service) or "").partition(":")[0] in _ROOT


def flag(name: str) -> Callable[[Service], bool]:
    """A flag that is off where it is left out."""

    def read(service: Service) -> bool:
        found = shown(service.get(name))
        if found is None or isinstance(found, bool):
            return found is True
        if isinstance(found, str) and found.lower() in {"true", "false"}:
            return found.lower() == "true"
        raise ValueError(f"{name}: got {found!r:.60}, expected true or false")

    return read


def no_new_privileges(service: Service) -> bool:
    """Whether its processes can gain no rights."""
    options = [str(one).replace("=", ":") for one in _list(service, "security_opt")]
    return "no-new-privileges" in options or "no-new-privileges:true" in options


def capabilities_added(service: Service) -> list[str]:
    """Capabilities beside the engine's own, sorted."""
    return sorted(str(one).upper().removeprefix("CAP_") for one in _list(service, "cap_add"))


def docker_socket(service: Service) -> bool:
    """Whether the engine's socket, or a folder that holds it, is mounted."""
    if flag("use_api_socket")(service):
        return True
    return any(_reaches_socket(_source(volume)) for volume in _list(service, "volumes"))


def _source(volume: object) -> str:
    if isinstance(volume, Mapping):
        return str(volume.get("source") or "")
    source, colon, _target = str(volume).partition(":")
    return source if colon else ""


def _reaches_socket(source: str) -> bool:
    return source.endswith(_SOCKETS) or (source.rstrip("/") or source) in _ABOVE_SOCKET


def host_network(service: Service) -> bool:
    """Whether it shares the network of its host."""
    return shown(service.get("network_mode")) == "host"


def ports(service: Service) -> list[dict[str, object]]:
    """Published ports; on the host's network every port is the host's, and none is named."""
    return published_ports(_list(service, "ports"))


def plain_secrets(service: Service) -> list[str]:
    """Names of variables whose value stands in the file and is a secret, by name or by form."""
    return sorted(
        name
        for name, value in _environment(service).items()
        if not isinstance(value, Open) and value not in (None, "") and _is_secret(name, str(value))
    )


def _is_secret(name: str, value: str) -> bool:
    """A name that ends in _FILE is that of a path, by convention of images."""
    named = names_secret(name) and not name.upper().endswith("_FILE")
    return named or scrub(value).count > 0


def _environment(service: Service) -> dict[str, object]:
    """Name to value; null where it is taken from where it is started."""
    found = service.get("environment")
    if isinstance(found, Mapping):
        return {str(name): value for name, value in found.items()}
    pairs: dict[str, object] = {}
    for entry in [] if found is None else found if isinstance(found, list) else [found]:
        if isinstance(entry, Open):  # its name stands before the sign, perhaps in a variable
            continue
        name, sign, value = str(entry).partition("=")
        pairs[name] = value if sign else None
    return pairs


def memory_limit(service: Service) -> bool:
    """Whether its memory is limited."""
    return _limited(service, "memory", "mem_limit")


def cpu_limit(service: Service) -> bool:
    """Whether its processor time is limited."""
    return _limited(service, "cpus", "cpus", "cpu_quota")


def _limited(service: Service, limit: str, *names: str) -> bool:
    limits = _below(service, "deploy", "resources", "limits")
    stated = [shown(limits.get(limit)), *(shown(service.get(name)) for name in names)]
    return any(value not in (None, "", 0, "0", -1, "-1") for value in stated)


def health_check(service: Service) -> str:
    """`set`, `disabled`, or `image`: what the image says."""
    found = shown(service.get("healthcheck"))
    if found is None:
        return "image"
    if not isinstance(found, Mapping):
        raise ValueError(f"healthcheck: got {type(found).__name__}, expected a mapping")
    test = found.get("test")
    if found.get("disable") is True or test in ("NONE", ["NONE"]):
        return "disabled"
    return "set" if test else "image"


def restart(service: Service) -> str:
    """What happens when it ends; `no` where nothing is said."""
    condition = shown(_below(service, "deploy", "restart_policy").get("condition"))
    if condition is not None:
        return _RESTARTS[str(condition)]
    found = shown(service.get("restart"))
    if found in (None, False, "no"):  # YAML 1.1 takes a bare `no` for false
        return "no"
    return str(found).partition(":")[0]


def _below(service: Service, *names: str) -> Mapping[str, Any]:
    found: object = service
    for name in names:
        found = shown(found.get(name) or {}) if isinstance(found, Mapping) else {}
    if not isinstance(found, Mapping):
        raise ValueError(f"{'.'.join(names)}: expected a mapping")
    return found


def _list(service: Service, name: str) -> list[object]:
    found = shown(service.get(name))
    if found is None:
        return []
    if not isinstance(found, list):
        raise ValueError(f"{name}: got {type(found).__name__}, expected a list")
    return found


FIELDS: Mapping[str, Callable[[Service], object]] = MappingProxyType(
    {
        "image": image,
        "digest": digest,
        "built": built,
        "privileged": flag("privileged"),
        "user": user,
        "root": is_root,
        "read_only": flag("read_only"),
        "no_new_privileges": no_new_privileges,
        "capabilities_added": capabilities_added,
        "docker_socket": docker_socket,
        "host_network": host_network,
        "ports": ports,
        "plain_secrets": plain_secrets,
        "memory_limit": memory_limit,
        "cpu_limit": cpu_limit,
        "health_check": health_check,
        "restart": restart,
    }
)
"""Field to what reads it."""
