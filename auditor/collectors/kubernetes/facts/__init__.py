"""Facts computed from API objects. Pure; ValueError for what is malformed, UnreadError for unread.

Names that the catalogue may use. Signatures:

- `FIELDS` (`via`): (value at the path or None, item, world) -> JSON value
- `FACTS` (`facts:`): (world) -> JSON value
- `FILTERS` (`where`): (item, world) -> bool
- `ROWS` (`rows`): (items, world) -> items
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from auditor.collectors.kubernetes.facts import (
    accounts,
    admission,
    autoscaling,
    changes,
    conditions,
    config_maps,
    containers,
    cron,
    flags,
    gateways,
    image_volumes,
    ingress,
    network,
    owners,
    rbac,
    revisions,
    rights,
    routes,
    running,
    variables,
    velero,
    versions,
    workloads,
)
from auditor.collectors.kubernetes.world import Item, World

FieldFunction = Callable[[object, Item, World], object]
FactFunction = Callable[[World], object]
FilterFunction = Callable[[Item, World], bool]
RowsFunction = Callable[[Sequence[Item], World], Iterable[Item]]

_FIELDS: tuple[FieldFunction, ...] = (
    cron.cron_interval,
    config_maps.secret_keys,
    gateways.listener_certificates,
    gateways.serves_plain,
    gateways.uncovered_hosts,
    ingress.ingress_tls,
    ingress.plain_hosts,
    network.default_deny_egress,
    network.default_deny_ingress,
    rbac.escalation_grants,
    rbac.exec_grants,
    rbac.grants,
    rbac.granted_rules,
    rbac.role_rules,
    rbac.secret_grants,
    rbac.subjects,
    rbac.wildcard_grants,
    running.desired_pods,
    running.live_pods,
    running.pod_nodes,
    running.pod_zones,
    running.ready_pods,
    workloads.behind_service,
    workloads.host_namespaces,
    workloads.host_paths,
    workloads.mounts_token,
    workloads.replicas,
    workloads.service_account,
    accounts.account_token_secrets,
    accounts.account_users,
    accounts.is_denied,
    accounts.requested_groups,
    admission.admission_policies,
    admission.workload_environments,
    autoscaling.at_max_since,
    autoscaling.blocking_budgets,
    autoscaling.budgets,
    autoscaling.cpu_target,
    autoscaling.most_replicas,
    autoscaling.scaling_active,
    conditions.annotation_names,
    conditions.is_ready,
    flags.anonymous_auth,
    flags.anonymous_status,
    flags.audit_log,
    flags.audit_max_age,
    flags.audit_policy,
    flags.audit_webhook,
    flags.authorization_modes,
    flags.encryption_providers,
    revisions.earlier_revisions,
    revisions.revision,
    rights.bootstrap,
    rights.escalation_rights,
    rights.exec_rights,
    rights.full_rights,
    rights.open_rights,
    rights.secret_rights,
    rights.wildcard_rules,
    routes.ingress_class,
    routes.rate_limits,
    velero.backup_location,
    velero.location_phase,
    velero.newest_backup_errors,
    velero.newest_backup_phase,
    velero.newest_completed_at,
    versions.minors_behind,
    versions.runtime_name,
    versions.runtime_numbers,
    versions.version_numbers,
)
_FACTS: tuple[FactFunction, ...] = (changes.audit_events, changes.newest_audit_event)
_FILTERS: tuple[FilterFunction, ...] = (
    owners.is_judged_here,
    flags.is_api_server,
    flags.is_etcd,
)
_ROWS: tuple[RowsFunction, ...] = (
    changes.changes_by_people,
    containers.container_rows,
    gateways.gateway_listener_rows,
    image_volumes.image_volume_rows,
    rbac.subject_rows,
    variables.setting_rows,
)

FIELDS: Mapping[str, FieldFunction] = MappingProxyType(
    {f.__name__: f for f in _FIELDS} | dict(flags.ETCD)
)
FACTS: Mapping[str, FactFunction] = MappingProxyType({f.__name__: f for f in _FACTS})
FILTERS: Mapping[str, FilterFunction] = MappingProxyType({f.__name__: f for f in _FILTERS})
ROWS: Mapping[str, RowsFunction] = MappingProxyType({f.__name__: f for f in _ROWS})
