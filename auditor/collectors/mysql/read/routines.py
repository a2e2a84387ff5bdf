"""Stored routines and events: whose privileges they run with. Their bodies are not read."""

from __future__ import annotations

from auditor.collectors.mysql.desk import Desk
from auditor.collectors.sql.reading import Reading
from auditor.core.model.observation import Resource


def read_routines(desk: Desk) -> Reading:
    """One row for each; MySQL's events are not among them (see the reference)."""
    desk.require("routines")
    rows = [tuple(map(str, row)) for row in desk.ask("routines").rows]
    found = [
        Resource(
            {
                "endpoint": desk.settings.endpoint,
                "name": f"{kind} {schema}.{name}",
                "schema": schema,
                "kind": kind,
                "definer": definer,
                "security": security,
            }
        )
        for kind, schema, name, definer, security in rows
    ]
    return Reading(found, {"routines": len(rows)})
