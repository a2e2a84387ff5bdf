"""Hash chains of audit tables, streamed and recomputed: one row for each table that has one."""

from __future__ import annotations

from dataclasses import replace

from auditor.collectors.mysql.desk import Desk
from auditor.collectors.mysql.settings import MysqlAuditTable
from auditor.collectors.sql.audit_chain import how_it_was_read, read_chain
from auditor.collectors.sql.failures import QueryFailedError, about
from auditor.collectors.sql.reading import Reading
from auditor.core.model.observation import Resource

FORMS = {
    "text": "{}",
    "raw": "{}",
    "hex": "LOWER(HEX({}))",
    "rfc3339": "DATE_FORMAT({}, '%Y-%m-%dT%H:%i:%s.%fZ')",
    "unix_ms": "FLOOR(UNIX_TIMESTAMP({}) * 1000)",
}
"""How a column is asked for; the session's zone is UTC and its text UTF-8."""


def read_audit_chains(desk: Desk) -> Reading:
    """A table that cannot be read is a gap, and no other table's."""
    chained = [table for table in desk.settings.audit_tables if table.chain is not None]
    reading = Reading(facts={"tables": len(chained)})
    for table in chained:
        try:
            reading.resources.append(_chain(desk, table))
        except QueryFailedError as error:
            reading.gaps.append(about(error.gap, table.label))
            if error.broken:
                break
    return reading


def derived_only(reading: Reading) -> str:
    """The mark of the observation: what was read and not kept."""
    rows = [resource.data["rows"] for resource in reading.resources]
    total = sum(count for count in rows if isinstance(count, int))
    return how_it_was_read(len(rows), total) if rows else ""


def _chain(desk: Desk, table: MysqlAuditTable) -> Resource:
    desk.session.limit_statements(desk.settings.stream_timeout_s)
    resource = read_chain(desk.asker, table, FORMS, desk.earlier)
    return replace(resource, data={"endpoint": desk.settings.endpoint, **resource.data})
