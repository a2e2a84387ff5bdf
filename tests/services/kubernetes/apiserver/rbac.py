"""Authorization of the stand-in by the Role and ClusterRole objects that it holds.

Written apart from the collector's own reading of roles, so that one can be wrong without the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.services.kubernetes.apiserver.store import Store

RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...] = ("system:authenticated",)

    @classmethod
    def service_account(cls, namespace: str, name: str) -> User:
        """The user that a service account is."""
        groups = (
            "system:serviceaccounts",
            f"system:serviceaccounts:{namespace}",
            "system:authenticated",
        )
        return cls(f"system:serviceaccount:{namespace}:{name}", groups)


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
ADMIN = User("admin", ("system:masters", "system:authenticated"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to do with a resource."""

    verb: str
    group: str
    resource: str
    namespace: str


def allows(store: Store, user: User, wanted: Wanted) -> bool:
    """Whether a rule of any role that the user is bound to allows it."""
    if "system:masters" in user.groups:
        return True
    return any(_fits(rule, wanted) for rule in _rules(store, user, wanted.namespace))


def _rules(store: Store, user: User, namespace: str) -> Iterator[Mapping[str, Any]]:
    for binding in store.listed(RBAC, "clusterrolebindings", None):
        if _binds(binding.object, user, ""):
            yield from _role(store, binding.object["roleRef"], "")
    if namespace:
        for binding in store.listed(RBAC, "rolebindings", namespace):
            if _binds(binding.object, user, namespace):
                yield from _role(store, binding.object["roleRef"], namespace)


def _binds(binding: Mapping[str, Any], user: User, namespace: str) -> bool:
    for subject in binding.get("subjects", []):
        if subject["kind"] == "User" and subject["name"] == user.name:
            return True
        if subject["kind"] == "Group" and subject["name"] in user.groups:
            return True
        place = subject.get("namespace", namespace)
        if subject["kind"] == "ServiceAccount" and user.name == (
            f"system:serviceaccount:{place}:{subject['name']}"
        ):
            return True
    return False


def _role(store: Store, ref: Mapping[str, str], namespace: str) -> list[Mapping[str, Any]]:
    plural = "clusterroles" if ref["kind"] == "ClusterRole" else "roles"
    place = None if ref["kind"] == "ClusterRole" else namespace
    for role in store.listed(RBAC, plural, place):
        if role.name == ref["name"]:
            return list(role.object.get("rules") or [])
    return []


def _fits(rule: Mapping[str, Any], wanted: Wanted) -> bool:
    return (
        bool({"*", wanted.verb} & set(rule.get("verbs", [])))
        and bool({"*", wanted.group} & set(rule.get("apiGroups", [])))
        and bool({"*", wanted.resource} & set(rule.get("resources", [])))
        and not rule.get("resourceNames")
    )
