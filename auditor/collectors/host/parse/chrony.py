"""`chronyc -c tracking` (chronyc(1)): one line of fourteen values."""

from __future__ import annotations

_FIELDS = 14


def parse_tracking(text: str) -> dict[str, object]:
    """The fields of `host.time` that chrony knows better than the kernel.

    Raises:
        ValueError: Another number of values, or one that is no number.
    """
    parts = text.strip().split(",")
    if len(parts) != _FIELDS:
        raise ValueError(f"got {len(parts)} values, expected {_FIELDS}")
    offset = f"{abs(float(parts[4])) * 1000:.3f}"
    return {"reference": parts[1] or parts[0], "stratum": int(parts[2]), "offset_ms": offset}
