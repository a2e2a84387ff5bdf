"""Listeners of gateways: what they encrypt, which routes they take, and their certificates."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from tests.services.kubernetes.apiserver.authority import certificate_for
from tests.unit.collectors.kubernetes.worlds import DENIED, Object, extracted

API = "gateway.networking.k8s.io/v1"
REDIRECT = {
    "filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}],
}
OTHER_PORT = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"port": 8443}}]}
SERVE: dict[str, Any] = {"backendRefs": [{"name": "web", "port": 80}]}
HTTP = {"name": "http", "protocol": "HTTP", "port": 80}
HTTPS = {
    "name": "https",
    "protocol": "HTTPS",
    "port": 443,
    "hostname": "a.example",
    "tls": {"certificateRefs": [{"name": "s"}]},
}
ALL = {"allowedRoutes": {"namespaces": {"from": "All"}}}


def _gateway(*listeners: Object, kind: str = "Gateway", **status: int) -> Object:
    counts = [{"name": name, "attachedRoutes": count} for name, count in status.items()]
    return {
        "apiVersion": API,
        "kind": kind,
        "metadata": {"name": "g", "namespace": "shop"},
        "spec": {"gatewayClassName": "c", "listeners": [*listeners]},
        "status": {"listeners": counts} if counts else {},
    }


def _route(
    *rules: Object,
    kind: str = "HTTPRoute",
    place: str = "shop",
    hosts: tuple[str, ...] = (),
    **parent: object,
) -> Object:
    return {
        "apiVersion": API,
        "kind": kind,
        "metadata": {"name": "r", "namespace": place},
        "spec": {
            "parentRefs": [{"name": "g", "namespace": "shop", **parent}],
            "hostnames": [*hosts],
            "rules": [*rules],
        },
    }


def _secret(*hosts: str, name: str = "s", place: str = "shop") -> Object:
    data = {"tls.crt": base64.b64encode(certificate_for(*hosts).encode()).decode()}
    meta = {"name": name, "namespace": place}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data}


def _one(*objects: Object, **own: Any) -> Any:
    """The only listener: its data, and gaps where a field is unread."""
    [row] = extracted("kubernetes.gateway_listener", objects, **own).resources
    return {**row.data, **row.unread}


@pytest.mark.parametrize("protocol", ["TCP", "UDP", "example.org/own"])
def test_what_is_no_protocol_of_tls_is_plain(protocol: str) -> None:
    row = _one(_gateway({"name": "l", "protocol": protocol, "port": 5432}))
    assert row["key"] == "Gateway/shop/g/l"
    assert (row["plain"], row["certificates"], row["uncovered"]) == (True, [], [])


@pytest.mark.parametrize(
    ("routes", "plain"),
    [
        ([], False),
        ([_route(REDIRECT)], False),
        ([_route(REDIRECT, REDIRECT)], False),
        ([_route(REDIRECT, SERVE)], True),
        ([_route(SERVE)], True),
        ([_route()], True),
        ([_route(REDIRECT | SERVE)], True),
        (
            [_route({"filters": [{"type": "RequestRedirect", "requestRedirect": {"port": 8}}]})],
            True,
        ),
        ([_route({"filters": [{"type": "RequestMirror"}]})], True),
        ([_route(REDIRECT, kind="GRPCRoute")], True),
        ([_route(SERVE, sectionName="http")], True),
        ([_route(SERVE, sectionName="https")], False),
        ([_route(SERVE, port=80)], True),
        ([_route(SERVE, port=8080)], False),
        ([_route(SERVE, name="other")], False),
        ([_route(SERVE, group="example.org")], False),
        ([_route(SERVE, place="other")], False),
    ],
)
def test_a_listener_for_http_is_plain_unless_all_it_does_is_to_redirect(
    routes: list[Object], *, plain: bool
) -> None:
    assert _one(_gateway(HTTP), *routes)["plain"] is plain


@pytest.mark.parametrize("namespaces", [{"from": "All"}, {"from": "Selector", "selector": {}}])
def test_routes_of_other_namespaces_count_where_they_may_be_taken(
    namespaces: dict[str, object],
) -> None:
    listener = HTTP | {"allowedRoutes": {"namespaces": namespaces}}
    assert _one(_gateway(listener), _route(SERVE, place="other"))["plain"] is True


@pytest.mark.parametrize(
    ("hostname", "hosts", "plain"),
    [
        ("a.example", ("b.example",), False),
        ("a.example", ("A.example",), True),
        ("*.example", ("a.b.example",), True),
        ("a.example", ("*.example",), True),
        ("*.example", ("example",), False),
        ("a.example", (), True),
    ],
)
def test_a_route_for_other_hosts_is_not_taken(
    hostname: str, hosts: tuple[str, ...], *, plain: bool
) -> None:
    row = _one(_gateway(HTTP | {"hostname": hostname}), _route(SERVE, hosts=hosts))
    assert row["plain"] is plain


def test_routes_of_a_kind_that_is_not_known_are_not_passed_over() -> None:
    row = _one(_gateway(HTTP, http=2), _route(REDIRECT))
    assert row["plain"].cause is Cause.INCOMPLETE
    assert "2 routes" in row["plain"].detail
    assert _one(_gateway(HTTP, http=1, https=3), _route(REDIRECT))["plain"] is False


def test_manifests_do_not_show_who_else_attaches_a_route() -> None:
    assert _one(_gateway(HTTP), _route(SERVE), declared=True)["plain"] is True
    row = _one(_gateway(HTTP), _route(REDIRECT), declared=True)
    assert row["plain"].cause is Cause.NOT_DECLARED


def test_routes_and_secrets_that_could_not_be_read_are_unread() -> None:
    assert _one(_gateway(HTTP), gaps={"HTTPRoute": DENIED})["plain"] == DENIED
    row = _one(_gateway(HTTPS), gaps={"Secret": DENIED})
    assert (row["plain"], row["certificates"], row["uncovered"]) == (False, DENIED, DENIED)


def test_gateways_that_could_not_be_read_are_a_gap() -> None:
    found = extracted("kubernetes.gateway_listener", [], gaps={"Gateway": DENIED})
    assert [gap.cause for gap in found.gaps] == [Cause.DENIED]


def test_the_certificate_of_the_secret_is_looked_at() -> None:
    row = _one(_gateway(HTTPS), _secret("a.example"))
    [told] = row["certificates"]
    assert (told["secret"], told["found"]) == ("shop/s", True)
    assert told["not_after"].endswith("Z")
    assert row["uncovered"] == []
    elsewhere = HTTPS | {"tls": {"certificateRefs": [{"name": "s", "namespace": "certs"}]}}
    assert _one(_gateway(elsewhere), _secret("a.example", place="certs"))["uncovered"] == []


def test_a_secret_that_is_not_there_covers_nothing() -> None:
    row = _one(_gateway(HTTPS), _secret("a.example", name="other"))
    assert row["certificates"] == [{"secret": "shop/s", "found": False, "not_after": None}]
    assert row["uncovered"] == ["a.example"]
    declared = _one(_gateway(HTTPS), declared=True)
    assert declared["certificates"].cause is Cause.NOT_DECLARED


def test_each_host_needs_one_of_the_certificates() -> None:
    several = {"certificateRefs": [{"name": "s"}, {"name": "t"}]}
    listener = {name: value for name, value in HTTPS.items() if name != "hostname"}
    gateway = _gateway(listener | {"tls": several} | ALL)
    secrets = (_secret("a.example"), _secret("*.b.example", name="t"))
    hosts = ("a.example", "x.b.example", "x.y.b.example", "c.example")
    row = _one(gateway, *secrets, _route(SERVE, hosts=hosts))
    assert row["uncovered"] == ["c.example", "x.y.b.example"]
    assert _one(gateway, *secrets)["uncovered"] == []


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ({"mode": "Passthrough"}, "ends behind it"),
        ({}, "names no secret"),
        ({"options": {"example.org/certificate": "x"}}, "names no secret"),
        ({"certificateRefs": [{"kind": "ConfigMap", "name": "s"}]}, "ConfigMap"),
        ({"certificateRefs": [{"group": "example.org", "kind": "Own", "name": "s"}]}, "Own"),
    ],
)
def test_a_certificate_that_the_gateway_does_not_hold_is_unread(
    tls: dict[str, object], said: str
) -> None:
    row = _one(_gateway(HTTPS | {"protocol": "TLS", "tls": tls}))
    assert row["plain"] is False
    for field in ("certificates", "uncovered"):
        gap = row[field]
        assert isinstance(gap, Gap)
        assert gap.cause is Cause.NOT_COLLECTED
        assert said in gap.detail
        assert "tls-endpoint" in gap.hint


@pytest.mark.parametrize("kind", ["ListenerSet", "XListenerSet"])
def test_listeners_of_a_set_are_judged_with_the_routes_that_name_the_set(kind: str) -> None:
    listeners = _gateway(HTTP, kind=kind)
    group = "gateway.networking.x-k8s.io" if kind[0] == "X" else "gateway.networking.k8s.io"
    named = _route(SERVE, group=group)
    named["spec"]["parentRefs"][0]["kind"] = kind
    row = _one(listeners, named)
    assert (row["key"], row["plain"]) == (f"{kind}/shop/g/http", True)
    assert _one(listeners, _route(SERVE))["plain"] is False  # that one is the gateway's
