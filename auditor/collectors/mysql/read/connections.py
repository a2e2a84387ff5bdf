"""How many connections are in use, and how many were refused for lack of them: one row."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from auditor.collectors.mysql.desk import Desk, seconds
from auditor.collectors.sql.reading import Reading
from auditor.core.model.observation import Observation, Resource
from auditor.core.times import format_instant

_PLACES = Decimal("0.0001")


def read_connections(desk: Desk) -> Reading:
    """Counters against the limit, and the refusals that the run before this one saw."""
    status, limit = desk.status(), desk.variables().number("max_connections")
    connected, peak = status.number("threads_connected"), status.number("max_used_connections")
    uptime = status.number("uptime")
    endpoint = desk.settings.endpoint
    before = desk.earlier(lambda resource: resource.data.get("endpoint") == endpoint)
    refused = _refused(before, endpoint)
    data: dict[str, object] = {
        "endpoint": desk.settings.endpoint,
        "connected": connected,
        "peak": peak,
        "limit": limit,
        "share": _share(connected, limit),
        "peak_share": _share(peak, limit),
        "refused": status.number("connection_errors_max_connections"),
        "uptime": seconds(uptime),
        "refused_before": None,
        "before_at": None,
    }
    if refused is not None and before is not None:
        started = desk.context.clock() - timedelta(seconds=uptime)
        restarted = started > before.started_at
        data["refused_before"] = 0 if restarted else refused
        data["before_at"] = format_instant(before.started_at)
    return Reading([Resource(data)])


def _share(used: int, limit: int) -> str:
    """Rounded up: a share is never shown smaller than it is."""
    return format((Decimal(used) / max(limit, 1)).quantize(_PLACES, rounding="ROUND_UP"), "f")


def _refused(observation: Observation | None, endpoint: str) -> int | None:
    """What was counted by the run before; None where there was none."""
    for resource in () if observation is None else observation.resources:
        refused = resource.data.get("refused")
        if resource.data.get("endpoint") == endpoint and isinstance(refused, int):
            return refused
    return None
