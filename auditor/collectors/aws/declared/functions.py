"""Pure steps from what a declaration states to what an answer of AWS would state.

They level the shapes of two languages; what the values mean is said by the functions of `facts`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from auditor.collectors.aws.declared import groups, identity, services, storage, trails
from auditor.collectors.aws.facts import FUNCTIONS as _OF_ANSWERS

_FUNCTIONS: tuple[Callable[[object], object], ...] = (
    groups.is_default_group,
    groups.rules_of_group,
    groups.world_ports_of_group,
    groups.template_rules,
    groups.template_world_ports,
    identity.function_urls,
    identity.permissions_public,
    identity.policy_kind,
    services.enabled_word,
    services.key_state,
    services.listeners_of,
    services.open_endpoint,
    services.queue_encrypted_by,
    services.rotation_of,
    services.rotation_days_of,
    services.scheme_of,
    services.scan_on_push,
    services.template_listeners,
    services.unlimited_is_null,
    storage.access_block,
    storage.acl_grants_of,
    storage.acl_public_of,
    storage.algorithm,
    storage.is_aws_managed,
    storage.lifecycle_of,
    storage.lock_days,
    storage.template_lifecycle,
    storage.upper_state,
    storage.versioning_of,
)
FUNCTIONS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {
        **_OF_ANSWERS,
        **trails.PLANNED,
        **{function.__name__: function for function in _FUNCTIONS},
    }
)
