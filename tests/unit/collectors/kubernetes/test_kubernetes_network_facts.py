"""Network policies and ingresses: what holds for a namespace, and which hosts have TLS."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from auditor.collectors.kubernetes.facts.certificates import covers
from auditor.collectors.kubernetes.facts.ingress import ingress_tls, plain_hosts
from auditor.collectors.kubernetes.facts.network import default_deny_egress, default_deny_ingress
from auditor.collectors.kubernetes.world import UnreadError
from auditor.core.model.status import Cause
from auditor.core.times import parse_instant
from tests.services.kubernetes.apiserver.authority import certificate_for
from tests.services.kubernetes.small_objects import namespace
from tests.unit.collectors.kubernetes.worlds import DENIED, Object, item_of, world_of


def _policy(spec: dict[str, object], place: str = "shop") -> Object:
    meta = {"name": "p", "namespace": place}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta,
            "spec": spec}  # fmt: skip


ALL: dict[str, object] = {"podSelector": {}}
SOME: dict[str, object] = {"podSelector": {"matchLabels": {"app": "web"}}}


@pytest.mark.parametrize(
    ("spec", "ingress", "egress"),
    [
        (ALL, True, False),
        (ALL | {"policyTypes": ["Ingress", "Egress"]}, True, True),
        (ALL | {"policyTypes": ["Egress"]}, False, True),
        (ALL | {"policyTypes": ["Ingress"], "ingress": [{}]}, False, False),
        (ALL | {"egress": [{}]}, True, False),
        (SOME | {"policyTypes": ["Ingress", "Egress"]}, False, False),
        ({"podSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}, False, False),
    ],
)
def test_a_default_deny_selects_all_pods_and_has_no_rule(
    spec: dict[str, object], *, ingress: bool, egress: bool
) -> None:
    item, world = item_of(namespace("shop")), world_of(_policy(spec))
    assert default_deny_ingress(None, item, world) is ingress
    assert default_deny_egress(None, item, world) is egress


def test_a_policy_of_another_namespace_does_not_count() -> None:
    world = world_of(_policy(ALL, "other"))
    assert default_deny_ingress(None, item_of(namespace("shop")), world) is False


def test_policies_that_could_not_be_read_are_not_taken_for_none() -> None:
    with pytest.raises(UnreadError):
        default_deny_ingress(
            None, item_of(namespace("shop")), world_of(gaps={"NetworkPolicy": DENIED})
        )


def _ingress(*hosts: str, tls: list[dict[str, object]] | None = None, **spec: object) -> Object:
    rules = [{"host": host} if host else {} for host in hosts]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "i", "namespace": "shop"},
        "spec": {"rules": rules, "tls": tls or [], **spec},
    }


@pytest.mark.parametrize(
    ("one", "plain"),
    [
        (_ingress("a.example"), ["a.example"]),
        (_ingress("a.example", tls=[{"hosts": ["a.example"]}]), []),
        (_ingress("a.example", "b.example", tls=[{"hosts": ["A.example"]}]), ["b.example"]),
        (_ingress("a.example", tls=[{"hosts": ["*.example"]}]), []),
        (_ingress("a.b.example", tls=[{"hosts": ["*.example"]}]), ["a.b.example"]),
        (_ingress("a.example", tls=[{"secretName": "s"}]), []),
        (_ingress("", tls=[{"hosts": ["a.example"]}]), ["*"]),
        (_ingress(defaultBackend={"service": {"name": "s"}}), ["*"]),
    ],
)
def test_hosts_without_tls(one: Object, plain: list[str]) -> None:
    assert plain_hosts(None, item_of(one), world_of()) == plain


def _secret(pem: str | None, name: str = "s") -> Object:
    data = {"tls.crt": base64.b64encode(pem.encode()).decode()} if pem else {}
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data}


def _tls(*objects: Object, hosts: tuple[str, ...] = ("a.example",), **own: Any) -> Any:
    one = _ingress(*hosts, tls=[{"hosts": list(hosts), "secretName": "s"}])
    return ingress_tls(None, item_of(one), world_of(*objects, **own))[0]


def test_the_certificate_of_the_secret_is_looked_at() -> None:
    block = _tls(_secret(certificate_for("a.example")), hosts=("a.example", "b.example"))
    assert (block["found"], block["uncovered"]) == (True, ["b.example"])
    parse_instant(block["not_after"])


def test_a_certificate_without_names_is_for_no_host() -> None:
    assert _tls(_secret(certificate_for()))["uncovered"] == ["a.example"]


@pytest.mark.parametrize("secret", [None, _secret(None), _secret("no certificate")])
def test_a_secret_that_is_not_there_or_holds_none_covers_nothing(secret: Object | None) -> None:
    block = _tls(*([secret] if secret else []))
    assert (block["found"], block["uncovered"], block["not_after"]) == (False, ["a.example"], None)


def test_secrets_that_could_not_be_read_or_are_not_declared_are_unread() -> None:
    with pytest.raises(UnreadError) as denied:
        _tls(gaps={"Secret": DENIED})
    assert denied.value.gap == DENIED
    with pytest.raises(UnreadError) as declared:
        _tls(declared=True)
    assert declared.value.gap.cause is Cause.NOT_DECLARED


@pytest.mark.parametrize(
    ("name", "host", "fits"),
    [
        ("a.example", "A.EXAMPLE", True),
        ("*.example", "a.example", True),
        ("*.example", "a.b.example", False),
        ("*.example", "example", False),
        ("*.example", ".example", False),
        ("*.example", "*.example", True),
        ("a.example", "*.example", False),
    ],
)
def test_a_wildcard_stands_for_one_label(name: str, host: str, *, fits: bool) -> None:
    assert covers(name, host) is fits
