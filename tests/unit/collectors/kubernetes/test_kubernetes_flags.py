"""Flags of static pods: defaults, forms, and what stands in files of the node."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.collectors.kubernetes.facts import FIELDS
from auditor.collectors.kubernetes.facts.flags import is_api_server, is_etcd
from auditor.collectors.kubernetes.world import Item, UnreadError, World
from auditor.core.model.status import Cause
from tests.unit.collectors.kubernetes.worlds import DENIED, Object, extracted, item_of, world_of

MIRROR = {"kubernetes.io/config.mirror": "1f"}
OWNER = {"apiVersion": "v1", "kind": "Node", "name": "cp", "uid": "u-1", "controller": True}
NODE: Object = {"kind": "Node", "metadata": {"name": "cp", "uid": "u-1"}}
RUNNING = {"phase": "Running"}


def _written(
    program: str, *words: str, namespace: str = "kube-system", **more: Any
) -> dict[str, Any]:
    container = {"name": "c", "command": [f"/usr/local/bin/{program}"], "args": list(words), **more}
    metadata = {"name": "p", "namespace": namespace, "annotations": MIRROR}
    return {
        "kind": "Pod",
        "metadata": {**metadata, "ownerReferences": [OWNER]},
        "spec": {"nodeName": "cp", "containers": [container]},
        "status": RUNNING,
    }


def _pod(program: str, *words: str, namespace: str = "kube-system", **more: Any) -> Item:
    return item_of(_written(program, *words, namespace=namespace, **more))


def _flag(name: str, item: Item, world: World | None = None) -> object:
    return FIELDS[name](None, item, world or world_of())


def test_only_a_mirror_pod_of_kube_system_counts() -> None:
    world = world_of(NODE)
    assert is_api_server(_pod("kube-apiserver"), world)
    assert not is_etcd(_pod("kube-apiserver"), world)
    assert is_etcd(_pod("etcd"), world)
    assert not is_api_server(_pod("kube-apiserver", namespace="shop"), world)
    unmarked = _written("kube-apiserver")
    del unmarked["metadata"]["annotations"]
    assert not is_api_server(item_of(unmarked), world)


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("metadata", {"ownerReferences": []}, "does not own it"),
        ("metadata", {"ownerReferences": [OWNER | {"uid": "u-2"}]}, "does not own it"),
        ("metadata", {"ownerReferences": [OWNER | {"uid": ""}]}, "does not own it"),
        ("metadata", {"ownerReferences": [OWNER | {"name": "other"}]}, "does not own it"),
        ("metadata", {"ownerReferences": [OWNER | {"kind": "ReplicaSet"}]}, "does not own it"),
        ("metadata", {"ownerReferences": [OWNER | {"controller": False}]}, "does not own it"),
        ("spec", {"nodeName": "gone"}, "'gone' does not own it"),
        ("status", {"phase": "Pending"}, "does not report that it runs"),
    ],
)
def test_a_pod_that_only_says_it_is_a_mirror_is_a_gap_and_no_control_plane(
    part: str, value: dict[str, object], said: str
) -> None:
    forged = _written("kube-apiserver", "--anonymous-auth=false")
    forged[part] = {**forged[part], **value}
    found = extracted("kubernetes.api_server", [forged, NODE])
    assert found.resources == ()
    [gap] = found.gaps
    assert (gap.subject, gap.cause) == ("Pod/kube-system/p", Cause.NOT_COLLECTED)
    assert said in gap.detail


def test_a_forged_mirror_stands_beside_the_real_one_and_is_named() -> None:
    forged = _written("etcd", "--client-cert-auth=true")
    forged["metadata"] |= {"name": "sly", "ownerReferences": []}
    found = extracted("kubernetes.etcd", [_written("etcd"), forged, NODE])
    assert [row.data["name"] for row in found.resources] == ["p"]
    assert [gap.subject for gap in found.gaps] == ["Pod/kube-system/sly"]


def test_a_mirror_cannot_be_proven_without_the_nodes() -> None:
    found = extracted("kubernetes.etcd", [_written("etcd")], gaps={"Node": DENIED})
    assert (found.resources, [gap.cause for gap in found.gaps]) == ((), [Cause.DENIED])


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("name", ["kubernetes.workload", "kubernetes.container"])
def test_the_mark_of_a_mirror_exempts_no_pod_from_the_rules_for_pods(
    name: str, *, declared: bool
) -> None:
    sly = _written("sh", namespace="shop", image="registry.example/sh:1")
    keys = [str(r.data["key"]) for r in extracted(name, [sly, NODE], declared=declared).resources]
    assert keys == ["Pod/shop/p" + ("/c" if name.endswith("container") else "")]


def test_flags_that_are_left_out_have_their_documented_defaults() -> None:
    bare = _pod("kube-apiserver")
    assert _flag("anonymous_auth", bare) is True
    assert _flag("authorization_modes", bare) == ["AlwaysAllow"]
    assert _flag("encryption_providers", bare) == []
    assert _flag("audit_max_age", bare) == 0
    for name in ("audit_policy", "audit_log", "audit_webhook"):
        assert _flag(name, bare) is False, name
    etcd = _pod("etcd")
    assert _flag("etcd_plain_urls", etcd) == ["http://localhost:2379", "http://localhost:2380"]
    for name in ("etcd_certificate", "etcd_client_cert_auth", "etcd_auto_tls"):
        assert _flag(name, etcd) is False, name


@pytest.mark.parametrize(
    ("words", "anonymous"),
    [
        (["--anonymous-auth=false"], False),
        (["--anonymous-auth=False"], False),
        (["--anonymous-auth", "--audit-log-path=-"], True),
        (["--anonymous-auth=false", "--anonymous-auth=true"], True),
        (["stray", "--anonymous-auth=false"], False),
    ],
)
def test_forms_of_flags(words: list[str], *, anonymous: bool) -> None:
    assert _flag("anonymous_auth", _pod("kube-apiserver", *words)) is anonymous


def test_a_value_may_stand_apart_from_its_flag() -> None:
    item = _pod("kube-apiserver", "--authorization-mode", "Node,RBAC", "--audit-log-maxage", "30")
    assert _flag("authorization_modes", item) == ["Node", "RBAC"]
    assert _flag("audit_max_age", item) == 30


@pytest.mark.parametrize(
    ("field", "program", "flag"),
    [
        ("anonymous_auth", "kube-apiserver", "--authentication-config=/etc/a.yaml"),
        ("authorization_modes", "kube-apiserver", "--authorization-config=/etc/b.yaml"),
        ("etcd_certificate", "etcd", "--config-file=/etc/etcd.yaml"),
    ],
)
def test_what_stands_in_a_file_of_the_node_is_unread(field: str, program: str, flag: str) -> None:
    with pytest.raises(UnreadError) as caught:
        _flag(field, _pod(program, flag))
    assert caught.value.gap.cause is Cause.NOT_COLLECTED
    assert flag.partition("=")[0] in caught.value.gap.detail


def test_the_first_entry_for_secrets_names_the_providers() -> None:
    item = _pod("kube-apiserver", "--encryption-provider-config=/etc/e.yaml")

    def world(*entries: Object) -> World:
        document = {"kind": "EncryptionConfig", "metadata": {"name": "e"}, "resources": [*entries]}
        return world_of(document)

    config_maps = {"resources": ["configmaps"], "providers": ["aesgcm"]}
    secrets = {"resources": ["secrets"], "providers": ["identity", "aesgcm"]}
    rest = {"resources": ["*.*"], "providers": ["kms"]}
    assert _flag("encryption_providers", item, world(config_maps, secrets, rest)) == [
        "identity",
        "aesgcm",
    ]
    assert _flag("encryption_providers", item, world(config_maps, rest)) == ["kms"]
    assert _flag("encryption_providers", item, world(config_maps)) == []
    with pytest.raises(UnreadError):
        _flag("encryption_providers", item, world_of(gaps={"EncryptionConfig": DENIED}))


def test_the_answer_to_a_call_without_credentials() -> None:
    answer = {"kind": "AnonymousAnswer", "metadata": {"name": "a"}, "status": 403}
    assert _flag("anonymous_status", _pod("kube-apiserver"), world_of(answer)) == 403
    with pytest.raises(UnreadError):
        _flag("anonymous_status", _pod("kube-apiserver"), world_of())


def test_etcd_is_also_set_by_variables_and_flags_go_before_them() -> None:
    env = [
        {"name": "ETCD_CERT_FILE", "value": "/c"},
        {"name": "ETCD_KEY_FILE", "value": "/k"},
        {"name": "ETCD_AUTO_TLS", "value": "true"},
        {"name": "OTHER", "value": "x"},
    ]
    item = _pod("etcd", "--auto-tls=false", env=env)
    assert _flag("etcd_certificate", item) is True
    assert _flag("etcd_auto_tls", item) is False


def test_an_etcd_that_listens_to_a_socket_with_tls_is_not_plain() -> None:
    urls = "--listen-client-urls=https://10.0.0.1:2379,http://127.0.0.1:2379"
    item = _pod("etcd", urls, "--listen-peer-urls=unixs://peer")
    assert _flag("etcd_plain_urls", item) == ["http://127.0.0.1:2379"]
