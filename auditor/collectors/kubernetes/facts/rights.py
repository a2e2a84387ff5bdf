"""What a subject may do, and where it comes from: `BINDING: ROLE`, each once, sorted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.collectors.kubernetes.facts.podspec import names
from auditor.collectors.kubernetes.facts.rbac import (
    escalation_grants,
    exec_grants,
    role_rules,
    secret_grants,
)
from auditor.collectors.kubernetes.world import Item, World, mapping, mappings, text

# The server's own roles that have wildcards, and those that gather the rules of others, which are
# judged themselves (bootstrappolicy of Kubernetes 1.36). A name that only looks like one of them,
# and the label, are text that whoever makes roles may write.
_CONTROLLER = "system:controller:"
_OWN_WILDCARDS = frozenset(
    {
        *("admin", "cluster-admin", "edit", "view"),
        *("system:kube-controller-manager", "system:kubelet-api-admin"),
        f"{_CONTROLLER}generic-garbage-collector",
        f"{_CONTROLLER}horizontal-pod-autoscaler",
        f"{_CONTROLLER}namespace-controller",
        f"{_CONTROLLER}resourcequota-controller",
        f"{_CONTROLLER}storage-version-migrator-controller",
    }
)
_BOOTSTRAP = ("kubernetes.io/bootstrapping", "rbac-defaults")
_ALL = "*"
# Whoever shows no credentials, and everybody who shows some. What the server gives them itself is
# told by its content and not by names: extra rules in its own roles are left there at a start.
_NOBODY = frozenset({"User/system:anonymous", "Group/system:unauthenticated"})
_EVERYBODY = frozenset({"Group/system:authenticated", "Group/system:serviceaccounts"})
_HEALTH = frozenset({"/healthz", "/livez", "/readyz", "/version", "/version/"})
_DISCOVERY = _HEALTH | {
    *("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"),
    *("/.well-known/openid-configuration", "/.well-known/openid-configuration/"),
    *("/openid/v1/jwks", "/openid/v1/jwks/"),
}
_ABOUT_ONESELF = {
    "authorization.k8s.io": {"selfsubjectaccessreviews", "selfsubjectrulesreviews"},
    "authentication.k8s.io": {"selfsubjectreviews"},
}
_TRUST_BUNDLES = (["certificates.k8s.io"], {"clustertrustbundles"})


def full_rights(value: object, _item: Item, _world: World) -> list[str]:
    """Grants of everything in the whole cluster: `cluster-admin`, or a rule like its own."""
    return _told(g for g in mappings(value) if not g.get("scope") and _is_everything(g))


def _is_everything(grant: Mapping[str, object]) -> bool:
    if (grant.get("role_kind"), grant.get("role")) == ("ClusterRole", "cluster-admin"):
        return True
    if not all(_ALL in names(grant.get(part)) for part in ("groups", "resources")):
        return False
    # Verbs one by one: who may make and change everything may give itself the others.
    verbs = set(names(grant.get("verbs")))
    return _ALL in verbs or ("create" in verbs and bool(verbs & {"update", "patch"}))


def secret_rights(value: object, item: Item, world: World) -> list[str]:
    """Grants that allow to read secrets."""
    return _told(secret_grants(value, item, world))


def escalation_rights(value: object, item: Item, world: World) -> list[str]:
    """Grants that allow to get any right."""
    return _told(escalation_grants(value, item, world))


def exec_rights(value: object, item: Item, world: World) -> list[str]:
    """Grants that allow to run commands in pods."""
    return _told(exec_grants(value, item, world))


def open_rights(value: object, item: Item, _world: World) -> list[str]:
    """Grants to nobody in particular, beyond what the API server gives them; [] for all others.

    Its own: health and version to callers without credentials; discovery, the keys of tokens and
    questions about oneself to everybody (kubernetes.io, "Default roles"), and the certificates of
    authorities where the server keeps them (ClusterTrustBundle); and the address of the cluster in
    kube-public, which kubeadm gives to all (`cluster-info`).
    """
    if item.key not in _NOBODY | _EVERYBODY:
        return []
    known = item.key in _EVERYBODY
    return _told(g for g in mappings(value) if not _is_given_to_all(g, known=known))


def _is_given_to_all(grant: Mapping[str, object], *, known: bool) -> bool:
    verbs, resources = set(names(grant.get("verbs"))), set(names(grant.get("resources")))
    if not resources:
        return verbs <= {"get"} and set(names(grant.get("urls"))) <= (
            _DISCOVERY if known else _HEALTH
        )
    if (grant.get("scope"), grant.get("names")) == ("kube-public", ["cluster-info"]):
        return verbs <= {"get"} and resources <= {"configmaps"}
    groups = names(grant.get("groups"))
    if (groups, resources) == _TRUST_BUNDLES:
        return known and verbs <= {"get", "list", "watch"}
    about = [_ABOUT_ONESELF.get(group, set[str]()) for group in groups]
    return known and verbs <= {"create"} and any(about) and resources <= set[str]().union(*about)


def _told(grants: Iterable[Mapping[str, object]]) -> list[str]:
    return sorted({f"{g.get('binding')}: {g.get('role_kind')}/{g.get('role')}" for g in grants})


def wildcard_rules(_value: object, item: Item, world: World) -> list[str]:
    """Rules with `*` in verbs, resources or URLs, in words."""
    return sorted({_words(rule) for rule in role_rules(None, item, world) if _has_wildcard(rule)})


def _has_wildcard(rule: Mapping[str, object]) -> bool:
    """`/*` is every URL (rbac/v1 PolicyRule: `*` is a full, final step in the path)."""
    urls = {_ALL, "/*"} & set(names(rule.get("urls")))
    return bool(urls) or any(_ALL in names(rule.get(part)) for part in ("verbs", "resources"))


def _words(rule: Mapping[str, object]) -> str:
    what = [*names(rule.get("resources")), *names(rule.get("urls"))]
    return f"{', '.join(names(rule.get('verbs')))} on {', '.join(what)}"


def bootstrap(_value: object, item: Item, _world: World) -> bool:
    """Whether it is one of the API server's own roles with wildcards: by its label and its name."""
    label, wanted = _BOOTSTRAP
    labelled = text(mapping(item.metadata.get("labels")).get(label)) == wanted
    return item.kind == "ClusterRole" and labelled and item.name in _OWN_WILDCARDS
