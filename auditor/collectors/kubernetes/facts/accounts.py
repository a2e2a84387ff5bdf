"""Service accounts (who uses them, their tokens) and requests for certificates."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from cryptography import x509
from cryptography.x509.oid import NameOID

from auditor.collectors.kubernetes.facts.owners import is_judged_here
from auditor.collectors.kubernetes.facts.podspec import pod_spec
from auditor.collectors.kubernetes.world import Item, World, mapping, mappings, text

_USERS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet", "Pod")
_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 - a type of secrets, no secret
_ACCOUNT = "kubernetes.io/service-account.name"
_REFUSED = frozenset({"Denied", "Failed"})


def account_users(_value: object, item: Item, world: World) -> list[str]:
    """Keys of the workloads whose pods run as the account.

    Raises:
        UnreadError: One of the kinds could not be read there.
    """
    namespace = item.namespace
    users = world.once(("account users", namespace), lambda: _users(namespace, world))
    return sorted(users.get(item.name, ()))


def _users(namespace: str, world: World) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind in _USERS:
        for user in world.all(kind, namespace):
            if is_judged_here(user, world):
                found.setdefault(_account(user), []).append(user.key)
    return found


def _account(item: Item) -> str:
    """The server sets `default` where none is named; `serviceAccount` is the older name."""
    spec = pod_spec(item)
    return text(spec.get("serviceAccountName")) or text(spec.get("serviceAccount")) or "default"


def account_token_secrets(_value: object, item: Item, world: World) -> list[str]:
    """Names of the secrets that hold tokens of the account which never end."""
    return sorted(
        secret.name for secret in world.find("Secret", _token_of, item.name, item.namespace)
    )


def _token_of(secret: Item) -> tuple[str, ...]:
    if secret.object.get("type") != _TOKEN:
        return ()
    return (text(mapping(secret.metadata.get("annotations")).get(_ACCOUNT)),)


def requested_groups(value: object, _item: Item, _world: World) -> list[str]:
    """Organizations in the subject of a request (base64 of PEM): groups to the API server.

    Raises:
        ValueError: No certificate request.
    """
    try:
        request = x509.load_pem_x509_csr(base64.b64decode(text(value), validate=True))
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"no certificate request in PEM: {error}") from error
    organizations = request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return sorted({str(organization.value) for organization in organizations})


def is_denied(value: object, _item: Item, _world: World) -> bool:
    """Whether a request was refused, or its signer failed: no certificate came of it."""
    return any(condition.get("type") in _REFUSED for condition in mappings(value))
