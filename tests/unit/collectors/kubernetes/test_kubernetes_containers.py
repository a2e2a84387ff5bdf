"""Containers flattened: images, the security context that takes effect, variables with secrets."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.collectors.kubernetes.facts.images import image
from tests.services.kubernetes.small_objects import pod
from tests.unit.collectors.kubernetes.worlds import extracted

SHA = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("reference", "registry", "repository", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", "latest", None),
        ("nginx:1.27", "docker.io", "library/nginx", "1.27", None),
        ("team/app", "docker.io", "team/app", "latest", None),
        ("index.docker.io/nginx:1", "docker.io", "library/nginx", "1", None),
        ("ghcr.io/team/app:v1", "ghcr.io", "team/app", "v1", None),
        ("localhost:5000/app", "localhost:5000", "app", "latest", None),
        ("localhost/app:1", "localhost", "app", "1", None),
        (f"registry.example:5000/a/b@{SHA}", "registry.example:5000", "a/b", None, SHA),
        (f"registry.example/a:1@{SHA}", "registry.example", "a", "1", SHA),
    ],
)
def test_an_image_is_taken_apart_as_runtimes_do(
    reference: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    assert image(reference) == {
        "reference": reference,
        "registry": registry,
        "repository": repository,
        "tag": tag,
        "digest": digest,
    }


@pytest.mark.parametrize("reference", ["", "a:b:c", "app@sha256:short", "app:tag with space", ":1"])
def test_what_is_no_image_is_no_image(reference: str) -> None:
    with pytest.raises(ValueError, match="no image reference"):
        image(reference)


def _row(container: dict[str, object] | None = None, **spec: object) -> dict[str, Any]:
    one = pod("p")
    one["spec"]["containers"][0] |= container or {}
    one["spec"] |= spec
    return dict(extracted("kubernetes.container", [one]).resources[0].data)


def test_nothing_written_is_what_the_api_says_it_is() -> None:
    row = _row()
    assert row["security"] == {
        "privileged": False,
        "allow_privilege_escalation": True,
        "read_only_root": False,
        "run_as_non_root": False,
        "run_as_user": None,
        "run_as_group": None,
        "capabilities_added": [],
        "capabilities_dropped": [],
        "seccomp": None,
        "proc_mount": "Default",
        "host_process": False,
    }
    assert row["resources"] == dict.fromkeys(
        ("cpu_limit", "memory_limit", "cpu_request", "memory_request")
    )
    assert row["probes"] == {"liveness": False, "readiness": False, "startup": False}


def test_a_container_goes_before_its_pod() -> None:
    pods = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    inherited = _row(securityContext=pods)["security"]
    assert inherited["run_as_non_root"] is True
    assert (inherited["run_as_user"], inherited["seccomp"]) == (1000, "RuntimeDefault")
    own = _row({"securityContext": {"runAsNonRoot": False, "runAsUser": 0}}, securityContext=pods)
    assert own["security"]["run_as_non_root"] is False
    assert own["security"]["run_as_user"] == 0


@pytest.mark.parametrize(
    ("context", "escalates"),
    [
        ({"allowPrivilegeEscalation": False}, False),
        ({"allowPrivilegeEscalation": False, "privileged": True}, True),
        ({"allowPrivilegeEscalation": False, "capabilities": {"add": ["SYS_ADMIN"]}}, True),
        ({"allowPrivilegeEscalation": False, "capabilities": {"add": ["NET_ADMIN"]}}, False),
    ],
)
def test_who_is_privileged_may_always_escalate(
    context: dict[str, object], *, escalates: bool
) -> None:
    assert _row({"securityContext": context})["security"]["allow_privilege_escalation"] is escalates


def test_a_request_that_is_left_out_is_the_limit() -> None:
    limits = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m"}}
    assert _row({"resources": limits})["resources"] == {
        "cpu_limit": "1",
        "memory_limit": "1Gi",
        "cpu_request": "100m",
        "memory_request": "1Gi",
    }


def test_variables_say_where_their_values_come_from_and_never_what_they_are() -> None:
    row = _row(
        {
            "env": [
                {"name": "DB_PASSWORD", "value": "hunter2"},
                {"name": "MODE", "value": "AKIAIOSFODNN7EXAMPLE"},
                {"name": "API_TOKEN", "value": "$(FROM_ELSEWHERE)"},
                {"name": "LEVEL", "value": "info"},
                {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                {"name": "EMPTY"},
            ],
            "envFrom": [{"secretRef": {"name": "s"}}, {"configMapRef": {"name": "c"}}],
        }
    )
    assert row["secret_env"] == ["DB_PASSWORD", "MODE"]
    assert row["secret_refs"] == 2
    sources = {one["name"]: one["source"] for one in row["environment"]}
    assert sources == {
        "DB_PASSWORD": "value",
        "MODE": "value",
        "API_TOKEN": "value",
        "LEVEL": "value",
        "KEY": "secret",
        "NODE": "field",
        "EMPTY": "value",
    }
    assert row["environment_sources"] == [
        {"source": "secret", "name": "s"},
        {"source": "config_map", "name": "c"},
    ]
    assert "hunter2" not in repr(row)


def test_an_init_container_that_stays_is_a_sidecar() -> None:
    one = pod("p")
    one["spec"]["initContainers"] = [
        {"name": "once", "image": "a"},
        {"name": "stays", "image": "a", "restartPolicy": "Always"},
    ]
    rows = extracted("kubernetes.container", [one]).resources
    assert {one.data["container"]: one.data["role"] for one in rows} == {
        "main": "container",
        "once": "init",
        "stays": "sidecar",
    }


def test_a_malformed_container_takes_no_other_with_it() -> None:
    bad = pod("bad")
    bad["spec"]["containers"][0]["image"] = "a b"
    found = extracted("kubernetes.container", [bad, pod("good")])
    assert [one.data["key"] for one in found.resources] == ["Pod/shop/good/main"]
    assert [gap.subject for gap in found.gaps] == ["Pod/shop/bad"]
