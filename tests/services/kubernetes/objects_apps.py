"""What an app and a cluster are made of: deployments, pods, namespaces, nodes, static pods."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from auditor.core.times import format_instant
from tests.services.kubernetes.apiserver.store import uid_of

Object = dict[str, Any]
Objects = dict[str, Object]
DIGEST = "sha256:3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea"
RBAC = "rbac.authorization.k8s.io"
DAY = timedelta(days=1)


def ago(now: datetime, **distance: float) -> str:
    """A moment before now, to the second as the API writes it."""
    return format_instant(now.replace(microsecond=0) - timedelta(**distance))


def ahead(now: datetime, **distance: float) -> str:
    """A moment after now."""
    return format_instant(now.replace(microsecond=0) + timedelta(**distance))


def made(api: str, kind: str, namespace: str, name: str, **more: Any) -> Object:
    """An object; labels and annotations go to its metadata."""
    metadata: Object = {"name": name} | ({"namespace": namespace} if namespace else {})
    for field in ("labels", "annotations", "creationTimestamp", "ownerReferences"):
        if field in more:
            metadata[field] = more.pop(field)
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **more}


def put(objects: Objects, *several: Object) -> None:
    """Add objects under `Kind/namespace/name`; one that is there is replaced."""
    for one in several:
        place = (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"])
        objects["/".join(part for part in place if part)] = one


def container(name: str) -> Object:
    """A container without a flaw."""
    probe = {"httpGet": {"path": "/healthz", "port": 8080}}
    return {
        "name": name,
        "image": f"registry.k8s.io/shop/{name}:1.4@{DIGEST}",
        "env": [
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "tokens", "key": name}}},
        ],
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "500m", "memory": "256Mi"},
        },
        "livenessProbe": probe,
        "readinessProbe": probe,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def owner(group: str, plural: str, kind: str, namespace: str, name: str) -> list[Object]:
    """The reference of what a controller made."""
    uid = uid_of(group, plural, namespace, name)
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": True}]


def app(name: str, namespace: str = "shop") -> list[Object]:
    """A deployment of two replicas with all that belongs to it, in the shape that the API gives."""
    labels = {"app": name, "environment": "production"}
    spec = {
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "containers": [container(name)],
        "volumes": [{"name": "model", "image": {"reference": f"registry.k8s.io/model@{DIGEST}"}}],
    }
    template = {"metadata": {"labels": labels}, "spec": spec}
    selector = {"matchLabels": {"app": name}}
    by_deployment = owner("apps", "deployments", "Deployment", namespace, name)
    revisions = [
        made(
            "apps/v1",
            "ReplicaSet",
            namespace,
            f"{name}-{number}",
            labels=labels,
            annotations={"deployment.kubernetes.io/revision": str(number)},
            ownerReferences=by_deployment,
            spec={"replicas": 2 * (number == 2), "selector": selector, "template": template},
        )
        for number in (1, 2)
    ]
    deployment = made(
        "apps/v1",
        "Deployment",
        namespace,
        name,
        labels=labels,
        annotations={"deployment.kubernetes.io/revision": "2"},
        spec={"replicas": 2, "selector": selector, "template": template},
        status={"replicas": 2, "readyReplicas": 2, "availableReplicas": 2},
    )
    pods = [pod(name, namespace, number, spec) for number in (1, 2)]
    budget = made(
        "policy/v1",
        "PodDisruptionBudget",
        namespace,
        name,
        spec={"maxUnavailable": 1, "selector": selector},
        status={
            "currentHealthy": 2,
            "desiredHealthy": 1,
            "disruptionsAllowed": 1,
            "expectedPods": 2,
        },
    )
    account = made("v1", "ServiceAccount", namespace, name, automountServiceAccountToken=False)
    return [deployment, *revisions, *pods, budget, account]


def pod(name: str, namespace: str, number: int, spec: Mapping[str, Any]) -> Object:
    """A running pod of an app's newest revision."""
    status: Object = {"name": name, "ready": True, "restartCount": 0, "image": "x", "imageID": "y"}
    return made(
        "v1",
        "Pod",
        namespace,
        f"{name}-2-{number}",
        labels={"app": name},
        ownerReferences=owner("apps", "replicasets", "ReplicaSet", namespace, f"{name}-2"),
        spec={**copy.deepcopy(dict(spec)), "nodeName": f"node-{number}"},
        status={"phase": "Running", "containerStatuses": [status]},
    )


def space(
    name: str, level: str | None = "restricted", environment: str = "production"
) -> list[Object]:
    """A namespace that denies traffic by default, and its default service account."""
    labels = {"environment": environment, "kubernetes.io/metadata.name": name}
    if level:
        labels["pod-security.kubernetes.io/enforce"] = level
    deny = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return [
        made("v1", "Namespace", "", name, labels=labels),
        made("networking.k8s.io/v1", "NetworkPolicy", name, "default-deny", spec=deny),
        made("v1", "ServiceAccount", name, "default", automountServiceAccountToken=False),
    ]


def node(name: str, zone: str) -> Object:
    """A node of today."""
    info = {
        "architecture": "amd64",
        "bootID": "b",
        "containerRuntimeVersion": "containerd://2.0.4",
        "kernelVersion": "6.12.8-amd64",
        "kubeProxyVersion": "v1.35.1",
        "kubeletVersion": "v1.35.1",
        "machineID": "m",
        "operatingSystem": "linux",
        "osImage": "Debian 13",
        "systemUUID": "s",
    }
    labels = {"topology.kubernetes.io/zone": zone, "kubernetes.io/hostname": name}
    return made("v1", "Node", "", name, labels=labels, spec={}, status={"nodeInfo": info})


def mirror_pod(program: str, host: str, *flags: str) -> Object:
    """A static pod as the kubelet shows it."""
    spec = {
        "hostNetwork": True,
        "nodeName": host,
        "automountServiceAccountToken": False,
        "containers": [
            {
                "name": program,
                "image": f"registry.k8s.io/{program}:v1.36.2",
                "command": [program, *flags],
            }
        ],
    }
    return made(
        "v1",
        "Pod",
        "kube-system",
        f"{program}-{host}",
        annotations={"kubernetes.io/config.mirror": "1f", "kubernetes.io/config.source": "file"},
        ownerReferences=[
            {
                "apiVersion": "v1",
                "kind": "Node",
                "name": host,
                "uid": uid_of("", "nodes", "", host),
                "controller": True,
            }
        ],
        spec=spec,
        status={"phase": "Running"},
    )


API_SERVER = (
    "--anonymous-auth=false",
    "--authorization-mode=Node,RBAC",
    "--encryption-provider-config=/etc/kubernetes/encryption.yaml",
    "--audit-policy-file=/etc/kubernetes/audit.yaml",
    "--audit-log-path=/var/log/audit.log",
    "--audit-log-maxage=30",
)
ETCD = (
    "--cert-file=/pki/server.crt",
    "--key-file=/pki/server.key",
    "--client-cert-auth=true",
    "--peer-cert-file=/pki/peer.crt",
    "--peer-key-file=/pki/peer.key",
    "--peer-client-cert-auth=true",
    "--listen-client-urls=https://10.0.0.1:2379",
    "--listen-peer-urls=https://10.0.0.1:2380",
    "--listen-metrics-urls=http://127.0.0.1:2381",
)
KUBELET: Object = {
    "authentication": {"anonymous": {"enabled": False}},
    "authorization": {"mode": "Webhook"},
    "rotateCertificates": True,
    "serverTLSBootstrap": True,
}
ENCRYPTION = """\
kind: EncryptionConfiguration
apiVersion: apiserver.config.k8s.io/v1
resources:
- resources: [secrets]
  providers:
  - secretbox: {keys: [{name: key1, secret: c2VjcmV0IGlzIHNlY3VyZQ==}]}
  - identity: {}
"""


def audit_event(identity: str, user: str, at: str, verb: str = "patch", code: int = 200) -> Object:
    """A line of the API server's audit log."""
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": identity,
        "stage": "ResponseComplete",
        "requestURI": "/apis/apps/v1/namespaces/shop/deployments/api",
        "verb": verb,
        "user": {"username": user, "groups": ["system:authenticated"]},
        "objectRef": {
            "resource": "deployments",
            "namespace": "shop",
            "name": "api",
            "apiGroup": "apps",
        },
        "responseStatus": {"code": code},
        "requestReceivedTimestamp": at,
        "stageTimestamp": at,
    }
