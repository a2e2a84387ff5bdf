"""Audit plugins and components: what they record, and whether they can be taken out."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.collectors.mysql.desk import Desk, Draft, Variables
from auditor.collectors.sql.failures import QueryFailedError
from auditor.collectors.sql.reading import Reading
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause

_POLICIES = {"ALL": ("ALL",), "LOGINS": ("CONNECT",), "QUERIES": ("QUERY",)}
_PERMANENT = frozenset({"FORCE_PLUS_PERMANENT"})


def read_audit_log(desk: Desk) -> Reading:
    """One row for each; none where there is no such plugin."""
    reading = Reading()
    plugins = [row for row in desk.ask("plugins").rows if "audit" in str(row[0]).lower()]
    variables = desk.variables()
    reading.resources = [_plugin(desk.settings.endpoint, row, variables) for row in plugins]
    if not desk.is_mariadb:
        _add_components(reading, desk, variables)
    reading.resources.sort(key=lambda resource: str(resource.data["name"]))
    reading.facts["plugins"] = len(reading.resources)
    return reading


def _add_components(reading: Reading, desk: Desk, variables: Variables) -> None:
    try:
        urns = [str(row[0]) for row in desk.ask("components").rows]
    except QueryFailedError as error:
        reading.gaps.append(error.gap)
        return
    for urn in urns:
        if "audit" in urn:
            name = urn.removeprefix("file://")
            row = (name, "ACTIVE", "COMPONENT", "ON")
            reading.resources.append(_plugin(desk.settings.endpoint, row, variables))


def _plugin(endpoint: str, row: Sequence[object], variables: Variables) -> Resource:
    name, status, _kind, load = map(str, row)
    draft = Draft(
        {
            "endpoint": endpoint,
            "name": name,
            "active": status == "ACTIVE",
            "permanent": load in _PERMANENT,
        }
    )
    if name.upper() == "SERVER_AUDIT":
        return _server_audit(draft, variables).resource()
    return _audit_log(draft, variables).resource()


def _server_audit(draft: Draft, v: Variables) -> Draft:
    """MariaDB's: an empty list of events is all of them."""
    return draft.take(
        {
            "logging": lambda: v.flag("server_audit_logging"),
            "events": lambda: [word.upper() for word in v.words("server_audit_events")] or ["ALL"],
            "excluded_users": lambda: v.words("server_audit_excl_users"),
            "included_users": lambda: v.words("server_audit_incl_users"),
            "output": lambda: v.text("server_audit_output_type").lower(),
            "policy": lambda: None,
        }
    )


def _audit_log(draft: Draft, v: Variables) -> Draft:
    """Those of MySQL and Percona: a policy, or filters that no variable shows."""
    policy = v.text("audit_log_policy").upper() if v.has("audit_log_policy") else None
    draft.data |= {
        "excluded_users": _words(v, "audit_log_exclude_accounts"),
        "included_users": _words(v, "audit_log_include_accounts"),
        "output": v.text("audit_log_handler").lower() if v.has("audit_log_handler") else None,
        "policy": policy,
    }
    if policy is None:
        detail = "what is recorded is said by filters, and no variable shows them"
        hint = "SELECT * FROM mysql.audit_log_filter, mysql.audit_log_user"
        draft.miss(["logging", "events"], Gap(Cause.NOT_SUPPORTED, detail, hint=hint))
        return draft
    disabled = v.has("audit_log_disable") and v.flag("audit_log_disable")
    draft.data["logging"] = policy != "NONE" and not disabled
    draft.data["events"] = list(_POLICIES.get(policy, ()))
    return draft


def _words(v: Variables, name: str) -> list[str]:
    return v.words(name) if v.has(name) else []
