"""What looks safe and is not: undone policies, rights by another way, flags said twice."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.collectors.kubernetes.facts import FIELDS
from auditor.collectors.kubernetes.facts.changes import changes_by_people
from auditor.collectors.kubernetes.facts.network import default_deny_egress, default_deny_ingress
from tests.services.kubernetes.small_objects import namespace, pod
from tests.unit.collectors.kubernetes.worlds import Object, extracted, item_of, world_of

GROUP = "rbac.authorization.k8s.io"


def _policy(name: str, **spec: object) -> Object:
    meta = {"name": name, "namespace": "shop"}
    both = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return {"kind": "NetworkPolicy", "metadata": meta, "spec": both | spec}


ANY = [{"ipBlock": {"cidr": "0.0.0.0/0"}}]


@pytest.mark.parametrize(
    ("spec", "denies"),
    [
        ({"ingress": [{}]}, (False, True)),
        ({"egress": [{}]}, (True, False)),
        ({"ingress": [{"from": ANY}]}, (False, True)),
        ({"egress": [{"to": [{"ipBlock": {"cidr": "::/0"}}]}]}, (True, False)),
        ({"ingress": [{"from": ANY, "ports": [{"port": 443}]}]}, (True, True)),
        ({"ingress": [{"from": [{"podSelector": {}}]}]}, (True, True)),
        ({"egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}]},
         (True, True)),
        ({"ingress": [{}], "podSelector": {"matchLabels": {"app": "web"}}}, (True, True)),
    ],
)  # fmt: skip
def test_a_policy_that_lets_everything_through_undoes_a_default_deny(
    spec: dict[str, object], denies: tuple[bool, bool]
) -> None:
    world = world_of(_policy("deny"), _policy("more", **spec))
    item = item_of(namespace("shop"))
    found = (default_deny_ingress(None, item, world), default_deny_egress(None, item, world))
    assert found == denies


def _binding(role: str, who: str) -> Object:
    return {
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"{who}-{role}"},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": GROUP, "kind": "User", "name": who}],
    }


def _role(name: str, groups: str, resources: str, verbs: str, **more: Any) -> Object:
    rule = {
        "apiGroups": [groups],
        "resources": resources.split(),
        "verbs": verbs.split(),
    }
    meta = {"name": name, "labels": more.pop("labels", {})}
    return {"kind": "ClusterRole", "metadata": meta, "rules": [rule], **more}


def _held(role: Object, field: str) -> object:
    found = extracted("kubernetes.rbac_subject", [role, _binding("r", "jane")])
    (resource,) = found.resources
    return resource.data[field]


@pytest.mark.parametrize(
    ("groups", "resources", "verbs", "field"),
    [
        ("*", "*", "get list watch create update patch delete", "full_rights"),
        ("", "serviceaccounts/token", "create", "escalates"),
        ("certificates.k8s.io", "certificatesigningrequests/approval", "update", "escalates"),
    ],
)
def test_rights_by_another_way(groups: str, resources: str, verbs: str, field: str) -> None:
    role = _role("r", groups, resources, verbs)
    assert _held(role, field) == ["ClusterRoleBinding/jane-r: ClusterRole/r"]


def test_reading_everything_is_not_every_right() -> None:
    assert _held(_role("r", "*", "*", "get list watch"), "full_rights") == []


def test_every_url_is_a_wildcard() -> None:
    role = {"kind": "ClusterRole", "metadata": {"name": "r"},
            "rules": [{"nonResourceURLs": ["/*"], "verbs": ["get"]}]}  # fmt: skip
    (found,) = extracted("kubernetes.role", [role]).resources
    assert found.data["wildcards"] == ["get on /*"]


def test_roles_are_aggregated_through_roles_in_manifests() -> None:
    def gathering(name: str, label: str, own: dict[str, str]) -> Object:
        selectors = [{"matchLabels": {label: "true"}}]
        more = {"aggregationRule": {"clusterRoleSelectors": selectors}, "labels": own}
        return _role(name, "", "pods", "get", **more)

    objects = [
        gathering("r", "to-r", {"to-middle": "true"}),  # a circle ends
        gathering("middle", "to-middle", {"to-r": "true"}),
        _role("leaf", "", "secrets", "get", labels={"to-middle": "true"}),
        _binding("r", "jane"),
    ]
    (found,) = extracted("kubernetes.rbac_subject", objects, declared=True).resources
    assert found.data["reads_secrets"] == ["ClusterRoleBinding/jane-r: ClusterRole/r"]


def test_a_flag_in_its_other_spelling_counts_when_it_is_the_last() -> None:
    meta = {"name": "a", "namespace": "kube-system",
            "annotations": {"kubernetes.io/config.mirror": "1f"}}  # fmt: skip

    def told(field: str, *words: str) -> object:
        one: Object = {"kind": "Pod", "metadata": meta,
                       "spec": {"containers": [{"name": "a", "command": list(words)}]}}  # fmt: skip
        return FIELDS[field](None, item_of(one), world_of())

    words = ("kube-apiserver", "--anonymous-auth=false", "--anonymous_auth=true")
    assert told("anonymous_auth", *words) is True
    assert told("etcd_auto_tls", "etcd", "--auto-tls=1") is True


@pytest.mark.parametrize(
    ("user", "changes"),
    [
        ("system:admin", 1),
        ("system:anonymous", 1),
        ("jane", 1),
        ("system:serviceaccount:kube-system:job-controller", 0),
    ],
)
def test_an_administrator_whose_name_begins_with_system_is_somebody(
    user: str, changes: int
) -> None:
    event = {
        "kind": "AuditEvent",
        "metadata": {"name": "1"},
        "auditID": "1",
        "stage": "ResponseComplete",
        "verb": "create",
        "user": {"username": user},
    }
    assert len(list(changes_by_people([item_of(event)], world_of()))) == changes


@pytest.mark.parametrize(
    ("token", "mounts"),
    [({"path": "token"}, True), ({"path": "token", "audience": "vault"}, False)],
)
def test_a_projected_token_is_a_token(token: dict[str, str], *, mounts: bool) -> None:
    one = pod("p")
    one["spec"] |= {
        "automountServiceAccountToken": False,
        "volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": token}]}}],
    }
    (found,) = extracted("kubernetes.workload", [one]).resources
    assert found.data["mounts_token"] is mounts
