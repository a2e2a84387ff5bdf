"""Roles as they take effect, and who holds them."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.collectors.kubernetes.facts.labels import selects
from auditor.collectors.kubernetes.facts.rbac import (
    allowing,
    escalation_grants,
    exec_grants,
    granted_rules,
    role_rules,
    secret_grants,
    subject_rows,
    subjects,
    wildcard_grants,
)
from auditor.collectors.kubernetes.world import UnreadError
from auditor.core.model.status import Cause
from tests.unit.collectors.kubernetes.worlds import DENIED, Object, item_of, world_of

GROUP = "rbac.authorization.k8s.io"


def _role(kind: str, name: str, *rules: dict[str, Any], **more: object) -> dict[str, Any]:
    meta: dict[str, object] = {"name": name, "labels": more.pop("labels", {})}
    if kind == "Role":
        meta["namespace"] = "shop"
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": meta, "rules": [*rules], **more}


def _rule(groups: str, resources: str, verbs: str, **more: object) -> dict[str, Any]:
    return {
        "apiGroups": [groups],
        "resources": resources.split(),
        "verbs": verbs.split(),
        **more,
    }


def _binding(kind: str, role_kind: str, role: str, *who: dict[str, str]) -> dict[str, Any]:
    meta = {"name": f"{role}-binding"} | ({"namespace": "shop"} if kind == "RoleBinding" else {})
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": meta,
        "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role},
        "subjects": list(who),
    }


JANE = {"apiGroup": GROUP, "kind": "User", "name": "jane"}
OPERATOR = {"kind": "ServiceAccount", "name": "operator", "namespace": "ops"}
READ_SECRETS = _rule("", "secrets", "get")


def test_a_binding_grants_the_rules_of_its_role_in_its_namespace() -> None:
    binding = _binding("RoleBinding", "Role", "reader", JANE)
    world = world_of(_role("Role", "reader", READ_SECRETS), binding)
    assert granted_rules(None, item_of(binding), world) == [
        {"verbs": ["get"], "groups": [""], "resources": ["secrets"], "names": [], "urls": []}
    ]


def test_a_role_of_that_name_in_another_namespace_grants_nothing() -> None:
    role = _role("Role", "reader", READ_SECRETS)
    role["metadata"]["namespace"] = "other"
    binding = _binding("RoleBinding", "Role", "reader", JANE)
    assert granted_rules(None, item_of(binding), world_of(role, binding)) == []


def test_a_role_that_is_not_there_grants_nothing_live_and_is_unknown_in_manifests() -> None:
    binding = _binding("RoleBinding", "ClusterRole", "view", JANE)
    assert granted_rules(None, item_of(binding), world_of(binding)) == []
    with pytest.raises(UnreadError) as caught:
        granted_rules(None, item_of(binding), world_of(binding, declared=True))
    assert caught.value.gap.cause is Cause.NOT_DECLARED


def test_roles_that_could_not_be_read_are_not_taken_for_none() -> None:
    binding = _binding("ClusterRoleBinding", "ClusterRole", "view", JANE)
    with pytest.raises(UnreadError) as caught:
        granted_rules(None, item_of(binding), world_of(binding, gaps={"ClusterRole": DENIED}))
    assert caught.value.gap == DENIED


def test_an_aggregated_role_holds_what_its_selectors_fit_also_in_manifests() -> None:
    selectors = {"clusterRoleSelectors": [{"matchLabels": {"to": "admin"}}]}
    whole = _role("ClusterRole", "whole", aggregationRule=selectors)
    part = _role("ClusterRole", "part", READ_SECRETS, labels={"to": "admin"})
    other = _role("ClusterRole", "other", _rule("", "pods", "get"), labels={"to": "view"})
    declared = role_rules(None, item_of(whole), world_of(whole, part, other, declared=True))
    assert [rule["resources"] for rule in declared] == [["secrets"]]
    # The controller has written them into the live object: they are not added once more.
    assert role_rules(None, item_of(whole), world_of(whole, part, other)) == []


def test_a_row_for_each_subject_sums_up_all_bindings() -> None:
    bindings = [
        _binding("RoleBinding", "ClusterRole", "reader", JANE, OPERATOR),
        _binding("ClusterRoleBinding", "ClusterRole", "runner", JANE),
    ]
    world = world_of(
        _role("ClusterRole", "reader", READ_SECRETS),
        _role("ClusterRole", "runner", _rule("", "pods/exec", "create")),
        *bindings,
    )
    rows = {row.key: row for row in subject_rows([item_of(one) for one in bindings], world)}
    assert set(rows) == {"ServiceAccount/ops/operator", "User/jane"}
    held = rows["User/jane"].object["row"]["grants"]  # type: ignore[index]  # a row
    assert [(one["scope"], one["role"], one["resources"]) for one in held] == [
        ("shop", "reader", ["secrets"]),
        ("", "runner", ["pods/exec"]),
    ]


def test_a_service_account_without_namespace_is_of_the_bindings_own() -> None:
    who: list[Object] = [{"kind": "ServiceAccount", "name": "sa"}]
    binding = item_of(_binding("RoleBinding", "Role", "r"))
    assert subjects(who, binding, world_of()) == [
        {"kind": "ServiceAccount", "namespace": "shop", "name": "sa"}
    ]


def _found(function: Any, group: str, resources: str, verbs: str) -> bool:
    rule = {"groups": [group], "resources": resources.split(), "verbs": verbs.split()}
    return bool(function([rule], None, None))


@pytest.mark.parametrize(
    ("function", "group", "resources", "verbs", "found"),
    [
        (secret_grants, "", "secrets", "list", True),
        (secret_grants, "*", "*", "*", True),
        (secret_grants, "", "*", "watch", True),
        (secret_grants, "", "secrets", "create", False),
        (secret_grants, "apps", "secrets", "get", False),
        (secret_grants, "", "secrets/status", "get", False),
        (exec_grants, "", "pods/exec", "create", True),
        (exec_grants, "", "pods/exec", "get", True),
        (exec_grants, "", "pods/*", "create", False),
        (exec_grants, "", "*/exec", "create", True),
        (exec_grants, "", "pods/ephemeralcontainers", "patch", True),
        (exec_grants, "", "nodes/proxy", "get", True),
        (exec_grants, "", "pods", "create", False),
        (escalation_grants, GROUP, "clusterroles", "bind", True),
        (escalation_grants, GROUP, "roles", "escalate", True),
        (escalation_grants, "", "users", "impersonate", True),
        (escalation_grants, "authentication.k8s.io", "uids", "impersonate", True),
        (escalation_grants, GROUP, "roles", "update", False),
        (wildcard_grants, "", "*", "get", True),
        (wildcard_grants, "", "pods", "*", True),
        (wildcard_grants, "", "pods", "get", False),
    ],
)
def test_what_a_rule_allows(
    function: Any, group: str, resources: str, verbs: str, *, found: bool
) -> None:
    assert _found(function, group, resources, verbs) is found


def test_a_subresource_is_not_its_resource() -> None:
    rule = {"groups": [""], "resources": ["pods"], "verbs": ["create"]}
    assert allowing([rule], {"create"}, "", "pods") == [rule]
    assert allowing([rule], {"create"}, "", "pods/exec") == []


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["1"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, False),
        (
            {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]},
            False,
        ),
    ],
)
def test_selectors(selector: dict[str, object], *, fits: bool) -> None:
    assert selects(selector, {"a": "1"}) is fits


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown operator"):
        selects({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}, {})
