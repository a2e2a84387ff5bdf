"""A cluster in which every shipped control about Kubernetes passes: its objects, by their keys.

Objects of the API's own kinds are valid against its schema; those of cert-manager, Velero and
CloudNativePG have the form of their custom resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tests.services.kubernetes.objects_apps import (
    API_SERVER,
    ETCD,
    Object,
    Objects,
    ago,
    app,
    made,
    mirror_pod,
    node,
    put,
    space,
)
from tests.services.kubernetes.objects_parts import (
    REDIRECT,
    SERVE,
    autoscaler,
    binding,
    certificate,
    certificate_secret,
    cron_job,
    database,
    gateway,
    ingress,
    plain_listener,
    role,
    route,
    rule,
    schedule,
    secure,
    service,
    signing_request,
    storage,
)


def good(now: datetime) -> Objects:
    """Every object of the good cluster."""
    objects: Objects = {}
    for part in (_spaces(), app("api"), _around(now), _access(), _backups(now), _system()):
        put(objects, *part)
    return objects


def _spaces() -> Iterator[Object]:
    yield from space("shop")
    yield from space("velero", "baseline")
    yield made("v1", "Namespace", "", "kube-system")
    yield made("v1", "ServiceAccount", "kube-system", "default")


def _around(now: datetime) -> Iterator[Object]:
    yield service("api")
    yield autoscaler("api")
    yield cron_job("nightly", ago(now, hours=10))
    yield made(
        "v1", "ConfigMap", "shop", "settings", data={"DB_POOL_MAX": "20", "GREETING": "hello"}
    )
    yield certificate_secret("shop-tls", "shop.example.org", now, 60)
    yield ingress("shop", "shop-tls", "shop.example.org")
    yield certificate("shop", now)
    yield gateway("public", plain_listener(), secure("shop-tls", "shop.example.org"))
    yield route("to-https", "public", REDIRECT, sectionName="http")
    yield route("shop", "public", SERVE, sectionName="https")


def _access() -> Iterator[Object]:
    marked = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    yield role("cluster-admin", [rule("*", "*", "*")], labels=marked)
    yield binding("cluster-admin", "cluster-admin", "Group", "system:masters")
    public = {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version"]}
    yield role("system:public-info-viewer", [public], labels=marked)
    yield binding("info", "system:public-info-viewer", "Group", "system:unauthenticated")
    yield role("support", [rule("get list watch", "pods services")])
    yield binding("support", "support", "Group", "support")
    yield signing_request("csr-support", "support")


def _backups(now: datetime) -> Iterator[Object]:
    yield from schedule("daily", now)
    yield storage("default", "Available")
    yield database("orders", ago(now, hours=9), ago(now, days=30))


def _system() -> Iterator[Object]:
    yield node("cp-1", "zone-a")
    yield node("node-1", "zone-a")
    yield node("node-2", "zone-b")
    yield mirror_pod("kube-apiserver", "cp-1", *API_SERVER)
    yield mirror_pod("etcd", "cp-1", *ETCD)


NODES = ("cp-1", "node-1", "node-2")
