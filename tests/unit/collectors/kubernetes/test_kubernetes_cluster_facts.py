"""Facts of autoscalers, budgets, revisions, admission, backups, versions, variables, audit logs."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.collectors.kubernetes.facts import FIELDS
from auditor.collectors.kubernetes.facts.changes import (
    audit_events,
    changes_by_people,
    newest_audit_event,
)
from auditor.collectors.kubernetes.facts.variables import setting_rows
from auditor.collectors.kubernetes.world import Item, UnreadError, World, mapping
from tests.unit.collectors.kubernetes.worlds import DENIED, item_of, world_of

EMPTY = world_of()
BOUND = "ValidatingAdmissionPolicyBinding"
POLICY = "ValidatingAdmissionPolicy"


def _made(kind: str, name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, **more.pop("metadata", {})}
    return {
        "kind": kind,
        "metadata": metadata | ({"namespace": namespace} if namespace else {}),
        **more,
    }


def _told(name: str, item: Item, world: World = EMPTY, value: object = None) -> object:
    return FIELDS[name](value, item, world)


def _deployment(name: str = "api", **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": spec.pop("pod", {"containers": []})}
    return _made("Deployment", name, "shop", spec={"template": template, **spec})


@pytest.mark.parametrize(
    ("metrics", "target"),
    [
        (None, 80),
        ([], None),
        ([{"resource": {"name": "memory", "target": {"averageUtilization": 60}}}], None),
        ([{"resource": {"name": "cpu", "target": {"averageValue": "1"}}}], None),
        (
            [
                {"resource": {"name": "cpu", "target": {"averageUtilization": 60}}},
                {"containerResource": {"name": "cpu", "target": {"averageUtilization": 90}}},
            ],
            90,
        ),
    ],
)
def test_what_an_autoscaler_aims_at(metrics: object, target: int | None) -> None:
    assert (
        _told("cpu_target", item_of(_made("HorizontalPodAutoscaler", "a")), value=metrics) == target
    )


def test_an_autoscaler_without_conditions_is_not_active_and_not_at_its_maximum() -> None:
    item = item_of(_made("HorizontalPodAutoscaler", "a"))
    assert _told("scaling_active", item) is False
    assert _told("at_max_since", item) is None


def test_the_most_replicas_are_the_autoscalers_or_the_workloads_own() -> None:
    scaler = _made(
        "HorizontalPodAutoscaler", "api", "shop",
        spec={"maxReplicas": 9, "scaleTargetRef": {"kind": "Deployment", "name": "api"}},
    )  # fmt: skip
    assert _told("most_replicas", item_of(_deployment(replicas=3)), world_of(scaler)) == 9
    assert _told("most_replicas", item_of(_deployment(replicas=0))) == 0
    assert _told("most_replicas", item_of(_deployment())) == 1
    daemons = _made("DaemonSet", "d", "shop", status={"desiredNumberScheduled": 5})
    assert _told("most_replicas", item_of(daemons)) == 5
    with pytest.raises(UnreadError):
        _told("most_replicas", item_of(daemons), world_of(declared=True))


def test_a_budget_without_selector_selects_nothing_and_an_empty_one_everything() -> None:
    none = _made("PodDisruptionBudget", "none", "shop", spec={})
    every = _made("PodDisruptionBudget", "every", "shop", spec={"selector": {}})
    other = _made("PodDisruptionBudget", "other", "bank", spec={"selector": {}})
    world = world_of(none, every, other)
    assert _told("budgets", item_of(_deployment()), world) == ["every"]
    with pytest.raises(ValueError, match="no status yet"):
        _told("blocking_budgets", item_of(_deployment()), world)


def test_a_deployment_that_its_controller_has_not_seen_has_no_revision() -> None:
    with pytest.raises(ValueError, match="no number"):
        _told("revision", item_of(_deployment()))


def _policy(**match: Any) -> dict[str, Any]:
    about = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["pods"],
    }
    return _made(POLICY, "p", spec={"matchConstraints": {"resourceRules": [about], **match}})


def _bound(*actions: str, **match: Any) -> dict[str, Any]:
    spec = {"policyName": "p", "validationActions": list(actions)}
    return _made(BOUND, "b", spec=spec | ({"matchResources": match} if match else {}))


def _changed(policy: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {**policy, "spec": {**policy["spec"], **spec}}


HERE = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}
THERE = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "bank"}}}
SOME = {"objectSelector": {"matchLabels": {"app": "api"}}}
ANYTHING = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}
NAMED = {"resourceRules": [{**ANYTHING, "resourceNames": ["x"]}]}
OTHER = {"resourceRules": [{**ANYTHING, "apiGroups": ["apps"], "resources": ["deployments"]}]}


@pytest.mark.parametrize(
    ("policy", "bound", "refuses"),
    [
        (_policy(), _bound("Deny"), True),
        (_policy(), _bound("Deny", **HERE), True),
        (_policy(**HERE), _bound("Audit", "Deny"), True),
        (_policy(), _bound("Warn", "Audit"), False),
        (_policy(), _bound("Deny", **THERE), False),
        (_policy(**THERE), _bound("Deny"), False),
        (_policy(**SOME), _bound("Deny"), False),
        (_policy(), _bound("Deny", **SOME), False),
        (_policy(**OTHER), _bound("Deny"), False),
        (_policy(**NAMED), _bound("Deny"), False),
        (_policy(), _bound("Deny", **OTHER), False),
        (_policy(excludeResourceRules=[{"resources": ["pods"]}]), _bound("Deny"), False),
        (_changed(_policy(), failurePolicy="Ignore"), _bound("Deny"), False),
        (_policy(), _changed(_bound("Deny"), policyName="gone"), False),
    ],
)
def test_a_policy_counts_where_it_surely_refuses_pods(
    policy: dict[str, Any], bound: dict[str, Any], *, refuses: bool
) -> None:
    namespace = item_of(_made("Namespace", "shop"))
    found = _told("admission_policies", namespace, world_of(policy, bound))
    assert found == (["p"] if refuses else [])


def test_policies_that_could_not_be_read_are_not_taken_for_none() -> None:
    with pytest.raises(UnreadError):
        _told(
            "admission_policies",
            item_of(_made("Namespace", "shop")),
            world_of(gaps={POLICY: DENIED}),
        )


def test_a_schedule_without_storage_uses_the_default_one() -> None:
    schedule = item_of({**_made("VeleroSchedule", "daily", "velero"), "spec": {"template": {}}})
    default = _made("BackupStorageLocation", "s3", "velero", spec={"default": True})
    assert _told("backup_location", schedule, world_of(default)) == "s3"
    assert _told("backup_location", schedule) == ""
    assert _told("location_phase", schedule) is None
    assert _told("location_phase", schedule, world_of(default)) is None


def test_a_backup_that_still_runs_is_not_the_newest() -> None:
    schedule = item_of(_made("VeleroSchedule", "daily", "velero"))
    label = {"labels": {"velero.io/schedule-name": "daily"}}

    def backup(name: str, at: str, **status: Any) -> dict[str, Any]:
        return _made(
            "Backup", name, "velero", metadata={**label, "creationTimestamp": at}, status=status
        )

    done = backup(
        "a", "2026-03-30T02:00:00Z", phase="Completed", completionTimestamp="2026-03-30T02:09:00Z"
    )
    failed = backup("b", "2026-03-31T02:00:00Z", phase="Failed", errors=4)
    running = backup("c", "2026-04-01T02:00:00Z", phase="InProgress")
    world = world_of(done, failed, running)
    assert _told("newest_backup_phase", schedule, world) == "Failed"
    assert _told("newest_backup_errors", schedule, world) == 4
    assert _told("newest_completed_at", schedule, world) == "2026-03-30T02:09:00Z"
    assert _told("newest_backup_phase", schedule) is None
    assert _told("newest_backup_errors", schedule) is None
    assert _told("newest_completed_at", schedule) is None


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("version_numbers", "6.1.0-18-amd64", [6, 1, 0]),
        ("version_numbers", "v1.36", [1, 36]),
        ("runtime_name", "cri-o://1.36.1", "cri-o"),
        ("runtime_numbers", "containerd://2.0.4", [2, 0, 4]),
        ("minors_behind", "v1.34.2", 2),
        ("minors_behind", "v1.37.0-rc.1", -1),
    ],
)
def test_versions(name: str, value: str, found: object) -> None:
    assert _told(name, item_of(_made("Node", "n")), value=value) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [("version_numbers", "six"), ("runtime_name", "docker"), ("runtime_numbers", "cri-o://x")],
)
def test_what_is_no_version_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"no version|no container runtime"):
        _told(name, item_of(_made("Node", "n")), value=value)


def _rows(world: World, **container: Any) -> dict[str, tuple[str, object]]:
    item = item_of(_deployment(pod={"containers": [{"name": "api", **container}]}))
    rows = [mapping(row.object["row"]) for row in setting_rows([item], world)]
    return {str(row["variable"]): (str(row["value"]), row["number"]) for row in rows}


def test_variables_with_harmless_values_are_kept_and_no_others() -> None:
    env = [
        {"name": "POOL", "value": "20"}, {"name": "TIMEOUT", "value": "30s"},
        {"name": "DEBUG", "value": "false"}, {"name": "GREETING", "value": "hello"},
        {"name": "PASSWORD", "value": "12345"}, {"name": "EMPTY"},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
    ]  # fmt: skip
    assert _rows(EMPTY, env=env) == {
        "POOL": ("20", 20),
        "TIMEOUT": ("30s", None),
        "DEBUG": ("false", None),
    }


def test_variables_of_config_maps_as_the_container_gets_them() -> None:
    first = _made("ConfigMap", "first", "shop", data={"POOL": "5", "SIZE": "7"})
    second = _made("ConfigMap", "second", "shop", data={"POOL": "6", "DEPTH": "8"})
    world = world_of(first, second)
    sources = [
        {"configMapRef": {"name": "first"}},
        {"prefix": "X_", "configMapRef": {"name": "second"}},
    ]
    own = [
        {"name": "SIZE", "value": "9"},
        {"name": "D", "valueFrom": {"configMapKeyRef": {"name": "second", "key": "DEPTH"}}},
    ]
    found = {name: value for name, (value, _n) in _rows(world, envFrom=sources, env=own).items()}
    assert found == {"POOL": "5", "SIZE": "9", "X_POOL": "6", "X_DEPTH": "8", "D": "8"}


def test_a_config_map_that_is_not_there_is_unknown_in_manifests_unless_it_is_optional() -> None:
    sources = [{"configMapRef": {"name": "gone"}}]
    assert _rows(EMPTY, envFrom=sources) == {}
    with pytest.raises(UnreadError):
        _rows(world_of(declared=True), envFrom=sources)
    optional = [{"configMapRef": {"name": "gone", "optional": True}}]
    assert _rows(world_of(declared=True), envFrom=optional) == {}


@pytest.mark.parametrize(
    ("annotations", "limits"),
    [
        ({"nginx.ingress.kubernetes.io/limit-rps": "5"}, ["nginx.ingress.kubernetes.io/limit-rps"]),
        ({"nginx.ingress.kubernetes.io/limit-rps": "0"}, []),
        ({"description": "limit-rps"}, []),
        (None, []),
    ],
)
def test_annotations_that_limit_a_rate(annotations: object, limits: list[str]) -> None:
    assert _told("rate_limits", item_of(_made("Ingress", "i", "shop")), value=annotations) == limits


def test_the_class_of_an_ingress_is_its_field_or_the_older_annotation() -> None:
    old = _made(
        "Ingress", "i", "shop", metadata={"annotations": {"kubernetes.io/ingress.class": "x"}}
    )
    assert _told("ingress_class", item_of(old)) == "x"
    assert _told("ingress_class", item_of(old), value="y") == "y"
    assert _told("ingress_class", item_of(_made("Ingress", "i", "shop"))) is None


@pytest.mark.parametrize(
    ("kind", "name", "own"),
    [
        ("ClusterRole", "edit", True),
        ("ClusterRole", "system:kube-controller-manager", True),
        ("ClusterRole", "system:controller:namespace-controller", True),
        ("Role", "edit", False),
        ("ClusterRole", "mine", False),
        # Names that only look like the server's, and one of its own that has no wildcards.
        ("ClusterRole", "system:mine", False),
        ("ClusterRole", "system:controller:mine", False),
        ("ClusterRole", "system:discovery", False),
    ],
)
def test_a_role_is_the_api_servers_own_by_its_label_and_its_very_name(
    kind: str, name: str, *, own: bool
) -> None:
    label = {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}
    assert _told("bootstrap", item_of(_made(kind, name, metadata=label))) is own
    assert _told("bootstrap", item_of(_made(kind, name))) is False


@pytest.mark.parametrize("request_text", ["", "bm8=", "not base64"])
def test_what_is_no_certificate_request_is_refused(request_text: str) -> None:
    item = item_of(_made("CertificateSigningRequest", "c"))
    with pytest.raises(ValueError, match="no certificate request"):
        _told("requested_groups", item, value=request_text)


def _event(identity: str, at: str = "2026-03-31T09:00:00.000000Z", **more: Any) -> dict[str, Any]:
    event = {
        "auditID": identity, "stage": "ResponseComplete", "verb": "patch",
        "user": {"username": "jane"}, "requestReceivedTimestamp": at,
        "objectRef": {
            "apiGroup": "apps", "resource": "deployments", "namespace": "shop", "name": "api"
        },
        "responseStatus": {"code": 200}, **more,
    }  # fmt: skip
    return _made("AuditEvent", identity, **event)


def test_changes_by_people_are_told_once_and_nothing_else_is() -> None:
    review = {"apiGroup": "authorization.k8s.io", "resource": "selfsubjectaccessreviews"}
    events = [
        _event("one"),
        _event("one"),
        _event("began", stage="RequestReceived"),
        _event("read", verb="get"),
        _event("review", verb="create", objectRef=review),
        _event("robot", user={"username": "system:node:n"}),
    ]
    rows = [row for event in events for row in changes_by_people([item_of(event)], EMPTY)]
    assert [row.object["row"] for row in rows] == [
        {
            "id": "one", "user": "jane", "verb": "patch", "object": "apps/deployments/shop/api",
            "at": "2026-03-31T09:00:00.000000Z", "code": 200,
        }
    ]  # fmt: skip


def test_a_log_is_counted_whole_and_an_empty_one_has_no_newest_event() -> None:
    world = world_of(_event("a"), _event("b", at="2026-03-31T10:00:00.000000Z", verb="get"))
    assert audit_events(world) == 2
    assert newest_audit_event(world) == "2026-03-31T10:00:00.000000Z"
    assert audit_events(EMPTY) == 0
    with pytest.raises(UnreadError):
        newest_audit_event(EMPTY)
    with pytest.raises(UnreadError):
        audit_events(world_of(gaps={"AuditEvent": DENIED}))
