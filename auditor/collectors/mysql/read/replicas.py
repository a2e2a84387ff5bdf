"""Replication as this server receives it: one row for each source; none where it has no source."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from auditor.collectors.mysql.desk import Desk, seconds
from auditor.collectors.sql.failures import failed
from auditor.collectors.sql.reading import Reading
from auditor.core.model.observation import Resource
from auditor.core.model.status import Cause


def read_replicas(desk: Desk) -> Reading:
    """The columns have other names from MySQL 8.0.22 on: source and replica."""
    answer = desk.ask("replicas")
    names = [_old_name(name) for name in answer.columns]
    found = [
        Resource(_data(desk.settings.endpoint, dict(zip(names, row, strict=True))))
        for row in answer.rows
    ]
    found.sort(key=lambda resource: str(resource.data["channel"]))
    return Reading(found)


def _old_name(name: str) -> str:
    """The name that all versions of MariaDB and the older ones of MySQL have."""
    return name.lower().replace("source", "master").replace("replica", "slave")


def _data(endpoint: str, row: Mapping[str, object]) -> dict[str, object]:
    def cell(name: str) -> object:
        if name not in row:
            raise failed(Cause.UNPARSABLE, f"the state of replication has no column {name}")
        return row[name]

    lag = cell("seconds_behind_master")
    channel = row.get("connection_name", row.get("channel_name", ""))
    return {
        "endpoint": endpoint,
        "name": f"{endpoint}/{channel or ''}",
        "channel": str(channel or ""),
        "source": f"{cell('master_host')}:{cell('master_port')}",
        "receiving": str(cell("slave_io_running")),
        "applying": str(cell("slave_sql_running")),
        "lag": None if lag is None else seconds(Decimal(str(lag))),
        "delay": seconds(Decimal(str(cell("sql_delay")))),
        "tls": str(cell("master_ssl_allowed")) == "Yes",
        "tls_verified": str(cell("master_ssl_verify_server_cert")) == "Yes",
        "receive_error": int(str(cell("last_io_errno"))),
        "apply_error": int(str(cell("last_sql_errno"))),
    }
