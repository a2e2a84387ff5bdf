"""Single objects around an app: rights, certificates, routes, jobs, backups."""

from __future__ import annotations

import base64
from datetime import datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.services.kubernetes.objects_apps import (
    DAY,
    RBAC,
    Object,
    ago,
    ahead,
    container,
    made,
)


@cache  # a key takes time to make, and every name may have the same
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate_secret(name: str, host: str, now: datetime, days: int) -> Object:
    """A TLS secret whose certificate is for a host, and valid for some days more."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(_key().public_key()).serial_number(7)
    builder = builder.not_valid_before(now - DAY).not_valid_after(now + days * DAY)
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    pem = builder.add_extension(names, critical=False).sign(_key(), hashes.SHA256())
    data = {
        "tls.crt": _encoded(pem.public_bytes(serialization.Encoding.PEM)),
        "tls.key": _encoded(b"-"),
    }
    return made("v1", "Secret", "shop", name, type="kubernetes.io/tls", data=data)


def signing_request(name: str, group: str) -> Object:
    """A request for a client certificate of a group."""
    subject = [(NameOID.COMMON_NAME, "jane"), (NameOID.ORGANIZATION_NAME, group)]
    builder = x509.CertificateSigningRequestBuilder()
    builder = builder.subject_name(x509.Name([x509.NameAttribute(*part) for part in subject]))
    pem = builder.sign(_key(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    spec = {
        "request": _encoded(pem),
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": ["client auth"],
    }
    return made("certificates.k8s.io/v1", "CertificateSigningRequest", "", name, spec=spec)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def role(name: str, rules: list[Object], **more: Any) -> Object:
    """A cluster role."""
    return made(f"{RBAC}/v1", "ClusterRole", "", name, rules=rules, **more)


def rule(verbs: str, resources: str, group: str = "") -> Object:
    """A rule; words divided by spaces."""
    return {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}


def binding(name: str, role_name: str, kind: str, subject: str, namespace: str = "") -> Object:
    """A cluster role binding to one subject."""
    one = {"kind": kind, "name": subject} | (
        {"namespace": namespace} if namespace else {"apiGroup": RBAC}
    )
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": role_name}
    return made(f"{RBAC}/v1", "ClusterRoleBinding", "", name, roleRef=reference, subjects=[one])


def autoscaler(name: str, **spec: Any) -> Object:
    """An autoscaler that can act."""
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return made(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "shop",
        name,
        spec={
            "scaleTargetRef": reference,
            "minReplicas": 2,
            "maxReplicas": 4,
            "metrics": [metric],
            **spec,
        },
        status={
            "desiredReplicas": 2,
            "currentReplicas": 2,
            "conditions": [{"type": "ScalingActive", "status": "True"}],
        },
    )


def service(name: str) -> Object:
    """A service in front of an app."""
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
    return made("v1", "Service", "shop", name, spec=spec)


def cron_job(name: str, success: str) -> Object:
    """A job of every night that last succeeded at some time."""
    inner = container(name)
    del inner["livenessProbe"], inner["readinessProbe"]
    spec = {
        "restartPolicy": "Never",
        "serviceAccountName": "api",
        "automountServiceAccountToken": False,
        "containers": [inner],
    }
    template = {"metadata": {"labels": {"job": name}}, "spec": spec}
    return made(
        "batch/v1",
        "CronJob",
        "shop",
        name,
        spec={"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": template}}},
        status={"lastSuccessfulTime": success},
    )


def ingress(name: str, secret: str, host: str) -> Object:
    """An ingress over TLS with a limit of rate."""
    backend = {"service": {"name": "api", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    spec = {
        "ingressClassName": "nginx",
        "tls": [{"hosts": [host], "secretName": secret}],
        "rules": [{"host": host, "http": {"paths": [path]}}],
    }
    limit = {"nginx.ingress.kubernetes.io/limit-rps": "20"}
    return made("networking.k8s.io/v1", "Ingress", "shop", name, annotations=limit, spec=spec)


GATEWAY = "gateway.networking.k8s.io"


def gateway(name: str, *listeners: Object) -> Object:
    """A gateway of the Gateway API."""
    spec = {"gatewayClassName": "public", "listeners": [*listeners]}
    return made(f"{GATEWAY}/v1", "Gateway", "shop", name, spec=spec)


def secure(secret: str, host: str) -> Object:
    """A listener over TLS."""
    tls = {
        "mode": "Terminate",
        "certificateRefs": [{"group": "", "kind": "Secret", "name": secret}],
    }
    return {"name": "https", "protocol": "HTTPS", "port": 443, "hostname": host, "tls": tls}


def plain_listener() -> Object:
    """A listener without TLS."""
    return {"name": "http", "protocol": "HTTP", "port": 80}


def route(name: str, of: str, rule: Object, **more: Any) -> Object:
    """A route of a gateway's listeners."""
    spec = {"parentRefs": [{"name": of, **more}], "rules": [rule]}
    return made(f"{GATEWAY}/v1", "HTTPRoute", "shop", name, spec=spec)


REDIRECT: Object = {
    "filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}],
}
SERVE: Object = {"backendRefs": [{"name": "api", "port": 80}]}


def certificate(name: str, now: datetime) -> Object:
    """A certificate of cert-manager that is ready and will be renewed."""
    return made(
        "cert-manager.io/v1",
        "Certificate",
        "shop",
        name,
        spec={"dnsNames": [f"{name}.example.org"], "secretName": f"{name}-tls"},
        status={
            "conditions": [{"type": "Ready", "status": "True"}],
            "renewalTime": ahead(now, days=30),
            "notAfter": ahead(now, days=60),
        },
    )


def schedule(name: str, now: datetime) -> list[Object]:
    """A schedule of Velero and its backup of last night."""
    backup = made(
        "velero.io/v1",
        "Backup",
        "velero",
        f"{name}-1",
        labels={"velero.io/schedule-name": name},
        creationTimestamp=ago(now, hours=11),
        status={"phase": "Completed", "completionTimestamp": ago(now, hours=10)},
    )
    spec = {"schedule": "0 2 * * *", "template": {"storageLocation": "default"}}
    return [made("velero.io/v1", "Schedule", "velero", name, spec=spec), backup]


def storage(name: str, phase: str) -> Object:
    """A place for backups."""
    return made(
        "velero.io/v1",
        "BackupStorageLocation",
        "velero",
        name,
        spec={"provider": "aws"},
        status={"phase": phase},
    )


def database(name: str, success: str, since: str) -> Object:
    """A cluster of CloudNativePG."""
    status = {"lastSuccessfulBackup": success, "firstRecoverabilityPoint": since}
    return made(
        "postgresql.cnpg.io/v1", "Cluster", "shop", name, spec={"instances": 3}, status=status
    )
