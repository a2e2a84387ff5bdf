"""Plans and templates in tests: small ones made here, and reading of what is in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.collectors.aws import AwsCollector
from auditor.collectors.interface import CollectionContext
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.target import Target

VECTORS = Path(__file__).parents[4] / "vectors" / "declared"
BUCKET, GROUP, TRAIL = "aws.s3.bucket", "aws.ec2.security_group", "aws.cloudtrail.trail"


def change(
    address: str,
    after: Mapping[str, Any] | None,
    unknown: Mapping[str, Any] | None = None,
    *,
    actions: Sequence[str] = ("create",),
    sensitive: object = None,
    **more: object,
) -> dict[str, Any]:
    """An entry of `resource_changes`."""
    kind, name = address.partition("[")[0].split(".")[-2:]
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "change": {
            "actions": list(actions),
            "before": None,
            "after": after,
            "after_unknown": unknown or {},
            "after_sensitive": sensitive if sensitive is not None else {},
        },
        **more,
    }


def configured(address: str, **expressions: object) -> dict[str, Any]:
    """A resource of the configuration; a text is what an argument refers to, a list several."""
    return {
        "address": address,
        "expressions": {
            name: {"references": [refers] if isinstance(refers, str) else refers}
            if isinstance(refers, (str, list))
            else refers
            for name, refers in expressions.items()
        },
    }


def plan(
    changes: Sequence[Mapping[str, Any]],
    resources: Sequence[Mapping[str, Any]] = (),
    calls: Mapping[str, Any] | None = None,
    **more: object,
) -> dict[str, Any]:
    """A plan of format 1.2."""
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.8",
        "planned_values": {"root_module": {}},
        "resource_changes": list(changes),
        "configuration": {
            "root_module": {"resources": list(resources), "module_calls": dict(calls or {})}
        },
        "complete": True,
        **more,
    }


def read(path: Path, *types: str, **settings: object) -> dict[str, Observation]:
    """Observations by type, of a plan (.json) or a template (any other name)."""
    kind = "terraform-plan" if path.suffix == ".json" else "cloudformation-template"
    target = Target("declared", kind, "prod", settings={"path": str(path), **settings})
    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(clock=lambda: datetime.now(UTC), executor=executor)
        found = list(AwsCollector().collect(target, types, context))
    return {one.resource_type: one for one in found}


def only(observation: Observation) -> Resource:
    """Its one resource."""
    [resource] = observation.resources
    return resource
