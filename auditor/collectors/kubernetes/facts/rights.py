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

# Made by the API server at every start, with the label below (kubernetes.io, "Default roles").
_USER_FACING = frozenset({"admin", "cluster-admin", "edit", "view"})
_BOOTSTRAP = ("kubernetes.io/bootstrapping", "rbac-defaults")
_ALL = "*"


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
    """Whether the API server itself keeps the role: its label, and one of its names."""
    label, wanted = _BOOTSTRAP
    if text(mapping(item.metadata.get("labels")).get(label)) != wanted:
        return False
    return item.name.startswith("system:") or item.name in _USER_FACING
