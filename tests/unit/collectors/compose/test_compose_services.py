"""Compose files: what a service may do, what is not known, and what is never kept."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.compose.services import parse_services
from auditor.core.model.observation import Resource
from auditor.core.model.status import Cause


def _service(variables: dict[str, str] | None = None, /, **service: Any) -> Resource:
    text = yaml.safe_dump({"services": {"web": service}})
    [resource], gaps = parse_services(text, variables or {})
    assert gaps == ()
    return resource


@pytest.mark.parametrize(
    ("service", "field", "value"),
    [
        ({}, "privileged", False),
        ({"privileged": True}, "privileged", True),
        ({}, "user", None),
        ({"user": "0:0"}, "root", True),
        ({"user": "root"}, "root", True),
        ({"user": 0}, "root", True),
        ({"user": "1000"}, "root", False),
        ({"image": "a:1"}, "digest", None),
        ({"image": "a:1@sha256:0f"}, "digest", "sha256:0f"),
        ({"build": "."}, "built", True),
        ({"security_opt": ["no-new-privileges:true"]}, "no_new_privileges", True),
        ({"security_opt": ["no-new-privileges=false"]}, "no_new_privileges", False),
        ({"cap_add": ["CAP_SYS_ADMIN", "net_admin"]}, "capabilities_added",
         ["NET_ADMIN", "SYS_ADMIN"]),
        ({"volumes": ["/var/run/docker.sock:/var/run/docker.sock:ro"]}, "docker_socket", True),
        ({"volumes": [{"type": "bind", "source": "/run", "target": "/x"}]}, "docker_socket", True),
        ({"volumes": ["/:/host"]}, "docker_socket", True),
        ({"use_api_socket": True}, "docker_socket", True),
        ({"volumes": ["data:/var/run", "/cache"]}, "docker_socket", False),
        ({"network_mode": "host"}, "host_network", True),
        ({"environment": {"DB_PASSWORD": "hunter2"}}, "plain_secrets", ["DB_PASSWORD"]),
        ({"environment": ["DB_PASSWORD=hunter2", "API_TOKEN", "A=1"]}, "plain_secrets",
         ["DB_PASSWORD"]),
        ({"environment": {"DB_PASSWORD_FILE": "/run/secrets/db"}}, "plain_secrets", []),
        ({"environment": {"DB_PASSWORD": "${DB_PASSWORD}"}}, "plain_secrets", []),
        ({"environment": {"URL": "postgres://a:hunter2secret@db/a"}}, "plain_secrets", ["URL"]),
        ({"mem_limit": "1g"}, "memory_limit", True),
        ({"deploy": {"resources": {"limits": {"memory": "1g"}}}}, "memory_limit", True),
        ({"mem_limit": 0}, "memory_limit", False),
        ({"cpus": 0.5}, "cpu_limit", True),
        ({}, "cpu_limit", False),
        ({}, "health_check", "image"),
        ({"healthcheck": {"test": ["CMD", "true"]}}, "health_check", "set"),
        ({"healthcheck": {"disable": True}}, "health_check", "disabled"),
        ({"healthcheck": {"test": ["NONE"]}}, "health_check", "disabled"),
        ({"healthcheck": {"interval": "1m"}}, "health_check", "image"),
        ({}, "restart", "no"),
        ({"restart": False}, "restart", "no"),
        ({"restart": "on-failure:3"}, "restart", "on-failure"),
        ({"deploy": {"restart_policy": {"condition": "any"}}}, "restart", "always"),
    ],
)  # fmt: skip
def test_fields(service: dict[str, Any], field: str, value: object) -> None:
    assert _service(**service).data[field] == value


@pytest.mark.parametrize(
    ("port", "address", "published", "everywhere"),
    [
        ("80", "0.0.0.0", None, True),
        (80, "0.0.0.0", None, True),
        ("8080:80", "0.0.0.0", "8080", True),
        ("127.0.0.1:8080:80/udp", "127.0.0.1", "8080", False),
        ("[::]:8080:80", "::", "8080", True),
        ("[::1]::80", "::1", None, False),
        ("3000-3005:3000-3005", "0.0.0.0", "3000-3005", True),
        ({"target": 80, "published": "8080", "host_ip": "10.0.0.1"}, "10.0.0.1", "8080", False),
        ({"target": 80}, "0.0.0.0", None, True),
    ],
)
def test_ports(port: object, address: str, published: str | None, everywhere: bool) -> None:  # noqa: FBT001 - a case
    data: Any = _service(ports=[port]).data["ports"]
    found = [(one["address"], one["published"], one["every_address"]) for one in data]
    assert found == [(address, published, everywhere)]


@pytest.mark.parametrize("port", ["nowhere", "1.2.3:80:80", True, {"published": 80}, None])
def test_a_port_that_is_none_leaves_the_ports_unread(port: object) -> None:
    assert _service(ports=[port]).unread["ports"].cause is Cause.UNPARSABLE


@pytest.mark.parametrize(
    ("text", "value"),
    [("${U:-1000}", "1000"), ("$U", None), ("${U}", None), ("${U:?set it}", None), ("${U-5}", "5")],
)
def test_variables_without_a_value_are_known_when_it_is_started(
    text: str, value: str | None
) -> None:
    found = _service(user=text)
    assert found.data.get("user") == value
    if value is None:
        assert found.unread["user"].cause is Cause.KNOWN_AFTER_APPLY
        assert found.unread["root"].cause is Cause.KNOWN_AFTER_APPLY
    assert _service({"U": "7"}, user=text).data["user"] == "7"
    assert _service(user="a$$b").data["user"] == "a$b"


def test_values_of_variables_are_not_kept() -> None:
    assert "hunter2" not in str(_service(environment={"DB_PASSWORD": "hunter2"}).to_json())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: [", "it is no YAML"),
        ("services: {a: {}, a: {}}", "stands twice"),
        ("[]", "expected one document"),
        ("volumes: {}", "services: missing or empty"),
        ("services: {}", "services: missing or empty"),
    ],
)
def test_what_is_no_compose_file_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_services(text, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{include: [x], services: {a: {}}}", "include"),
        ("services: {a: {extends: b}}", "services.a.extends"),
        ("services: {a: 1}", "services.a: got int"),
    ],
)
def test_what_stands_in_other_files_is_a_gap(text: str, said: str) -> None:
    _resources, [gap] = parse_services(text, {})
    assert said in gap.detail


@given(
    st.dictionaries(
        st.sampled_from(["image", "user", "ports", "environment", "volumes", "deploy", "restart",
                         "healthcheck", "privileged", "cap_add", "security_opt", "mem_limit"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.just("${X}"),
            lambda inner: st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["test", "resources", "limits", "target", "source",
                                               "restart_policy", "condition", "host_ip"]), inner),
            max_leaves=8,
        ),
    )
)  # fmt: skip
def test_every_field_of_any_service_is_read_or_unread(service: dict[str, Any]) -> None:
    resource = _service(**service)
    assert not resource.data.keys() & resource.unread.keys()
    assert len(resource.data) + len(resource.unread) == 18
