"""The printed cluster role is enough; without one of its rules, what needs it is in error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.collectors.kubernetes import KubernetesCollector
from auditor.collectors.kubernetes.loader import load_catalogue
from auditor.core.model.status import Cause
from tests.services.kubernetes.apiserver.rbac import RBAC, User
from tests.services.kubernetes.apiserver.server import REVIEW, Cluster
from tests.services.kubernetes.reading_kubernetes import preflight, read, settings_for
from tests.services.kubernetes.small_objects import deployment, namespace, pods

pytestmark = pytest.mark.service
# Not of the API's lists: without their settings they are gaps of their own.
ELSEWHERE = {"kubernetes.kubelet", "kubernetes.audited_change", "kubernetes.api_server"}
GATEWAYS = "gateway.networking.k8s.io"
CUSTOM = (
    *("cert-manager.io", "velero.io", "postgresql.cnpg.io"),
    *(GATEWAYS, "gateway.networking.x-k8s.io"),
)
TYPES = sorted(load_catalogue().keys() - ELSEWHERE)


def _documents(types: list[str]) -> list[Any]:
    return list(yaml.safe_load_all(KubernetesCollector().grants(types)["yaml"]))


def _install(cluster: Cluster, types: list[str]) -> None:
    for group in CUSTOM:
        cluster.store.install(group)
    cluster.store.add([*_documents(types), namespace("shop"), *pods(3), deployment("web")])
    cluster.add_user("auditor-token", User.service_account("auditor", "auditor-read-only"))


def test_the_printed_role_is_enough_and_only_reads_are_sent(
    cluster: Cluster, tmp_path: Path
) -> None:
    _install(cluster, TYPES)
    seen = read(settings_for(cluster, tmp_path, "auditor"), TYPES)
    assert {name: one.gaps for name, one in seen.items() if one.gaps} == {}
    assert seen[TYPES[0]].identity == "system:serviceaccount:auditor:auditor-read-only"
    posts = {one.path for one in cluster.requests if one.method != "GET"}
    assert posts == {REVIEW}


def test_the_printed_role_allows_nothing_but_lists() -> None:
    role = next(one for one in _documents(list(load_catalogue())) if one["kind"] == "ClusterRole")
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list"}
    assert not any("*" in rule["resources"] + rule["apiGroups"] for rule in role["rules"])


@pytest.mark.parametrize(
    ("group", "plural"),
    [
        ("", "secrets"),
        ("", "pods"),
        ("apps", "deployments"),
        (RBAC, "clusterroles"),
        (GATEWAYS, "gateways"),
    ],
)
def test_without_one_rule_exactly_what_needs_it_is_unread_and_names_it(
    cluster: Cluster, tmp_path: Path, group: str, plural: str
) -> None:
    _install(cluster, TYPES)
    role = cluster.store.listed(RBAC, "clusterroles", None)[0].object
    for rule in role["rules"]:
        if group in rule["apiGroups"]:
            rule["resources"] = [name for name in rule["resources"] if name != plural]
    seen = read(settings_for(cluster, tmp_path, "auditor"), TYPES)
    own = {n for n in TYPES if any(k.plural == plural for k in load_catalogue()[n].kinds)}
    if plural == "clusterroles":  # its rows are made of them
        own.add("kubernetes.rbac_subject")
    assert {name for name, one in seen.items() if one.gaps} == own
    gaps = [gap for one in seen.values() for gap in one.gaps]
    unread = [gap for one in seen.values() for r in one.resources for gap in r.unread.values()]
    denied = [gap for gap in (*gaps, *unread) if gap.cause is Cause.DENIED]
    assert len(denied) == len(gaps) + len(unread)
    assert denied or plural == "secrets"
    resource = f"{plural}.{group}" if group else plural
    for gap in denied:
        assert gap.action == f"list {resource}"
        assert f'{{apiGroups: ["{group}"], resources: ["{plural}"], verbs: ["list"]}}' in gap.hint


def test_what_is_only_allowed_in_a_namespace_is_read_there(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.store.add([namespace("shop"), *pods(3), *pods(2, "other"), *_namespaced_rights()])
    cluster.add_user("local-token", User("local"))
    everywhere = read(settings_for(cluster, tmp_path, "local"), ["kubernetes.container"])
    gap = everywhere["kubernetes.container"].gaps[-1]
    assert (gap.cause, gap.subject) == (Cause.DENIED, "Pod")
    settings = settings_for(cluster, tmp_path, "local", namespaces=["shop", "closed"])
    seen = read(settings, ["kubernetes.container"])["kubernetes.container"]
    assert {one.data["namespace"] for one in seen.resources} == {"shop"}
    assert seen.facts["namespaces"] == ["shop", "closed"]
    denied = {gap.subject: gap for gap in seen.gaps if gap.subject.startswith("Pod ")}
    assert set(denied) == {"Pod in closed"}
    assert "a Role in namespace closed" in denied["Pod in closed"].hint


def _namespaced_rights() -> list[dict[str, Any]]:
    rules = [
        {"apiGroups": ["", "apps", "batch"], "resources": ["*"], "verbs": ["list"]},
    ]
    meta = {"name": "reader", "namespace": "shop"}
    return [
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": meta, "rules": rules},
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": meta,
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "reader"},
            "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "local"}],
        },
    ]


def test_a_token_that_is_not_known_is_a_gap_of_every_type(cluster: Cluster, tmp_path: Path) -> None:
    settings = settings_for(cluster, tmp_path, "stranger")
    seen = read(settings)
    assert {gap.cause for one in seen.values() for gap in one.gaps} == {Cause.EXPIRED_CREDENTIALS}
    assert all(one.gaps and not one.resources for one in seen.values())
    answer = preflight(settings)
    assert answer.gap is not None
    assert answer.gap.cause is Cause.EXPIRED_CREDENTIALS


def test_an_old_server_without_reviews_is_read_all_the_same(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.unreviewed = True
    answer = preflight(settings_for(cluster, tmp_path))
    assert (answer.identity, answer.gap) == ("not told by the server", None)
