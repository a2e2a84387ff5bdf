"""The organisation of the simulated quarter: its controls, and what it changes in them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tests.quarter.estate import day

FRAMEWORKS = Path(__file__).parents[2] / "controls" / "frameworks"
ROLE = "head-of-platform"
OUT_OF_SCOPE = {"estate-b": (day(7, 28), day(7, 31)), "estate-c": (day(9, 20), day(12, 31))}
LOOSENED = (day(8, 1), day(8, 25))
MAPPING_REMOVED, CHECK_ADDED, TOLERANCE_LOOSENED = day(8, 12), day(9, 1), day(9, 8)
OWNER_CHANGED = day(9, 3)


def _check(name: str, kind: str, expr: str, severity: str, **more: object) -> dict[str, Any]:
    return {
        "id": name,
        "title": f"Every {kind} is {name}",
        "collector": "estate",
        "resource": f"estate.{kind}",
        "key": "resource.name",
        "scope": 'target.name == "estate-a"',
        "population": {"on_empty": "error"},
        "freshness": "24h",
        "assert": [
            {"id": "ok", "expr": expr, "severity": severity,
             "message": f"{{resource.name}} is not {name}"}
        ],
        "remediation": {"text": f"make the {kind} {name} again"},
        "verify_by_hand": f"look at every {kind}",
    } | more  # fmt: skip


def _control(
    name: str, every: str, maps: Mapping[str, Sequence[str]], checks: Sequence[Mapping[str, Any]],
    **more: object,
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": name,
        "title": f"The control {name}",
        "statement": f"The organisation sees to it that {name} holds on all its systems.",
        "owner": {"role": ROLE},
        "nature": {"type": "detective", "execution": "automated"},
        "frequency": "continuous",
        "evaluate": {"every": every, "gap_tolerance": "6h"},
        "maps": {
            framework: [{"id": place, "strength": "supporting"} for place in places]
            for framework, places in maps.items()
        },
        "checks": [dict(check) for check in checks],
    } | more


ALL: Mapping[str, object] = {"scope": "true"}
DISKS = _control(
    "disks-encrypted",
    "24h",
    {"soc2": ["CC6.1", "CC6.7"], "iso27001": ["A.8.24"]},
    [_check("encrypted", "disk", "resource.encrypted", "high", when="!resource.exempt", **ALL)],
)
KEYS = _control(
    "keys-rotated",
    "24h",
    {"soc2": ["CC6.1"]},
    [_check("young", "disk", "resource.key_days <= param.max_days", "medium", **ALL)],
    parameters={
        "max_days": {"type": "int", "default": 30, "loosest": 90, "doc": "days a key may be old"}
    },
)
ACCOUNTS = _control(
    "accounts-mfa", "24h", {"soc2": ["CC6.1"], "iso27001": ["A.8.5"]},
    [_check("mfa", "account", "resource.mfa", "critical")],
)  # fmt: skip
REVIEWS = _control(
    "reviews-done", "7d", {"soc2": ["CC6.2"]},
    [_check("done", "review", "resource.done", "low")],
)  # fmt: skip
RESTORES = _control(
    "restores-checked", "7d", {"soc2": ["A1.3"]},
    [_check("restored", "restore", "resource.ok", "low",
            population={"on_empty": "not_applicable"})],
    frequency="on_event",
)  # fmt: skip
NAMED = _control(
    "accounts-named", "24h", {"soc2": ["CC6.2"]},
    [_check("named", "account", "resource.named", "medium")],
)  # fmt: skip
STAGING = _control(
    "staging-closed", "24h", {"soc2": ["CC8.1"]},
    [_check("closed", "review", "resource.done", "low", scope='target.environment == "staging"')],
)  # fmt: skip
LABELLED = _check("labelled", "disk", "resource.labelled", "low", **ALL)


def controls_of(today: date) -> list[dict[str, Any]]:
    """The controls as they are on a day."""
    made = copy.deepcopy([DISKS, KEYS, ACCOUNTS, REVIEWS, RESTORES, STAGING, NAMED])
    if today >= MAPPING_REMOVED:
        del made[0]["maps"]["soc2"][1]
    if today >= CHECK_ADDED:
        made[0]["checks"].append(copy.deepcopy(LABELLED))
    if today >= TOLERANCE_LOOSENED:
        made[2]["evaluate"]["gap_tolerance"] = "12h"
    return made


def config_of(today: date) -> dict[str, Any]:
    """What auditor.yaml has on a day, of what changes."""
    names = ["estate-a", "estate-b", "estate-c"]
    loosened = LOOSENED[0] <= today < LOOSENED[1]
    targets = [
        {"name": name, "kind": "estate", "environment": "prod"}
        for name in names
        if not (name in OUT_OF_SCOPE and OUT_OF_SCOPE[name][0] <= today < OUT_OF_SCOPE[name][1])
    ]
    return {
        "controls": ["library"],
        "environments": {"prod": {"max_days": 60} if loosened else {}},
        "targets": targets,
        "owners": {ROLE: {"name": "Ada" if today < OWNER_CHANGED else "Grace"}},
        "waivers": "waivers",
        "approvers": {"ciso": "trust/ciso.pub"},
    }


def waiver(number: int, check: str, key: str, approved: date, expires: date) -> dict[str, object]:
    """A waiver for one resource, as a file has it."""
    return {
        "id": f"W-2026-{number:03d}",
        "check": check,
        "match": f'resource.name == "{key}"',
        "environments": ["prod"],
        "reason": f"{key} is being replaced",
        "risk": f"R-{number:03d}",
        "requested_by": "head-of-parts",
        "approved_by": "ciso",
        "approved_at": f"{approved}T00:00:00Z",
        "expires": f"{expires}T00:00:00Z",
        "max_items": 1,
    }


WAIVERS: Mapping[date, Sequence[tuple[bool, dict[str, object]]]] = {
    day(6, 28): [
        (True, waiver(1, "accounts-mfa/mfa", "u-09", day(6, 1), day(8, 15))),
        (True, waiver(2, "disks-encrypted/encrypted", "a-070", day(6, 1), day(9, 10))),
        (False, waiver(3, "disks-encrypted/encrypted", "a-071", day(6, 1), day(9, 30))),
    ],
    day(7, 9): [(True, waiver(4, "disks-encrypted/encrypted", "a-072", day(7, 8), day(10, 15)))],
}
"""The day that a waiver is there from, whether it is signed, and its file."""


def write_library(folder: Path, today: date) -> None:
    """The library as it is on a day."""
    for control in controls_of(today):
        path = folder / "access" / control["id"] / "control.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(control, sort_keys=False), "utf-8")
    (folder / "frameworks").mkdir(exist_ok=True)
    for framework in FRAMEWORKS.glob("*.yaml"):
        (folder / "frameworks" / framework.name).write_bytes(framework.read_bytes())
