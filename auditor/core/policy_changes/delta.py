"""One difference of two policies, whatever runs they are of."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from auditor.core.model.period_report import Effect


@dataclass(frozen=True, slots=True)
class Delta:
    """The fields are those of `Change`."""

    kind: str
    subject: str
    what: str
    before: str = ""
    after: str = ""
    effect: Effect = Effect.UNKNOWN


def written(value: object) -> str:
    """A value of a policy as text: texts as they are, the rest as JSON with sorted keys."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str).decode()
