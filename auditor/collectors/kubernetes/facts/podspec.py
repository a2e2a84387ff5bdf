"""Pod specifications: where they stand in each kind, and their containers flattened.

Meanings and defaults are those of the Kubernetes API reference (core/v1 PodSpec, Container,
SecurityContext); what is set on a container goes before what is set on its pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.collectors.kubernetes.world import Item, mapping, mappings, text

Spec = Mapping[str, object]
_ROLES = (
    ("containers", "container"),
    ("initContainers", "init"),
    ("ephemeralContainers", "ephemeral"),
)
_UNCONFINED = frozenset({None, "Unconfined"})


def template(item: Item) -> Spec:
    """The pod template of a workload (metadata and spec); a pod is its own."""
    if item.kind == "Pod":
        return item.object
    spec = item.spec
    if item.kind == "CronJob":
        spec = mapping(mapping(spec.get("jobTemplate")).get("spec"))
    return mapping(spec.get("template"))


def pod_spec(item: Item) -> Spec:
    """The specification of the pods that a workload makes."""
    return mapping(template(item).get("spec"))


def containers_of(spec: Spec) -> Iterator[tuple[str, Spec]]:
    """Role and specification of each container: container, init, sidecar or ephemeral."""
    for member, role in _ROLES:
        for container in mappings(spec.get(member)):
            always = role == "init" and container.get("restartPolicy") == "Always"
            yield ("sidecar" if always else role), container


def security(container: Spec, spec: Spec) -> dict[str, object]:
    """The security context that takes effect.

    `allow_privilege_escalation` is true where nothing says false: nothing then sets the kernel's
    no_new_privs. A privileged container, and one with CAP_SYS_ADMIN, may always escalate.
    """
    own = mapping(container.get("securityContext"))
    pods = mapping(spec.get("securityContext"))
    capabilities = mapping(own.get("capabilities"))
    added = names(capabilities.get("add"))
    privileged = own.get("privileged", False)
    escalates = own.get("allowPrivilegeEscalation", True)
    # Without a CAP_ prefix in the API; both spellings are seen, and container runtimes take both.
    powerful = {"SYS_ADMIN", "CAP_SYS_ADMIN", "ALL"} & {name.upper() for name in added}
    return {
        "privileged": privileged,
        "allow_privilege_escalation": True if privileged or powerful else escalates,
        "read_only_root": own.get("readOnlyRootFilesystem", False),
        "run_as_non_root": _first("runAsNonRoot", own, pods, default=False),
        "run_as_user": _first("runAsUser", own, pods),
        "run_as_group": _first("runAsGroup", own, pods),
        "capabilities_added": added,
        "capabilities_dropped": names(capabilities.get("drop")),
        "seccomp": mapping(_first("seccompProfile", own, pods)).get("type"),
        "proc_mount": own.get("procMount") or "Default",
        "host_process": _first("hostProcess", _windows(own), _windows(pods), default=False),
    }


def is_weaker(one: Spec, other: Spec) -> bool:
    """Whether a security context (as `security` gives it) protects less than another."""
    powers = ("privileged", "allow_privilege_escalation", "host_process")
    guards = ("read_only_root", "run_as_non_root")
    return (
        any(one[name] and not other[name] for name in powers)
        or any(other[name] and not one[name] for name in guards)
        or not set(names(one["capabilities_added"])) <= set(names(other["capabilities_added"]))
        or not set(names(other["capabilities_dropped"])) <= set(names(one["capabilities_dropped"]))
        or (one["seccomp"] in _UNCONFINED and other["seccomp"] not in _UNCONFINED)
        or one["proc_mount"] != other["proc_mount"]
        or (one["run_as_user"] == 0 and other["run_as_user"] != 0)
    )


def names(value: object) -> list[str]:
    """A list of texts, sorted; [] for nothing."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"got {type(value).__name__}, expected a list")
    return sorted(text(member) for member in value)


def _first(name: str, *contexts: Spec, default: object = None) -> object:
    for context in contexts:
        if context.get(name) is not None:
            return context[name]
    return default


def _windows(context: Spec) -> Spec:
    return mapping(context.get("windowsOptions"))
