"""Rights of callers without credentials and of everybody: found, and told from the server's own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.collectors.kubernetes.worlds import Object, extracted

RBAC = "rbac.authorization.k8s.io"
ANONYMOUS = ("User", "system:anonymous")
UNAUTHENTICATED = ("Group", "system:unauthenticated")
AUTHENTICATED = ("Group", "system:authenticated")
ACCOUNTS = ("Group", "system:serviceaccounts")
OPEN = (ANONYMOUS, UNAUTHENTICATED, AUTHENTICATED, ACCOUNTS)
CLUSTER_INFO = {
    "apiGroups": [""],
    "resources": ["configmaps"],
    "resourceNames": ["cluster-info"],
    "verbs": ["get"],
}


def _rule(group: str, resources: str, verbs: str) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}


def _urls(*urls: str, verbs: str = "get") -> dict[str, Any]:
    return {"nonResourceURLs": [*urls], "verbs": verbs.split()}


def _row(who: tuple[str, str], rule: dict[str, Any], namespace: str = "") -> dict[str, Any]:
    """The row of a subject to whom one rule is given, in a namespace or in the whole cluster."""
    kind, name = who
    place = {"namespace": namespace} if namespace else {}
    role_kind = "Role" if namespace else "ClusterRole"
    reference = {"apiGroup": RBAC, "kind": role_kind, "name": "r"}
    role: Object = {"kind": role_kind, "metadata": {"name": "r", **place}, "rules": [rule]}
    binding: Object = {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": "b", **place},
        "roleRef": reference,
        "subjects": [{"apiGroup": RBAC, "kind": kind, "name": name}],
    }
    [row] = extracted("kubernetes.rbac_subject", [role, binding]).resources
    assert row.data["key"] == f"{kind}/{name}"
    return dict(row.data)


@pytest.mark.parametrize("who", OPEN)
@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("full_rights", _rule("*", "*", "*")),
        ("reads_secrets", _rule("", "secrets", "list")),
        ("escalates", _rule(RBAC, "clusterroles", "bind")),
        ("execs", _rule("", "pods/exec", "create")),
    ],
)
def test_power_of_nobody_in_particular_is_told_like_anybodys(
    who: tuple[str, str], field: str, rule: dict[str, Any]
) -> None:
    row = _row(who, rule)
    assert row[field] == row["open_rights"] == ["ClusterRoleBinding/b: ClusterRole/r"]


@pytest.mark.parametrize("who", OPEN)
@pytest.mark.parametrize(
    "rule",
    [
        _rule("", "pods", "get"),
        _rule("authorization.k8s.io", "subjectaccessreviews", "create"),
        _rule("authorization.k8s.io", "*", "create"),
        _rule("*", "selfsubjectreviews", "create"),
        _rule("authentication.k8s.io", "selfsubjectreviews", "create patch"),
        _rule("", "selfsubjectreviews pods", "create"),
        _rule("certificates.k8s.io", "clustertrustbundles", "get update"),
        _rule("certificates.k8s.io", "clustertrustbundles certificatesigningrequests", "list"),
        _urls("/metrics"),
        _urls("/healthz", "/logs/*"),
        _urls("*"),
        _urls("/healthz", verbs="get post"),
        _urls("/healthz", verbs="*"),
        CLUSTER_INFO,  # in the whole cluster
    ],
)
def test_any_further_right_is_beyond_the_servers_own(
    who: tuple[str, str], rule: dict[str, Any]
) -> None:
    assert _row(who, rule)["open_rights"] == ["ClusterRoleBinding/b: ClusterRole/r"]


@pytest.mark.parametrize("who", OPEN)
def test_health_and_version_are_given_to_all(who: tuple[str, str]) -> None:
    rule = _urls("/healthz", "/livez", "/readyz", "/version", "/version/")
    assert _row(who, rule)["open_rights"] == []


@pytest.mark.parametrize(
    "rule",
    [
        _urls("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"),
        _urls("/.well-known/openid-configuration", "/openid/v1/jwks"),
        _rule("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
        _rule("authentication.k8s.io", "selfsubjectreviews", "create"),
        _rule("certificates.k8s.io", "clustertrustbundles", "get list watch"),
    ],
)
def test_discovery_and_questions_about_oneself_are_for_those_with_credentials(
    rule: dict[str, Any],
) -> None:
    told = {who: bool(_row(who, rule)["open_rights"]) for who in OPEN}
    assert told == {ANONYMOUS: True, UNAUTHENTICATED: True, AUTHENTICATED: False, ACCOUNTS: False}


def test_the_address_of_the_cluster_is_public_and_nothing_beside_it() -> None:
    assert _row(ANONYMOUS, CLUSTER_INFO, "kube-public")["open_rights"] == []
    changes: tuple[dict[str, list[str]], ...] = (
        {"resourceNames": []},
        {"resourceNames": ["cluster-info", "other"]},
        {"resources": ["secrets"]},
        {"verbs": ["get", "update"]},
    )
    for changed in changes:
        held = _row(ANONYMOUS, CLUSTER_INFO | changed, "kube-public")["open_rights"]
        assert held == ["RoleBinding/kube-public/b: Role/r"], changed
    assert _row(ANONYMOUS, CLUSTER_INFO, "shop")["open_rights"]


def test_named_subjects_are_left_to_the_other_checks() -> None:
    assert _row(("User", "jane"), _rule("", "pods", "get"))["open_rights"] == []
    # A group of one namespace's accounts is not everybody.
    shop = ("Group", "system:serviceaccounts:shop")
    assert _row(shop, _rule("", "pods", "get"))["open_rights"] == []
