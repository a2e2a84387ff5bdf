"""Role-based access control: rules as they take effect, and who holds them.

Meaning: kubernetes.io, "Using RBAC Authorization". Rights only add up; `*` stands for everything;
a role binding grants the rules of a cluster role in its own namespace only; `roleRef` to a role
that does not exist grants nothing; names limit a rule to some objects; an aggregated cluster role
holds the rules of all cluster roles that its selectors fit (the controller writes them into the
live object; in a manifest they are put together here).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditor.collectors.kubernetes.facts.labels import selects
from auditor.collectors.kubernetes.facts.podspec import names
from auditor.collectors.kubernetes.world import Item, World, by_name, mapping, mappings, text

Rule = dict[str, object]


def subjects(value: object, item: Item, _world: World) -> list[dict[str, str]]:
    """Subjects of a binding; a service account without a namespace is of the binding's own."""
    return [_subject(subject, item) for subject in mappings(value)]


def _subject(subject: Mapping[str, object], binding: Item) -> dict[str, str]:
    kind = text(subject.get("kind"))
    namespace = text(subject.get("namespace")) if kind == "ServiceAccount" else ""
    if kind == "ServiceAccount" and not namespace:
        namespace = binding.namespace
    return {"kind": kind, "namespace": namespace, "name": text(subject.get("name"))}


def role_rules(_value: object, item: Item, world: World) -> list[Rule]:
    """Rules of a role or cluster role, aggregated ones included."""
    return list(_effective(item, world))


def granted_rules(_value: object, item: Item, world: World) -> list[Rule]:
    """Rules that a binding grants: those of its role, [] where there is no such role.

    Raises:
        UnreadError: The roles could not be read, or the role is not among the manifests.
    """
    role = mapping(item.object.get("roleRef"))
    kind, name = text(role.get("kind")), text(role.get("name"))
    namespace = item.namespace if kind == "Role" else None
    found = world.find(kind, by_name, name, namespace)
    if not found:
        world.need_live(f"the {kind} {name!r}, which is not among the manifests")
    return [rule for one in found for rule in _effective(one, world)]


def _effective(role: Item, world: World, seen: frozenset[str] = frozenset()) -> Iterator[Rule]:
    """In a cluster a controller writes aggregated rules into the role; a manifest waits for it."""
    yield from map(_rule, mappings(role.object.get("rules")))
    selectors = mappings(mapping(role.object.get("aggregationRule")).get("clusterRoleSelectors"))
    if world.declared and selectors:
        known = seen | {role.name}
        for other in world.all("ClusterRole"):
            labels = mapping(other.metadata.get("labels"))
            if other.name not in known and any(selects(one, labels) for one in selectors):
                yield from _effective(other, world, known)


def _rule(rule: Mapping[str, object]) -> Rule:
    return {
        "verbs": names(rule.get("verbs")),
        "groups": names(rule.get("apiGroups")),
        "resources": names(rule.get("resources")),
        "names": names(rule.get("resourceNames")),
        "urls": names(rule.get("nonResourceURLs")),
    }


def subject_rows(items: Sequence[Item], world: World) -> Iterable[Item]:
    """A row for each subject of any binding: `row.grants`, with scope, role and binding.

    `scope` is a namespace, or "" for the whole cluster. What is granted to a group stands at the
    group, not once more at each member: only service accounts' groups could be resolved, and people
    are in groups that the cluster does not know.
    """
    grants: dict[tuple[str, str, str], list[dict[str, object]]] = {}
    for binding in items:
        rules = granted_rules(None, binding, world)
        role = mapping(binding.object.get("roleRef"))
        source = {
            "scope": binding.namespace,
            "binding": binding.key,
            "role_kind": text(role.get("kind")),
            "role": text(role.get("name")),
        }
        for subject in subjects(binding.object.get("subjects"), binding, world):
            place = (subject["kind"], subject["namespace"], subject["name"])
            grants.setdefault(place, []).extend({**source, **rule} for rule in rules)
    for (kind, namespace, name), held in sorted(grants.items()):
        metadata = {"namespace": namespace, "name": name}
        yield Item(kind, {"metadata": metadata, "row": {"grants": held}})


def grants(value: object, _item: Item, _world: World) -> list[Mapping[str, object]]:
    """All grants of a subject's row (path `row.grants`)."""
    return list(mappings(value))


def wildcard_grants(value: object, _item: Item, _world: World) -> list[Mapping[str, object]]:
    """Those (of `row.grants`, or rules) with `*` in verbs, groups, resources or URLs."""
    return [g for g in mappings(value) if any("*" in names(g.get(p)) for p in _PARTS)]


_PARTS = ("verbs", "resources", "urls")


def secret_grants(value: object, _item: Item, _world: World) -> list[Mapping[str, object]]:
    """Those that allow to read secrets: get, list or watch."""
    return allowing(mappings(value), {"get", "list", "watch"}, "", "secrets")


def exec_grants(value: object, _item: Item, _world: World) -> list[Mapping[str, object]]:
    """Those that allow to run commands in pods: exec, attach, debug containers.

    `get` counts as `create` does: the API server takes exec over WebSockets as GET. So does any
    right on nodes/proxy, which reaches the kubelet's own exec.
    """
    rules = mappings(value)
    found = [
        *allowing(rules, {"create", "get"}, "", "pods/exec"),
        *allowing(rules, {"create", "get"}, "", "pods/attach"),
        *allowing(rules, {"update", "patch"}, "", "pods/ephemeralcontainers"),
        *allowing(rules, {"create", "get"}, "", "nodes/proxy"),
    ]
    return [grant for grant in rules if grant in found]


_RBAC = "rbac.authorization.k8s.io"
_ESCALATING = (
    ({"bind", "escalate"}, _RBAC, "clusterroles"),
    ({"bind", "escalate"}, _RBAC, "roles"),
    ({"impersonate"}, "", "users"),
    ({"impersonate"}, "", "groups"),
    ({"impersonate"}, "", "serviceaccounts"),
    ({"impersonate"}, "authentication.k8s.io", "uids"),
    ({"impersonate"}, "authentication.k8s.io", "userextras"),
    # kubernetes.io, "Role based access control good practices", privilege escalation risks.
    ({"create"}, "", "serviceaccounts/token"),
    ({"update", "patch"}, "certificates.k8s.io", "certificatesigningrequests/approval"),
)


def escalation_grants(value: object, _item: Item, _world: World) -> list[Mapping[str, object]]:
    """Those that allow to get any right: bind or escalate roles, be or become somebody else.

    Somebody else's token, or a certificate that one approves oneself, is as good as impersonation.
    """
    rules = mappings(value)
    found = [g for verbs, group, what in _ESCALATING for g in allowing(rules, verbs, group, what)]
    return [grant for grant in rules if grant in found]


def allowing(
    rules: Iterable[Mapping[str, object]], verbs: set[str], group: str, resource: str
) -> list[Mapping[str, object]]:
    """The rules that allow one of the verbs on a resource (`pods/exec` with its subresource)."""
    _plural, slash, subresource = resource.partition("/")
    wanted = {"*", resource} | ({f"*/{subresource}"} if slash else set())
    return [
        rule
        for rule in rules
        if {"*", *verbs} & set(names(rule.get("verbs")))
        and {"*", group} & set(names(rule.get("groups")))
        and wanted & set(names(rule.get("resources")))
    ]
