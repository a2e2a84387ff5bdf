"""The shipped controls about Kubernetes over a good cluster, a bad one, and manifests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import yaml

from auditor.app.engine import make_engine
from auditor.catalog.library import Library, load_library
from auditor.collectors.kubernetes import KubernetesCollector
from auditor.core.evaluate import evaluate
from auditor.core.evaluate.plan import make_plan
from auditor.core.model.control import Control
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.core.model.status import Cause, Status
from auditor.core.model.target import Target
from auditor.shipped import shipped
from tests.services.kubernetes.apiserver.server import Cluster, serving
from tests.services.kubernetes.objects_apps import (
    ENCRYPTION,
    KUBELET,
    Object,
    Objects,
    ago,
    app,
    audit_event,
)
from tests.services.kubernetes.objects_bad import FAULTS, bad
from tests.services.kubernetes.objects_bad_running import KUBELETS
from tests.services.kubernetes.objects_good import (
    NODES,
    good,
)
from tests.services.kubernetes.reading_kubernetes import read, settings_for

pytestmark = pytest.mark.service

CUSTOM = ("cert-manager.io", "gateway.networking.k8s.io", "velero.io", "postgresql.cnpg.io")
PROMISED_JOBS = ["CronJob/shop/nightly"]
PROMISED_SETTINGS = ["Deployment/shop/api/api/DB_POOL_MAX=20"]
INVENTORY: Mapping[str, list[str]] = {
    "change_actors": ["ci-deployer"],
    "cron_jobs": PROMISED_JOBS,
    "settings": PROMISED_SETTINGS,
}
BAD_INVENTORY: Mapping[str, list[str]] = {
    **INVENTORY,
    "cron_jobs": [*PROMISED_JOBS, "CronJob/shop/promised"],
    "settings": [
        *PROMISED_SETTINGS,
        "Deployment/shop/drifted/drifted/HTTP_TIMEOUT=30s",
        "Deployment/shop/api/api/QUEUE_SIZE=5",
    ],
}
# What only a static pod, a kubelet or a file of the control plane shows.
FLAGS = {
    "cluster-configuration/anonymous",
    "cluster-configuration/authorization",
    "cluster-configuration/secret-encryption",
    "cluster-configuration/etcd",
    "cluster-configuration/audit-log",
}
SETTINGS = {
    "cluster-configuration/kubelet-callers",
    "cluster-configuration/kubelet-certificates",
    "cluster-configuration/secret-encryption",
    "cluster-changes/people",
}
# What no manifest shows: every finding of these is in error, and says so.
LIVE_ONLY = {
    "cluster-access/masters-certificates",
    "cluster-changes/people",
    "cluster-configuration/anonymous",
    "cluster-configuration/audit-log",
    "cluster-configuration/authorization",
    "cluster-configuration/etcd",
    "cluster-configuration/kubelet-callers",
    "cluster-configuration/kubelet-certificates",
    "cluster-configuration/nodes",
    "cluster-configuration/secret-encryption",
}
Observations = Mapping[str, Observation]
Judged = Mapping[str, list[Finding]]


@cache  # read once: the library is part of the program
def _library() -> Library:
    return load_library([shipped("controls")])


@cache
def _controls() -> tuple[Control, ...]:
    """Every shipped control with checks of this collector; those have no others."""
    found = [one.control for one in _library().controls.values()]
    return tuple(c for c in found if any(k.collector == "kubernetes" for k in c.checks))


def _checks() -> dict[str, str | None]:
    """`control/check` to its entry of the catalogue."""
    return {f"{c.id}/{k.id}": k.catalogue for c in _controls() for k in c.checks}


def _cluster(objects: Objects, kubelets: Mapping[str, Mapping[str, object]]) -> Cluster:
    cluster = Cluster("1.36")
    for group in CUSTOM:
        cluster.store.install(group)
    cluster.store.add(objects.values())
    cluster.kubelets = {name: dict(one) for name, one in kubelets.items()}
    return cluster


def _kubelets(objects: Objects) -> dict[str, Mapping[str, object]]:
    nodes = [key.removeprefix("Node/") for key in objects if key.startswith("Node/")]
    return {name: KUBELETS.get(name, KUBELET) for name in nodes}


def _observed(
    cluster: Cluster, folder: Path, now: datetime, *events: Object, files: bool = True
) -> Observations:
    """What is read of a cluster, with the files of its control plane or without."""
    (folder / "encryption.yaml").write_text(ENCRYPTION)
    seen = [audit_event("by-pipeline", "ci-deployer", ago(now, minutes=9)), *events]
    (folder / "audit.log").write_text("".join(f"{json.dumps(event)}\n" for event in seen))
    given = {
        "kubelet_configz": True,
        "audit_logs": [str(folder / "audit.log")],
        "encryption_config": str(folder / "encryption.yaml"),
    }
    with serving(cluster):
        return read(settings_for(cluster, folder) | (given if files else {}))


def _judged(
    observations: Observations,
    inventory: Mapping[str, list[str]] = INVENTORY,
    kind: str = "kubernetes-cluster",
) -> Judged:
    """Findings of all controls by `control/check`."""
    engine = make_engine()
    target = Target("k8s", kind, "prod", declared=kind == "kubernetes-manifests")
    policy = Policy(
        controls=_controls(),
        frameworks=(),
        targets=(target,),
        environments=("prod",),
        resource_types=KubernetesCollector().resource_types(),
        kinds={"kubernetes": (kind,)},
        inventory=inventory,
    )
    evidence = {(target.name, name): seen for name, seen in observations.items()}
    found: dict[str, list[Finding]] = {}
    judged_at = min(observation.started_at for observation in observations.values())
    for finding in evaluate(
        policy, make_plan(policy, engine), evidence, judged_at, engine
    ).findings:
        found.setdefault(f"{finding.control}/{finding.check}", []).append(finding)
    assert found.keys() == _checks().keys()
    return found


@pytest.fixture(scope="module")
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def good_findings(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Judged:
    objects = good(now)
    cluster = _cluster(objects, _kubelets(objects))
    return _judged(_observed(cluster, tmp_path_factory.mktemp("good"), now))


@pytest.fixture(scope="module")
def bad_findings(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Judged:
    objects = bad(now)
    cluster = _cluster(objects, _kubelets(objects))
    cluster.anonymous_allowed = True
    by_hand = [
        audit_event("by-hand", "jane", ago(now, hours=2)),
        audit_event("refused", "joe", ago(now, hours=2), code=403),
        audit_event("by-controller", "system:serviceaccount:kube-system:x", ago(now, hours=2)),
        audit_event("looked", "jane", ago(now, hours=2), verb="get"),
    ]
    seen = _observed(cluster, tmp_path_factory.mktemp("bad"), now, *by_hand)
    return _judged(seen, BAD_INVENTORY)


def test_every_check_of_the_catalogue_about_kubernetes_is_shipped() -> None:
    shipped_ids = {name for name in _checks().values() if name is not None}
    wanted = {
        name for name, entry in _library().catalogue.items() if entry.collector == "kubernetes"
    }
    assert shipped_ids == wanted
    assert len(wanted) == 41


def test_nothing_fails_and_nothing_is_in_error_in_a_good_cluster(good_findings: Judged) -> None:
    for check, findings in good_findings.items():
        bad_ones = [
            (f.key, f.status.value, f.reason)
            for f in findings
            if f.status not in {Status.PASS, Status.NOT_APPLICABLE}
        ]
        assert bad_ones == [], check
        assert any(f.status is Status.PASS for f in findings), check


def test_what_is_the_systems_own_is_counted_as_not_applicable(good_findings: Judged) -> None:
    for check in ("workload-hardening/security-level", "cluster-network/default-deny"):
        skipped = {f.key: f for f in good_findings[check] if f.status is Status.NOT_APPLICABLE}
        assert skipped.keys() == {"kube-system"}
        assert "param.system_namespaces" in skipped["kube-system"].reason


def test_each_planted_fault_gives_its_finding_and_nothing_else_does(bad_findings: Judged) -> None:
    planted = [broken for fault in FAULTS for broken in fault.breaks]
    assert len(FAULTS) >= 41
    assert len(planted) == len(set(planted))
    assert set(_broken(bad_findings)) == set(planted)
    errors = [f.id for found in bad_findings.values() for f in found if f.status is Status.ERROR]
    assert errors == []


def _broken(findings: Judged) -> Iterator[str]:
    """False assertions as the faults name them; a missing member has none."""
    for check, found in findings.items():
        for finding in found:
            if finding.status is Status.FAIL:
                false = [a.id for a in finding.assertions if a.truth == "false"]
                yield from (f"{check}/{name} {finding.key}" for name in false or [""])


def test_every_check_of_the_catalogue_has_a_planted_fault() -> None:
    faulty = {"/".join(b.split(" ")[0].split("/")[:2]) for f in FAULTS for b in f.breaks}
    assert faulty == _checks().keys()


def test_flags_that_no_static_pod_shows_are_in_error(tmp_path: Path, now: datetime) -> None:
    objects = {key: one for key, one in good(now).items() if not key.startswith("Pod/kube-system/")}
    found = _judged(_observed(_cluster(objects, _kubelets(objects)), tmp_path, now))
    in_error = {check for check, fs in found.items() if any(f.status is Status.ERROR for f in fs)}
    assert in_error == FLAGS
    assert {f.cause for check in FLAGS for f in found[check]} == {Cause.EMPTY}


def test_files_and_configurations_that_were_not_given_are_in_error(
    tmp_path: Path, now: datetime
) -> None:
    objects = good(now)
    cluster = _cluster(objects, _kubelets(objects))
    found = _judged(_observed(cluster, tmp_path, now, files=False))
    in_error = {check for check, fs in found.items() if any(f.status is Status.ERROR for f in fs)}
    assert in_error == SETTINGS
    for check in SETTINGS:
        assert _causes(found[check]) == {Cause.NOT_COLLECTED}, check
        assert any(f.hint for f in found[check]), check


def test_custom_resources_that_are_not_installed_are_none(tmp_path: Path, now: datetime) -> None:
    objects = {
        key: one for key, one in good(now).items() if one["apiVersion"].split("/")[0] not in CUSTOM
    }
    cluster = Cluster("1.36")
    cluster.store.add(objects.values())
    cluster.kubelets = {name: dict(KUBELET) for name in NODES}
    found = _judged(_observed(cluster, tmp_path, now))
    statuses = {
        check: found[check][0].status
        for check in (
            "cluster-network/certificates",
            "cluster-network/gateway-tls",
            "cluster-resilience/cluster-backups",
            "cluster-resilience/database-backups",
        )
    }
    none = Status.NOT_APPLICABLE
    assert list(statuses.values()) == [none, none, Status.FAIL, none]


def _causes(findings: Iterable[Finding]) -> set[Cause | None]:
    """Causes of errors; without a log there are no counts of it to compare either."""
    counts = "completeness could not be checked"
    return {f.cause for f in findings if not f.reason.startswith(counts)}


@pytest.fixture(scope="module")
def declared_findings(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Judged:
    """The bad cluster's objects as somebody writes them: without status, uids and owners."""
    folder = tmp_path_factory.mktemp("manifests")
    made_by_controllers = ("ReplicaSet/", "Pod/", "Node/", "CertificateSigningRequest/", "Backup/")
    written = [
        {name: value for name, value in one.items() if name != "status"}
        for key, one in bad(now).items()
        if not key.startswith(made_by_controllers)
    ]
    (folder / "all.yaml").write_text(yaml.safe_dump_all(written))
    seen = read({"paths": [str(folder)]}, kind="kubernetes-manifests")
    return _judged(seen, BAD_INVENTORY, "kubernetes-manifests")


def test_manifests_fail_for_what_they_say(declared_findings: Judged) -> None:
    """Whatever fails was planted; of hardening, everything but what only a running pod has."""
    planted = {broken for fault in FAULTS for broken in fault.breaks}
    broken = set(_broken(declared_findings))
    assert broken <= planted
    hardening = {one for one in planted if one.startswith("workload-hardening/")}
    assert hardening - broken == {one for one in hardening if one.endswith("meshed/mesh")}


def test_manifests_say_what_they_cannot_show(declared_findings: Judged) -> None:
    for check in LIVE_ONLY:
        findings = declared_findings[check]
        assert {f.status for f in findings} == {Status.ERROR}, check
        assert all("a manifest does not show" in f.reason for f in findings), check
    others = [f for check, fs in declared_findings.items() for f in fs if check not in LIVE_ONLY]
    assert _causes(f for f in others if f.status is Status.ERROR) == {Cause.NOT_DECLARED}


def test_an_app_alone_needs_no_cluster(tmp_path: Path) -> None:
    """The output of one chart: its workloads are judged, and pass."""
    chosen = [one for one in app("api") if one["kind"] in {"Deployment", "ServiceAccount"}]
    (tmp_path / "api.yaml").write_text(yaml.safe_dump_all(chosen))
    seen = read({"paths": [str(tmp_path)]}, kind="kubernetes-manifests")
    found = _judged(seen, kind="kubernetes-manifests")
    for check in ("privileged", "host-paths", "non-root", "read-only-root", "images"):
        assert {f.status for f in found[f"workload-hardening/{check}"]} == {Status.PASS}, check
    assert "fail" not in {f.status.value for fs in found.values() for f in fs if not f.key}
