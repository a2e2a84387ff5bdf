"""Planted faults in how a cluster is set up: pods, rights, network; and all faults together."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import datetime

from tests.services.kubernetes.objects_apps import (
    DIGEST,
    Object,
    Objects,
    ago,
    ahead,
    app,
    made,
    put,
    space,
)
from tests.services.kubernetes.objects_bad_running import RUNNING
from tests.services.kubernetes.objects_good import (
    good,
)
from tests.services.kubernetes.objects_parts import (
    SERVE,
    binding,
    certificate,
    certificate_secret,
    gateway,
    ingress,
    plain_listener,
    role,
    route,
    rule,
    secure,
    signing_request,
)
from tests.services.kubernetes.objects_planting import Fault, add, changed, in_container, of_app


def _deny(name: str, direction: str) -> Sequence[Object]:
    """A namespace whose policy denies one direction only."""
    parts = copy.deepcopy(space(name))
    parts[1]["spec"]["policyTypes"] = [direction]
    return parts


def _grants(name: str, verbs: str, resources: str, group: str = "") -> Sequence[Object]:
    return [role(name, [rule(verbs, resources, group)]), binding(name, name, "User", name)]


def _injected(objects: Objects, _now: datetime) -> None:
    """A webhook put a privileged container into a running pod; the template does not show it."""
    put(objects, *copy.deepcopy(app("meshed")))
    other = copy.deepcopy(
        objects["Deployment/shop/meshed"]["spec"]["template"]["spec"]["containers"][0]
    )
    other["name"] = "mesh"
    other["securityContext"].update({"privileged": True, "allowPrivilegeEscalation": True})
    objects["Pod/shop/meshed-2-1"]["spec"]["containers"].append(other)


HARD, ACCESS, NET = "workload-hardening", "cluster-access", "cluster-network"
KEY_TABLE = "BQIAAAA8AAEAC0VYQU1QTEUuT1JH"  # the beginning of one of Kerberos
DEFAULTS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
ADMIN = ("cluster-admin", "secret-readers", "escalation", "exec")


def _all_to(kind: str, name: str) -> Fault:
    return add(
        f"full rights of {name}",
        lambda _n: [binding(f"all-{name}", "cluster-admin", kind, name)],
        *(f"{ACCESS}/{check}/named {kind}/{name}" for check in ADMIN),
        f"{ACCESS}/everybody/none {kind}/{name}",
    )


HARDENING = (
    add(
        "privileged level",
        lambda _n: space("loose", "privileged"),
        f"{HARD}/security-level/enforced loose",
    ),
    add(
        "no level",
        lambda _n: space("unlabelled", None),
        f"{HARD}/security-level/enforced unlabelled",
    ),
    in_container(
        "privileged",
        f"{HARD}/privileged/not-privileged",
        f"{HARD}/non-root/no-escalation",
        securityContext__privileged=True,
    ),
    Fault(
        "injected",
        _injected,
        (
            f"{HARD}/privileged/not-privileged Deployment/shop/meshed/mesh",
            f"{HARD}/non-root/no-escalation Deployment/shop/meshed/mesh",
        ),
    ),
    of_app("net", f"{HARD}/host-namespaces/network Deployment/shop/net", hostNetwork=True),
    of_app("pid", f"{HARD}/host-namespaces/pid Deployment/shop/pid", hostPID=True),
    of_app("ipc", f"{HARD}/host-namespaces/ipc Deployment/shop/ipc", hostIPC=True),
    of_app(
        "paths",
        f"{HARD}/host-paths/none Deployment/shop/paths",
        volumes=[{"name": "docker", "hostPath": {"path": "/var/run/docker.sock"}}],
    ),
    in_container("root", f"{HARD}/non-root/not-root", securityContext__runAsNonRoot=None),
    in_container(
        "escalating",
        f"{HARD}/non-root/no-escalation",
        securityContext__allowPrivilegeEscalation=None,
    ),
    in_container(
        "capable",
        f"{HARD}/non-root/capabilities",
        securityContext__capabilities={"drop": ["NET_RAW"]},
    ),
    in_container(
        "writable",
        f"{HARD}/read-only-root/read-only",
        securityContext__readOnlyRootFilesystem=False,
    ),
    in_container(
        "foreign", f"{HARD}/images/registry", image=f"docker.io/library/nginx:1.27@{DIGEST}"
    ),
    in_container(
        "newest",
        f"{HARD}/images/fixed-tag",
        f"{HARD}/images/digest",
        image="registry.k8s.io/shop/newest",
    ),
    in_container("tagged", f"{HARD}/images/digest", image="registry.k8s.io/shop/tagged:1.4"),
    in_container(
        "literal", f"{HARD}/secrets/none", env=[{"name": "DB_PASSWORD", "value": "hunter2-hunter2"}]
    ),
    add(
        "config map",
        lambda _n: [
            made("v1", "ConfigMap", "shop", "mail", data={"smtp-password": "hunter2-hunter2"})
        ],
        f"{HARD}/config-maps/none ConfigMap/shop/mail",
    ),
    add(
        "binary of a config map",
        lambda _n: [made("v1", "ConfigMap", "shop", "keytab", binaryData={"web": KEY_TABLE})],
        f"{HARD}/config-maps/none ConfigMap/shop/keytab",
    ),
    of_app(
        "mounted",
        f"{HARD}/volume-images/registry Deployment/shop/mounted/model",
        f"{HARD}/volume-images/fixed-tag Deployment/shop/mounted/model",
        f"{HARD}/volume-images/digest Deployment/shop/mounted/model",
        volumes=[{"name": "model", "image": {"reference": "evil.example/model"}}],
    ),
)
RIGHTS = (
    add(
        "admin",
        lambda _n: [binding("jane", "cluster-admin", "User", "jane")],
        *(f"{ACCESS}/{check}/named User/jane" for check in ADMIN),
    ),
    add(
        "wildcard",
        lambda _n: [role("everything", [rule("get list", "*", "apps")])],
        f"{ACCESS}/wildcards/none ClusterRole/everything",
    ),
    add(
        "unlabelled admin",
        lambda _n: [role("system:mine", [rule("*", "pods")])],
        f"{ACCESS}/wildcards/none ClusterRole/system:mine",
    ),
    add(
        "secrets",
        lambda _n: _grants("reader", "get", "secrets"),
        f"{ACCESS}/secret-readers/named User/reader",
    ),
    add(
        "bind",
        lambda _n: _grants("binder", "bind", "clusterroles", "rbac.authorization.k8s.io"),
        f"{ACCESS}/escalation/named User/binder",
    ),
    add(
        "impersonate",
        lambda _n: _grants("mask", "impersonate", "users"),
        f"{ACCESS}/escalation/named User/mask",
    ),
    add(
        "exec",
        lambda _n: _grants("shell", "create", "pods/exec"),
        f"{ACCESS}/exec/named User/shell",
    ),
    _all_to("User", "system:anonymous"),
    _all_to("Group", "system:serviceaccounts"),
    add(
        # Behind a name and a label like those of the server's own roles.
        "wildcard for nobody",
        lambda _n: [
            role("system:probe", [rule("*", "nodes")], labels=DEFAULTS),
            binding("probe", "system:probe", "Group", "system:unauthenticated"),
        ],
        f"{ACCESS}/wildcards/none ClusterRole/system:probe",
        f"{ACCESS}/everybody/none Group/system:unauthenticated",
    ),
    add(
        "secrets for everybody",
        lambda _n: [
            role("all-secrets", [rule("list", "secrets")]),
            binding("all-secrets", "all-secrets", "Group", "system:authenticated"),
        ],
        f"{ACCESS}/secret-readers/named Group/system:authenticated",
        f"{ACCESS}/everybody/none Group/system:authenticated",
    ),
    add(
        "masters",
        lambda _n: [binding("masters", "support", "Group", "system:masters")],
        f"{ACCESS}/masters/only-its-own ClusterRoleBinding/masters",
    ),
    add(
        "masters by certificate",
        lambda _n: [signing_request("csr-masters", "system:masters")],
        f"{ACCESS}/masters-certificates/other-groups CertificateSigningRequest/csr-masters",
    ),
    of_app(
        "lazy",
        f"{ACCESS}/default-accounts/unused ServiceAccount/shop/default",
        serviceAccountName="default",
    ),
    add(
        "default token",
        lambda _n: changed(space("auto")[::-1], automountServiceAccountToken=True),
        f"{ACCESS}/default-accounts/no-token ServiceAccount/auto/default",
    ),
    of_app(
        "caller",
        f"{ACCESS}/token-mounts/needed Deployment/shop/caller",
        automountServiceAccountToken=True,
    ),
    add(
        "old token",
        lambda _n: [
            made(
                "v1",
                "Secret",
                "shop",
                "api-token",
                type="kubernetes.io/service-account-token",
                annotations={"kubernetes.io/service-account.name": "api"},
            )
        ],
        f"{ACCESS}/token-secrets/none ServiceAccount/shop/api",
    ),
)
NETWORK = (
    add(
        "no ingress policy",
        lambda _n: _deny("open-in", "Egress"),
        f"{NET}/default-deny/ingress open-in",
    ),
    add(
        "no egress policy",
        lambda _n: _deny("open-out", "Ingress"),
        f"{NET}/default-deny/egress open-out",
    ),
    add(
        "plain host",
        lambda _n: changed(
            [ingress("plain", "shop-tls", "shop.example.org")],
            spec__rules__0__host="plain.example.org",
        ),
        f"{NET}/ingress-tls/every-host Ingress/shop/plain",
    ),
    add(
        "no secret",
        lambda _n: [ingress("secretless", "gone-tls", "gone.example.org")],
        f"{NET}/ingress-tls/certificate Ingress/shop/secretless",
        f"{NET}/ingress-tls/names Ingress/shop/secretless",
    ),
    add(
        "other name",
        lambda _n: [ingress("misnamed", "shop-tls", "other.example.org")],
        f"{NET}/ingress-tls/names Ingress/shop/misnamed",
    ),
    add(
        "ends soon",
        lambda n: [
            certificate_secret("soon-tls", "soon.example.org", n, 5),
            ingress("soon", "soon-tls", "soon.example.org"),
        ],
        f"{NET}/ingress-tls/time-left Ingress/shop/soon",
    ),
    add(
        # The route names no listener: it is served on both.
        "gateway without TLS",
        lambda _n: [
            gateway("open", plain_listener(), secure("shop-tls", "shop.example.org")),
            route("open", "open", SERVE),
        ],
        f"{NET}/gateway-tls/encrypted Gateway/shop/open/http",
    ),
    add(
        "gateway without secret",
        lambda _n: [gateway("secretless", secure("gone-tls", "gone.example.org"))],
        f"{NET}/gateway-tls/certificate Gateway/shop/secretless/https",
        f"{NET}/gateway-tls/names Gateway/shop/secretless/https",
    ),
    add(
        "gateway of another name",
        lambda _n: [gateway("misnamed", secure("shop-tls", "other.example.org"))],
        f"{NET}/gateway-tls/names Gateway/shop/misnamed/https",
    ),
    add(
        "gateway ends soon",
        lambda n: [
            certificate_secret("late-tls", "late.example.org", n, 5),
            gateway("late", secure("late-tls", "late.example.org")),
        ],
        f"{NET}/gateway-tls/time-left Gateway/shop/late/https",
    ),
    add(
        "no limit",
        lambda _n: changed(
            [ingress("unlimited", "shop-tls", "shop.example.org")], metadata__annotations={}
        ),
        f"{NET}/rate-limit/limited Ingress/shop/unlimited",
    ),
    add(
        "not ready",
        lambda n: changed([certificate("stuck", n)], status__conditions__0__status="False"),
        f"{NET}/certificates/ready Certificate/shop/stuck",
    ),
    add(
        "not renewed",
        lambda n: changed([certificate("stale", n)], status__renewalTime=ago(n, hours=1)),
        f"{NET}/certificates/renewing Certificate/shop/stale",
    ),
    add(
        "certificate ends",
        lambda n: changed([certificate("short", n)], status__notAfter=ahead(n, days=5)),
        f"{NET}/certificates/time-left Certificate/shop/short",
    ),
)
FAULTS = (*HARDENING, *RIGHTS, *NETWORK, *RUNNING)


def bad(now: datetime) -> Objects:
    """Every object of the bad cluster: the good one with every fault."""
    objects = good(now)
    for fault in FAULTS:
        fault.change(objects, now)
    return objects
