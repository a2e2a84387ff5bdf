"""What is no list: kubelets, files of the API server, a request without credentials; secrets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from auditor.collectors.kubernetes.api import Api
from auditor.collectors.kubernetes.loader import load_kinds
from auditor.collectors.kubernetes.reader import Reader
from auditor.collectors.kubernetes.session import open_client, without_credentials
from auditor.collectors.kubernetes.settings import ClusterSettings
from auditor.collectors.kubernetes.world import Listing
from auditor.core.model.status import Cause
from tests.services.kubernetes.apiserver.authority import certificate_for
from tests.services.kubernetes.apiserver.server import Cluster
from tests.services.kubernetes.reading_kubernetes import context_of, settings_for
from tests.services.kubernetes.small_objects import namespace

pytestmark = pytest.mark.service


@contextmanager
def _reader(cluster: Cluster, folder: Path, **own: object) -> Iterator[Reader]:
    settings = ClusterSettings.model_validate(settings_for(cluster, folder, "admin", **own))
    client = open_client(settings)
    with ThreadPoolExecutor(4) as executor:
        context = context_of(executor)
        api, nobody = Api(client, context, 1), Api(without_credentials(client), context, 1)
        yield Reader(api, nobody, settings, context)
        api.close()
        nobody.close()


def _listing(cluster: Cluster, folder: Path, name: str, **own: object) -> Listing:
    kind = load_kinds()[name]
    with _reader(cluster, folder, **own) as reader:
        reader.start([kind])
        return reader.read(kind).listing


def _objects(listing: Listing) -> list[Any]:
    return [orjson.loads(document) for _place, document in listing.documents]


def _node(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}


def test_kubelets_are_only_asked_where_the_target_allows_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.store.add([_node("a")])
    listing = _listing(cluster, tmp_path, "KubeletConfig")
    assert [gap.cause for gap in listing.gaps] == [Cause.NOT_COLLECTED]
    assert "kubelet_configz: true" in listing.gaps[0].hint
    assert cluster.requests == []


def test_each_kubelet_is_asked_and_one_that_is_down_is_a_gap_of_its_node(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.store.add([_node("a"), _node("b")])
    cluster.kubelets["a"] = {"readOnlyPort": 10255}
    listing = _listing(cluster, tmp_path, "KubeletConfig", kubelet_configz=True)
    assert [one["kubeletconfig"] for one in _objects(listing)] == [{"readOnlyPort": 10255}]
    assert [(gap.cause, gap.subject) for gap in listing.gaps] == [(Cause.UNREACHABLE, "b")]
    assert listing.gap_for("a") is None
    assert listing.gap_for("b") is not None


@pytest.mark.parametrize(("allowed", "status"), [(False, 401), (True, 200)])
def test_a_request_without_credentials_is_one(
    cluster: Cluster, tmp_path: Path, *, allowed: bool, status: int
) -> None:
    cluster.anonymous_allowed = allowed
    cluster.store.add(_open_to_all() if allowed else [])
    assert _objects(_listing(cluster, tmp_path, "AnonymousAnswer"))[0]["status"] == status
    assert [seen.user for seen in cluster.requests] == ["system:anonymous"]


def _open_to_all() -> list[dict[str, Any]]:
    group = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]}]
    ref = {"apiGroup": group, "kind": "ClusterRole", "name": "open"}
    who = [{"apiGroup": group, "kind": "Group", "name": "system:unauthenticated"}]
    meta = {"name": "open"}
    api = f"{group}/v1"
    return [
        {"apiVersion": api, "kind": "ClusterRole", "metadata": meta, "rules": rules},
        {
            "apiVersion": api,
            "kind": "ClusterRoleBinding",
            "metadata": meta,
            "roleRef": ref,
            "subjects": who,
        },
    ]


def test_an_audit_log_is_read_line_by_line_without_bodies(cluster: Cluster, tmp_path: Path) -> None:
    event = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "auditID": "1",
        "verb": "patch",
        "user": {"username": "jane"},
        "requestObject": {"password": "hunter2"},
    }
    path = tmp_path / "audit.log"
    path.write_text(json.dumps(event) + "\n\nnot json\n" + '{"kind":"Pod"}\n')
    listing = _listing(cluster, tmp_path, "AuditEvent", audit_logs=[str(path), "/nowhere"])
    assert [one["verb"] for one in _objects(listing)] == ["patch"]
    assert b"hunter2" not in b"".join(document for _place, document in listing.documents)
    causes = [gap.cause for gap in listing.gaps]
    assert causes == [Cause.UNPARSABLE, Cause.UNPARSABLE, Cause.NOT_COLLECTED]
    assert listing.gaps[0].detail.startswith(f"{path}:3: ")
    assert listing.counted is None


def test_an_audit_log_that_is_not_named_is_a_gap_with_the_setting(
    cluster: Cluster, tmp_path: Path
) -> None:
    gap = _listing(cluster, tmp_path, "AuditEvent").gaps[0]
    assert (gap.cause, "audit_logs" in gap.hint) == (Cause.NOT_COLLECTED, True)


def test_of_an_encryption_configuration_no_key_is_kept(cluster: Cluster, tmp_path: Path) -> None:
    key = {"keys": [{"name": "k", "secret": "c2VjcmV0IGlzIHNlY3VyZQ=="}]}
    document = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [
            {"resources": ["secrets"], "providers": [{"secretbox": key}, {"identity": {}}]}
        ],
    }
    path = tmp_path / "encryption.yaml"
    path.write_text(yaml.safe_dump(document))
    listing = _listing(cluster, tmp_path, "EncryptionConfig", encryption_config=str(path))
    assert _objects(listing)[0]["resources"] == [
        {"resources": ["secrets"], "providers": ["secretbox", "identity"]}
    ]
    assert b"c2VjcmV0" not in listing.documents[0][1]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (None, Cause.NOT_COLLECTED),
        ("a: b: c", Cause.UNPARSABLE),
        ("kind: Pod", Cause.UNPARSABLE),
        ("kind: EncryptionConfiguration\nresources: [x]", Cause.UNPARSABLE),
        ("kind: EncryptionConfiguration\nresources: [{providers: [x]}]", Cause.UNPARSABLE),
    ],
)
def test_another_file_is_no_encryption_configuration(
    cluster: Cluster, tmp_path: Path, text: str | None, cause: Cause
) -> None:
    path = tmp_path / "encryption.yaml"
    if text is not None:
        path.write_text(text)
    listing = _listing(cluster, tmp_path, "EncryptionConfig", encryption_config=str(path))
    assert [gap.cause for gap in listing.gaps] == [cause]
    assert listing.documents == ()


def test_of_a_secret_only_names_and_the_public_certificate_come_in(
    cluster: Cluster, tmp_path: Path
) -> None:
    certificate = certificate_for("shop.example")
    both = certificate + "-----BEGIN PRIVATE KEY-----\nTUlJRQ==\n-----END PRIVATE KEY-----\n"
    data = {"tls.crt": both, "tls.key": "the private key", "password": "hunter2"}
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "tls", "namespace": "shop"},
        "type": "kubernetes.io/tls",
        "data": encoded,
    }
    cluster.store.add([namespace("shop"), secret])
    listing = _listing(cluster, tmp_path, "Secret")
    kept = _objects(listing)[0]
    assert kept["keys"] == ["password", "tls.crt", "tls.key"]
    assert kept["certificate"] == certificate
    assert kept["type"] == "kubernetes.io/tls"
    for value in ("TUlJRQ", "hunter2", encoded["tls.key"], encoded["password"]):
        assert value.encode() not in listing.documents[0][1]


def test_only_the_chosen_namespaces_are_items_and_others_are_not_known(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.store.add([namespace("shop"), namespace("other")])
    with _reader(cluster, tmp_path, namespaces=["shop"]) as reader:
        kinds = [load_kinds()[name] for name in ("Namespace", "NetworkPolicy")]
        reader.start(kinds)
        spaces, policies = (reader.read(kind).listing for kind in kinds)
    assert [one["metadata"]["name"] for one in _objects(spaces)] == ["shop"]
    gap = policies.gap_for("other")
    assert gap is not None
    assert gap.cause is Cause.NOT_COLLECTED
    assert policies.gap_for("shop") is None
