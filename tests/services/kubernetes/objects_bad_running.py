"""Planted faults in what runs: capacity, backups, jobs, the control plane, changes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from tests.services.kubernetes.objects_apps import (
    API_SERVER,
    ETCD,
    KUBELET,
    Object,
    Objects,
    ago,
    app,
    mirror_pod,
    node,
    put,
    space,
)
from tests.services.kubernetes.objects_parts import (
    autoscaler,
    binding,
    cron_job,
    database,
    role,
    rule,
    schedule,
    service,
    storage,
)
from tests.services.kubernetes.objects_planting import (
    Fault,
    add,
    changed,
    in_container,
    of_pods,
    with_path,
    without,
)

UP, JOBS = "cluster-resilience", "cluster-jobs"
SETUP, CHANGES = "cluster-configuration", "cluster-changes"
API2, ETCD2 = "Pod/kube-system/kube-apiserver-cp-2", "Pod/kube-system/etcd-cp-2"


def _mixed(_now: datetime) -> Sequence[Object]:
    parts = copy.deepcopy(app("mixed-app", "mixed"))
    parts[0]["metadata"]["labels"]["environment"] = "staging"
    return [*space("mixed"), *parts]


def _no_budget(objects: Objects, _now: datetime) -> None:
    put(objects, *without(app("unbudgeted"), "PodDisruptionBudget"))


def _blocked(objects: Objects, _now: datetime) -> None:
    put(objects, *copy.deepcopy(app("blocked")))
    objects["PodDisruptionBudget/shop/blocked"]["status"]["disruptionsAllowed"] = 0


def _history_gone(objects: Objects, _now: datetime) -> None:
    put(objects, *copy.deepcopy(app("forgetful")))
    del objects["ReplicaSet/shop/forgetful-1"]


def _other_value(objects: Objects, _now: datetime) -> None:
    put(objects, *copy.deepcopy(app("drifted")))
    spec = objects["Deployment/shop/drifted"]["spec"]["template"]["spec"]["containers"][0]
    spec["env"].append({"name": "HTTP_TIMEOUT", "value": "60s"})


def _many_connections(objects: Objects, _now: datetime) -> None:
    put(objects, *app("crowd"), autoscaler("crowd", maxReplicas=5))


def _velero(name: str, now: datetime, **values: object) -> Sequence[Object]:
    """A schedule whose backup has values in its status."""
    parts = copy.deepcopy(schedule(name, now))
    parts[1]["status"].update(values)
    return parts


def bad_kubelet(**values: object) -> Mapping[str, object]:
    """A kubelet's configuration with values in it."""
    one = copy.deepcopy(KUBELET)
    for path, value in values.items():
        with_path(one, path.replace("__", "."), value)
    return one


KUBELETS: Mapping[str, Mapping[str, object]] = {
    "node-3": bad_kubelet(authentication__anonymous__enabled=True),
    "node-4": bad_kubelet(authorization__mode="AlwaysAllow"),
    "node-5": bad_kubelet(readOnlyPort=10255),
    "node-6": bad_kubelet(rotateCertificates=False),
    "node-7": bad_kubelet(serverTLSBootstrap=False),
}


def _node(name: str, **info: str) -> Callable[[datetime], Sequence[Object]]:
    def make(_now: datetime) -> Sequence[Object]:
        one = copy.deepcopy(node(name, "zone-b"))
        one["status"]["nodeInfo"].update(info)
        return [one]

    return make


def _replaced(flags: Sequence[str], **values: str) -> Sequence[str]:
    """Flags with other values; "" takes one out."""
    named = dict(flag.removeprefix("--").split("=", 1) for flag in flags)
    named |= {name.replace("_", "-"): value for name, value in values.items()}
    return [f"--{name}={value}" for name, value in named.items() if value]


def _api_server(_now: datetime) -> Sequence[Object]:
    flags = _replaced(
        API_SERVER,
        anonymous_auth="true",
        authorization_mode="AlwaysAllow",
        encryption_provider_config="",
        audit_policy_file="",
        audit_log_path="",
        audit_log_maxage="7",
    )
    return [node("cp-2", "zone-b"), mirror_pod("kube-apiserver", "cp-2", *flags)]


def _open_to_anybody(objects: Objects, _now: datetime) -> None:
    """Callers without credentials, which the bad cluster lets in, may list namespaces."""
    lister = role("public", [rule("list", "namespaces")])
    put(objects, lister, binding("public", "public", "Group", "system:unauthenticated"))


def _etcd(_now: datetime) -> Sequence[Object]:
    flags = _replaced(
        ETCD,
        cert_file="",
        client_cert_auth="false",
        peer_key_file="",
        peer_client_cert_auth="false",
        auto_tls="true",
        peer_auto_tls="true",
        listen_client_urls="http://0.0.0.0:2379",
    )
    return [node("cp-2", "zone-b"), mirror_pod("etcd", "cp-2", *flags)]


CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 95}},
}
LIMITED = {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}
HPA = "HorizontalPodAutoscaler/shop"
CRASHING = {"waiting": {"reason": "CrashLoopBackOff"}}


def _limited(objects: Objects, now: datetime) -> None:
    one = autoscaler("limited")
    since = {**LIMITED, "lastTransitionTime": ago(now, hours=9)}
    one["status"]["conditions"].append(since)
    put(objects, one)


def _with_service(name: str, fault: Fault) -> Fault:
    """A fault that counts only behind a service."""

    def change(objects: Objects, now: datetime) -> None:
        fault.change(objects, now)
        put(objects, service(name))

    return Fault(fault.name, change, fault.breaks)


CAPACITY = (
    in_container(
        "no-cpu-limit",
        f"{UP}/resources/cpu-limit",
        resources={"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
    ),
    in_container(
        "no-memory-limit",
        f"{UP}/resources/memory-limit",
        resources={"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1"}},
    ),
    in_container(
        "no-requests",
        f"{UP}/resources/cpu-request",
        f"{UP}/resources/cpu-limit",
        resources={"limits": {"memory": "1Gi"}},
    ),
    in_container(
        "no-resources",
        f"{UP}/resources/memory-request",
        f"{UP}/resources/memory-limit",
        resources={"limits": {"cpu": "1"}},
    ),
    _with_service(
        "unready", in_container("unready", f"{UP}/probes/readiness", readinessProbe=None)
    ),
    _with_service(
        "unwatched", in_container("unwatched", f"{UP}/probes/liveness", livenessProbe=None)
    ),
    add(
        "too few",
        lambda _n: changed(app("few"), status__readyReplicas=1),
        f"{UP}/replicas/all-ready Deployment/shop/few",
    ),
    of_pods(
        "crashing", f"{UP}/replicas/no-crash-loop", status__containerStatuses__0__state=CRASHING
    ),
    of_pods(
        "restarting",
        f"{UP}/replicas/few-restarts",
        status__containerStatuses__0__restartCount=9,
        status__containerStatuses__0__lastState={"terminated": {"exitCode": 137}},
        status__containerStatuses__0__lastState__terminated__finishedAt="recent",
    ),
    add(
        "low", lambda _n: [autoscaler("low", minReplicas=1)], f"{UP}/autoscalers/minimum {HPA}/low"
    ),
    add(
        "high",
        lambda _n: [autoscaler("high", maxReplicas=200)],
        f"{UP}/autoscalers/maximum {HPA}/high",
    ),
    add(
        "late",
        lambda _n: [autoscaler("late", metrics=[CPU])],
        f"{UP}/autoscalers/target {HPA}/late",
    ),
    add(
        "blind",
        lambda _n: changed([autoscaler("blind")], status__conditions__0__status="False"),
        f"{UP}/autoscalers/active {HPA}/blind",
    ),
    Fault("limited", _limited, (f"{UP}/autoscalers/room {HPA}/limited",)),
    Fault(
        "no budget", _no_budget, (f"{UP}/disruption-budgets/present Deployment/shop/unbudgeted",)
    ),
    Fault("blocked", _blocked, (f"{UP}/disruption-budgets/allows Deployment/shop/blocked",)),
    Fault(
        "one node",
        of_pods("crowded", "", spec__nodeName="node-1").change,
        (
            f"{UP}/spread/nodes Deployment/shop/crowded",
            f"{UP}/spread/zones Deployment/shop/crowded",
        ),
    ),
)
BACKUPS = (
    add(
        "paused",
        lambda n: changed(_velero("paused", n), spec__paused=True),
        f"{UP}/cluster-backups/running VeleroSchedule/velero/paused",
    ),
    add(
        "old backup",
        lambda n: _velero("old", n, completionTimestamp=ago(n, days=4)),
        f"{UP}/cluster-backups/recent VeleroSchedule/velero/old",
    ),
    add(
        "partly failed",
        lambda n: _velero("partly", n, phase="PartiallyFailed", errors=3),
        *(
            f"{UP}/cluster-backups/{one} VeleroSchedule/velero/partly"
            for one in ("recent", "newest-complete", "no-errors")
        ),
    ),
    add(
        "no storage",
        lambda n: [
            *changed(_velero("adrift", n), spec__template__storageLocation="lost"),
            storage("lost", "Unavailable"),
        ],
        f"{UP}/cluster-backups/location VeleroSchedule/velero/adrift",
    ),
    add(
        "old dump",
        lambda n: [database("aged", ago(n, days=4), ago(n, days=30))],
        f"{UP}/database-backups/recent PostgresCluster/shop/aged",
    ),
    add(
        "short window",
        lambda n: [database("brief", ago(n, hours=3), ago(n, days=2))],
        f"{UP}/database-backups/window PostgresCluster/shop/brief",
    ),
    add(
        "suspended",
        lambda n: changed([cron_job("suspended", ago(n, hours=10))], spec__suspend=True),
        f"{JOBS}/success/not-suspended CronJob/shop/suspended",
    ),
    add(
        "overdue",
        lambda n: [cron_job("overdue", ago(n, days=3))],
        f"{JOBS}/success/on-time CronJob/shop/overdue",
    ),
    Fault("missing job", lambda _o, _n: None, (f"{JOBS}/success/ CronJob/shop/promised",)),
)
PARTS = (
    add(
        "api server",
        _api_server,
        *(
            f"{SETUP}/{one} {API2}"
            for one in (
                "anonymous/flag",
                "authorization/needed",
                "authorization/only-known",
                "secret-encryption/first-provider",
                "audit-log/policy",
                "audit-log/written",
                "audit-log/kept",
            )
        ),
    ),
    add(
        "etcd",
        _etcd,
        *(
            f"{SETUP}/etcd/{one} {ETCD2}"
            for one in (
                "certificate",
                "client-certificates",
                "peer-certificate",
                "peer-certificates",
                "no-auto-tls",
                "no-peer-auto-tls",
                "no-plain-port",
            )
        ),
    ),
    Fault(
        "open to anybody",
        _open_to_anybody,
        (
            f"{SETUP}/anonymous/probe Pod/kube-system/kube-apiserver-cp-1",
            f"{SETUP}/anonymous/probe {API2}",
        ),
    ),
    add("anonymous kubelet", _node("node-3"), f"{SETUP}/kubelet-callers/anonymous node-3"),
    add("lenient kubelet", _node("node-4"), f"{SETUP}/kubelet-callers/authorization node-4"),
    add("read-only port", _node("node-5"), f"{SETUP}/kubelet-callers/read-only-port node-5"),
    add("client certificate", _node("node-6"), f"{SETUP}/kubelet-certificates/client node-6"),
    add("server certificate", _node("node-7"), f"{SETUP}/kubelet-certificates/server node-7"),
    add(
        "old kubelet", _node("node-8", kubeletVersion="v1.33.1"), f"{SETUP}/nodes/not-behind node-8"
    ),
    add(
        "new kubelet", _node("node-9", kubeletVersion="v1.37.0"), f"{SETUP}/nodes/not-ahead node-9"
    ),
    add("old kernel", _node("node-10", kernelVersion="4.19.0"), f"{SETUP}/nodes/kernel node-10"),
    add(
        "old runtime",
        _node("node-11", containerRuntimeVersion="containerd://1.6.8"),
        f"{SETUP}/nodes/runtime node-11",
    ),
)
COURSE = (
    Fault("by hand", lambda _o, _n: None, (f"{CHANGES}/people/explained by-hand",)),
    add(
        "short-memory",
        lambda _n: changed(app("short-memory"), spec__revisionHistoryLimit=1),
        f"{CHANGES}/rollback/history Deployment/shop/short-memory",
    ),
    Fault("history gone", _history_gone, (f"{CHANGES}/rollback/kept Deployment/shop/forgetful",)),
    add(
        "no environment",
        lambda _n: space("stateless", environment="somewhere"),
        f"{CHANGES}/environments/labelled stateless",
    ),
    add("mixed", _mixed, f"{CHANGES}/environments/not-mixed mixed"),
    Fault(
        "other value",
        _other_value,
        (f"{CHANGES}/promised-settings/as-promised Deployment/shop/drifted/drifted/HTTP_TIMEOUT",),
    ),
    Fault(
        "connections",
        _many_connections,
        (f"{CHANGES}/promised-settings/connections Deployment/shop/crowd/crowd/DB_POOL_MAX",),
    ),
    Fault(
        "missing setting",
        lambda _o, _n: None,
        (f"{CHANGES}/promised-settings/ Deployment/shop/api/api/QUEUE_SIZE=5",),
    ),
)
RUNNING = (*CAPACITY, *BACKUPS, *PARTS, *COURSE)
