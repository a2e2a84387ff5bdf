"""A good cluster on the stand-in for kube-apiserver, read in pages of several sizes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.services.contract.silence import closed_port, silent_port
from tests.services.contract.world import Pages, Trouble, World
from tests.services.contract.worlds.files import SECRET
from tests.services.kubernetes.apiserver.rbac import User
from tests.services.kubernetes.apiserver.server import REVIEW, Cluster, serving
from tests.services.kubernetes.objects_apps import ENCRYPTION, KUBELET, ago, audit_event
from tests.services.kubernetes.objects_good import good
from tests.services.kubernetes.reading_kubernetes import settings_for

_CUSTOM = ("cert-manager.io", "gateway.networking.k8s.io", "velero.io", "postgresql.cnpg.io")


@contextmanager
def cluster_world(folder: Path) -> Iterator[World]:
    """Every type complete: kubelets, audit log and encryption configuration are there."""
    now = datetime.now(UTC)
    cluster = _cluster(now)
    (folder / "encryption.yaml").write_text(ENCRYPTION)
    event = json.dumps(audit_event("by-pipeline", "ci-deployer", ago(now, minutes=9)))
    (folder / "audit.log").write_text(f"{event}\n")
    files = {
        "kubelet_configz": True,
        "audit_logs": [str(folder / "audit.log")],
        "encryption_config": str(folder / "encryption.yaml"),
    }
    with serving(cluster), silent_port() as silent:
        own = {**settings_for(cluster, folder), **files}
        nobody = {**settings_for(cluster, folder, "nobody"), **files, "max_attempts": 1}

        def elsewhere(port: int) -> Target:
            return _target({**own, "server": f"http://127.0.0.1:{port}", "max_attempts": 1})

        yield World(
            target=_target(own),
            state=lambda: _state(cluster),
            secrets=[SECRET, "admin-token"],
            denied=Trouble(_target(nobody), {Cause.DENIED}, some_rights=True, answers=True),
            timeout=Trouble(elsewhere(silent), {Cause.TIMEOUT}),
            unreachable=Trouble(elsewhere(closed_port()), {Cause.UNREACHABLE}),
            pages=Pages(
                [_target({**own, "page_size": size}) for size in (1, 3)],
                ["kubernetes.workload", "kubernetes.namespace"],
            ),
            requests=lambda: len(cluster.requests),
            silent=["kubernetes.audited_change"],
        )


def _cluster(now: datetime) -> Cluster:
    cluster = Cluster("1.36")
    for group in _CUSTOM:
        cluster.store.install(group)
    objects = good(now)
    cluster.store.add([*objects.values(), _secret(objects)])
    nodes = [key.removeprefix("Node/") for key in objects if key.startswith("Node/")]
    cluster.kubelets = {name: dict(copy.deepcopy(KUBELET)) for name in nodes}
    cluster.add_user("nobody-token", User("nobody"))
    return cluster


def _secret(objects: object) -> dict[str, object]:
    del objects
    metadata = {"name": "planted", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"p": SECRET}}


def _target(settings: dict[str, object]) -> Target:
    return Target("k8s", "kubernetes-cluster", "prod", settings=settings)


def _state(cluster: Cluster) -> object:
    """Requests that are no reading; the review of oneself writes nothing."""
    return [(s.method, s.path) for s in cluster.requests if s.method != "GET" and s.path != REVIEW]
