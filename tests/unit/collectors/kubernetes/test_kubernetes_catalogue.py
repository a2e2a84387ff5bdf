"""The catalogue's form: what is refused, and what its own files say of themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from auditor.collectors.kubernetes import KubernetesCollector
from auditor.collectors.kubernetes.extract import extract
from auditor.collectors.kubernetes.grants import documents
from auditor.collectors.kubernetes.kinds import CONFIGZ, parse_permission
from auditor.collectors.kubernetes.loader import load_catalogue, load_kinds, parse_catalogue
from auditor.collectors.kubernetes.paths import MISSING, find, parse_path
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from auditor.errors import ConfigError, DefinitionError, UsageError
from tests.services.kubernetes.small_objects import pod
from tests.unit.collectors.kubernetes.worlds import listings_of

KINDS = "kinds:\n  Pod: {plural: pods}\n"


def _parse(**spec: object) -> Any:
    entry = {"title": "Pod", "kinds": ["Pod"], "fields": {"a": {"path": "a", "type": "string"}}}
    text = yaml.safe_dump({"types": {"kubernetes.pod": entry | spec}})
    return parse_catalogue({"_kinds.yaml": KINDS, "pods.yaml": text})["kubernetes.pod"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"kinds": ["Pud"]}, "no kind Pud"),
        ({"joins": ["Pud"]}, "no kind Pud"),
        ({"where": "nothing"}, "no filter 'nothing'"),
        ({"rows": "nothing"}, "no function of rows"),
        ({"fields": {"a": {"via": "nothing", "type": "string"}}}, "no function 'nothing'"),
        ({"fields": {"a": {"path": "a..b", "type": "string"}}}, "no path"),
        ({"fields": {"a": {"type": "strong"}}}, "unknown type"),
        ({"fields": {"name": {"type": "string"}}}, "without declaring it"),
        ({"facts": {"f": {"via": "nothing", "type": "int"}}}, "facts.f: no function"),
        ({"personal": ["b"]}, "b"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(spec: dict[str, object], said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        _parse(**spec)
    assert said in str(caught.value)
    assert "catalogue/pods.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", {"a": {"b": 1, "c.d/e": 2, "n": None}, "l": [{"x": 1}, {}, {"x": 3}]}),
        ("a.b", 1),
        ('a."c.d/e"', 2),
        ("a.n", MISSING),
        ("a.n.deeper", MISSING),
        ("z", MISSING),
        ("l[*].x", [1, 3]),
        ("z[*].x", MISSING),
    ],
)
def test_paths(path: str, found: object) -> None:
    value = {"a": {"b": 1, "c.d/e": 2, "n": None}, "l": [{"x": 1}, {}, {"x": 3}]}
    assert find(value, parse_path(path)) == found


@pytest.mark.parametrize("path", ["a.b.c", "a[*].b"])
def test_a_step_into_a_value_of_another_kind_is_an_error(path: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        find({"a": {"b": 1}}, parse_path(path))


def _one(field: dict[str, object], name: str = "f", *, declared: bool = False) -> Any:
    collected = _parse(fields={name: field})
    found = extract(collected, {"Pod": listings_of(pod("p"))["Pod"]}, declared=declared)
    [made] = found.resources
    plain = name.removesuffix("?")
    return made.data[plain] if plain in made.data else made.unread[plain].cause


@pytest.mark.parametrize(
    ("field", "name", "declared", "found"),
    [
        ({"path": "metadata.name", "type": "string"}, "f", False, "p"),
        ({"path": "spec.x", "type": "string"}, "f", False, Cause.MISSING_FIELD),
        ({"path": "spec.x", "type": "string"}, "f?", False, None),
        ({"path": "spec.x", "default": False, "type": "bool"}, "f", False, False),
        ({"value": 7, "type": "int"}, "f", False, 7),
        ({"path": "metadata.name", "type": "int"}, "f", False, Cause.UNPARSABLE),
        ({"path": "metadata.name.deeper", "type": "int"}, "f", False, Cause.UNPARSABLE),
        ({"path": "metadata.name", "live": True, "type": "string"}, "f", False, "p"),
        ({"path": "metadata.name", "live": True, "type": "string"}, "f", True, Cause.NOT_DECLARED),
        ({"path": "x", "live": True, "type": "string"}, "f?", True, Cause.NOT_DECLARED),
    ],
)
def test_a_field_is_its_value_a_documented_default_null_or_unread(
    field: dict[str, object], name: str, *, declared: bool, found: object
) -> None:
    assert _one(field, name, declared=declared) == found


def test_a_live_type_is_one_gap_in_manifests() -> None:
    collected = _parse(live=True)
    found = extract(collected, {"Pod": listings_of(pod("p"))["Pod"]}, declared=True)
    assert (found.resources, [gap.cause for gap in found.gaps]) == ((), [Cause.NOT_DECLARED])


@pytest.mark.parametrize("declared", [True, False])
def test_what_others_declare_is_unknown_where_manifests_hold_none(*, declared: bool) -> None:
    collected = _parse(elsewhere=True)
    found = extract(collected, {"Pod": listings_of()["Pod"]}, declared=declared)
    assert [gap.cause for gap in found.gaps] == ([Cause.NOT_DECLARED] if declared else [])
    held = extract(collected, {"Pod": listings_of(pod("p"))["Pod"]}, declared=declared)
    assert Cause.NOT_DECLARED not in {gap.cause for gap in held.gaps}


def test_every_kind_of_the_catalogue_is_used_or_of_the_cluster() -> None:
    used = {kind.name for one in load_catalogue().values() for kind in one.all_kinds}
    assert used <= set(load_kinds())
    assert all(name.startswith("kubernetes.") for name in load_catalogue())


def test_permissions_name_verb_group_and_resource() -> None:
    assert parse_permission("list deployments.apps") == ("list", "apps", "deployments")
    assert parse_permission("list pods") == ("list", "", "pods")
    assert parse_permission(CONFIGZ) == ("get", "", "nodes/proxy")


def test_the_right_to_reach_kubelets_is_only_a_comment() -> None:
    forms = documents(["list pods", "list deployments.apps", CONFIGZ])
    role = [one for one in yaml.safe_load_all(forms["yaml"]) if one["kind"] == "ClusterRole"]
    assert role[0]["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]},
    ]
    assert "nodes/proxy" in forms["yaml"]
    assert "nodes/proxy" not in forms["terraform"]
    assert 'api_groups = ["apps"]' in forms["terraform"]


def test_types_that_need_nothing_get_an_empty_role() -> None:
    role = [
        one for one in yaml.safe_load_all(documents([])["yaml"]) if one["kind"] == "ClusterRole"
    ]
    assert role[0]["rules"] == []


def test_the_plan_names_lists_and_the_review() -> None:
    target = Target("c", "kubernetes-cluster", "prod")
    types = ["kubernetes.autoscaler"]
    calls = [call.request for call in KubernetesCollector().planned_calls(target, types)]
    assert "GET /apis/autoscaling/v2/horizontalpodautoscalers" in calls
    assert "GET /version" in calls
    manifests = Target("m", "kubernetes-manifests", "prod", settings={"paths": ["x"]})
    assert KubernetesCollector().planned_calls(manifests, types) == ()


def test_the_plan_names_each_namespace_and_kubelets_where_they_are_asked() -> None:
    settings = {"namespaces": ["a", "b"], "kubelet_configz": True}
    target = Target("c", "kubernetes-cluster", "prod", settings=settings)
    names = ["kubernetes.config_map", "kubernetes.kubelet"]
    calls = {call.request for call in KubernetesCollector().planned_calls(target, names)}
    assert {f"GET /api/v1/namespaces/{name}/configmaps" for name in "ab"} <= calls
    assert "GET /api/v1/nodes/NAME/proxy/configz" in calls


@pytest.mark.parametrize(
    "settings",
    [
        {"connection": "server"},
        {"server": "https://a"},
        {"connection": "in-cluster", "context": "x"},
        {"connection": "server", "server": "https://a", "cert_file": "x"},
        {"namespaces": ["Not_A_Name"]},
        {"token": "secret"},
    ],
)
def test_settings_that_contradict_themselves_are_refused(settings: dict[str, object]) -> None:
    target = Target("c", "kubernetes-cluster", "prod", settings=settings)
    with pytest.raises(ConfigError, match="target c"):
        KubernetesCollector().planned_calls(target, ["kubernetes.node"])


def test_an_unknown_type_is_a_usage_error() -> None:
    target = Target("c", "kubernetes-cluster", "prod")
    with pytest.raises(UsageError, match=r"kubernetes\.nothing"):
        KubernetesCollector().collect(target, ["kubernetes.nothing"], None)  # type: ignore[arg-type]  # it is not reached


def test_resource_types_are_plain_data() -> None:
    kinds = KubernetesCollector().resource_types()
    assert kinds["kubernetes.workload"].permissions
    json.dumps([kind.title for kind in kinds.values()])
