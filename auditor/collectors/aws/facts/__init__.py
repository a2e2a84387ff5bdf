"""Facts computed from raw answers. Pure: values in, values out, ValueError for what is malformed.

`FUNCTIONS` is the table of names that the catalogue may use in `via` and `rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from auditor.collectors.aws.facts import (
    administration,
    bucket,
    common,
    identity,
    network,
    policy,
    trail,
    world,
)
from auditor.collectors.aws.facts.credential_report import credential_report
from auditor.collectors.aws.facts.unreadable import Unreadable

__all__ = ["FUNCTIONS", "Unreadable"]

_FUNCTIONS: tuple[Callable[[object], object], ...] = (
    administration.policy_grants_everything,
    bucket.acl_public,
    bucket.bucket_region,
    bucket.lifecycle_rules,
    bucket.public_access_block,
    bucket.retention_days,
    bucket.shortest_expiry_days,
    common.aliases_by_key,
    common.aws_managed_keys,
    common.epoch_ms,
    common.force_tls,
    common.is_default,
    common.is_enabled,
    common.log_group_arn,
    common.positive,
    common.presence,
    common.tags,
    common.tags_by_arn,
    common.text_or_null,
    credential_report,
    identity.administrator_reasons,
    identity.administrators,
    identity.identity_policies,
    identity.is_root_device,
    identity.root_virtual_devices,
    network.flow_logs_by_resource,
    network.security_group_rules,
    policy.policy_denies_plain_http,
    policy.policy_statements,
    trail.management_excluded_sources,
    trail.management_read,
    trail.management_write,
    trail.s3_data_events,
    trail.s3_data_read_all,
    trail.s3_data_write_all,
    world.world_ports,
)
FUNCTIONS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {function.__name__: function for function in _FUNCTIONS}
)
