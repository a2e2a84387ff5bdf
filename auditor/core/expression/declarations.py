"""What the type checker is told: extensions of CEL, and the functions of our own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cel_expr_python import cel

# The package accepts unknown names in silence, so the names stand here, and a test uses each.
EXTENSIONS = (
    "bindings",
    "encoders",
    "lists",
    "math",
    "optional",
    "regex",
    "sets",
    "strings",
    "two-var-comprehensions",
)
_T = cel.Type


def environment_config() -> Any:
    """The extensions, in the form that the package takes."""
    names = "\n".join(f"- name: {name}" for name in EXTENSIONS)
    return cel.NewEnvConfigFromYaml(f"name: auditor\nextensions:\n{names}\n")


def constants() -> dict[str, Any]:
    """Names of our own types, as `type(x) == net.IP`.

    The package can write the type of such a name, but its checker then compares it to nothing.
    """
    return dict.fromkeys(("net.IP", "net.CIDR"), _T.DYN)


def function_declarations() -> list[Any]:
    """Our own functions, typed; they have no implementation in the C++ runtime."""
    return [
        *_network_functions(),
        *_semver_functions(),
        _function("days", [_T.INT], _T.DURATION, ([_T.DURATION], _T.INT)),
        _function("json", [_T.STRING], _T.DYN),
        _function("pem", [_T.STRING], _T.List(_T.Map(_T.STRING, _T.DYN))),
        _function("policy_allows", [_map(), _map()], _T.BOOL),
    ]


def _map() -> Any:
    return _T.Map(_T.STRING, _T.DYN)


def _ip() -> Any:
    return _T.AbstractType("net.IP")


def _cidr() -> Any:
    return _T.AbstractType("net.CIDR")


def _overload(name: str, parameters: Sequence[Any], result: Any, *, member: bool) -> Any:
    place = "member_" if member else ""
    kinds = "_".join(parameter.name() for parameter in parameters)
    return cel.Overload(
        id=f"auditor_{place}{name}_{kinds}",
        return_type=result,
        parameters=list(parameters),
        is_member=member,
    )


def _function(
    name: str, parameters: Sequence[Any], result: Any, *more: tuple[Sequence[Any], Any]
) -> Any:
    overloads = [(parameters, result), *more]
    return cel.FunctionDecl(name, [_overload(name, p, r, member=False) for p, r in overloads])


def _method(name: str, result: Any, *receivers: Sequence[Any]) -> Any:
    return cel.FunctionDecl(name, [_overload(name, p, result, member=True) for p in receivers])


def _network_functions() -> list[Any]:
    ip, cidr = _ip(), _cidr()
    questions = (
        "isUnspecified",
        "isLoopback",
        "isGlobalUnicast",
        "isLinkLocalMulticast",
        "isLinkLocalUnicast",
    )
    return [
        cel.FunctionDecl(
            "ip",
            [
                _overload("ip", [_T.STRING], ip, member=False),
                _overload("ip", [cidr], ip, member=True),
            ],
        ),
        _function("cidr", [_T.STRING], cidr),
        _function("isIP", [_T.STRING], _T.BOOL),
        _function("isCIDR", [_T.STRING], _T.BOOL),
        _function("ip.isCanonical", [_T.STRING], _T.BOOL),
        _function("cidr_contains", [_T.STRING, _T.STRING], _T.BOOL),
        *(_method(name, _T.BOOL, [ip]) for name in questions),
        _method("family", _T.INT, [ip]),
        _method("containsIP", _T.BOOL, [cidr, _T.STRING], [cidr, ip]),
        _method("containsCIDR", _T.BOOL, [cidr, _T.STRING], [cidr, cidr]),
        _method("masked", cidr, [cidr]),
        _method("prefixLength", _T.INT, [cidr]),
    ]


def _semver_functions() -> list[Any]:
    version = _T.AbstractType("kubernetes.Semver")
    return [
        _function("semver", [_T.STRING], version),
        _function("isSemver", [_T.STRING], _T.BOOL),
        *(_method(name, _T.INT, [version]) for name in ("major", "minor", "patch")),
        _method("compareTo", _T.INT, [version, version]),
        _method("isLessThan", _T.BOOL, [version, version]),
        _method("isGreaterThan", _T.BOOL, [version, version]),
    ]
