"""The frame of a SARIF 2.1.0 log (OASIS, errata 01): one run of this program.

What the rules and results are is left to those who have them: lint diagnostics, findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import orjson

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
Level = Literal["error", "warning", "note", "none"]
Part = Mapping[str, object]


def sarif_rule(rule_id: str, summary: str, why: str, level: Level, **more: object) -> Part:
    """A `reportingDescriptor`; `more` are further properties of it."""
    return {
        "id": rule_id,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": why},
        "defaultConfiguration": {"level": level},
        **more,
    }


def sarif_log(version: str, rules: Sequence[Part], results: Sequence[Part], **run: object) -> bytes:
    """The log: one run, indented, with a final line feed.

    Args:
        version: Of this program.
        run: Further properties of the run.
    """
    driver = {"name": "auditor", "version": version, "rules": rules}
    whole = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        **run,
        "results": results,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [whole]}
    return orjson.dumps(log, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
