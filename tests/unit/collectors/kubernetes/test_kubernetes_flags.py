"""Flags of static pods: defaults, forms, and what stands in files of the node."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.collectors.kubernetes.facts import FIELDS
from auditor.collectors.kubernetes.facts.flags import is_api_server, is_etcd
from auditor.collectors.kubernetes.world import Item, UnreadError, World
from auditor.core.model.status import Cause
from tests.unit.collectors.kubernetes.worlds import DENIED, Object, item_of, world_of

MIRROR = {"kubernetes.io/config.mirror": "1f"}


def _pod(program: str, *words: str, namespace: str = "kube-system", **more: Any) -> Item:
    container = {"name": "c", "command": [f"/usr/local/bin/{program}"], "args": list(words), **more}
    metadata = {"name": "p", "namespace": namespace, "annotations": MIRROR}
    return item_of({"kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}})


def _flag(name: str, item: Item, world: World | None = None) -> object:
    return FIELDS[name](None, item, world or world_of())


def test_only_a_mirror_pod_of_kube_system_counts() -> None:
    world = world_of()
    assert is_api_server(_pod("kube-apiserver"), world)
    assert not is_etcd(_pod("kube-apiserver"), world)
    assert is_etcd(_pod("etcd"), world)
    assert not is_api_server(_pod("kube-apiserver", namespace="shop"), world)
    written = _pod("kube-apiserver").object
    forged = {**written, "kind": "Pod", "metadata": {"name": "p", "namespace": "kube-system"}}
    assert not is_api_server(item_of(forged), world)


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
