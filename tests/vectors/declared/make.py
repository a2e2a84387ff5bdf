"""Makes the plans of this folder: a good one, and the same with one fault each.

Run: python tests/vectors/declared/make.py. The form is HashiCorp's documented JSON output format,
version 1.2; no real plan was used.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "terraform"
BUCKET, VERSIONING = "aws_s3_bucket.b", "aws_s3_bucket_versioning.b"


def _named(address: str) -> dict[str, Any]:
    kind, name = address.split(".")
    return {"address": address, "mode": "managed", "type": kind, "name": name}


def _change(address: str, after: dict[str, Any], unknown: dict[str, Any]) -> dict[str, Any]:
    change = {
        "actions": ["create"],
        "before": None,
        "after": after,
        "after_unknown": unknown,
        "before_sensitive": False,
        "after_sensitive": {},
    }
    provider = "registry.terraform.io/hashicorp/aws"
    return _named(address) | {"provider_name": provider, "change": change}


GOOD: dict[str, Any] = {
    "format_version": "1.2",
    "terraform_version": "1.9.8",
    "planned_values": {
        "root_module": {"resources": [_named(BUCKET) | {"values": {"bucket": "shop-data"}}]}
    },
    "resource_changes": [
        _change(
            BUCKET,
            {"bucket": "shop-data", "tags_all": {"purpose": "backup"}},
            {"id": True, "arn": True, "acl": True, "policy": True, "versioning": True},
        ),
        _change(
            VERSIONING,
            {"versioning_configuration": [{"status": "Enabled"}]},
            {"id": True, "bucket": True},
        ),
    ],
    "configuration": {
        "root_module": {
            "resources": [
                _named(BUCKET) | {"expressions": {"bucket": {"constant_value": "shop-data"}}},
                _named(VERSIONING)
                | {
                    "expressions": {
                        "bucket": {"references": [f"{BUCKET}.id", BUCKET]},
                        "versioning_configuration": [{"status": {"constant_value": "Enabled"}}],
                    }
                },
            ]
        }
    },
    "complete": True,
    "errored": False,
}


def faulty() -> Iterator[tuple[str, object]]:
    """Name of the fault, and the plan."""
    for name, changed in (
        ("format-version-0", {"format_version": "0.2"}),
        ("format-version-2", {"format_version": "2.0"}),
        ("changes-no-list", {"resource_changes": {}}),
        ("errored", {"errored": True}),
        ("targeted", {"complete": False}),
        ("deferred", {"deferred_changes": [{"reason": "resource_config_unknown"}]}),
    ):
        yield name, copy.deepcopy(GOOD) | changed
    for name, left_out in (
        ("no-format-version", "format_version"),
        ("no-planned-values", "planned_values"),
    ):
        plan = copy.deepcopy(GOOD)
        del plan[left_out]
        yield name, plan
    yield "state-not-plan", {"format_version": "1.0", "values": {"root_module": {}}}
    plan = copy.deepcopy(GOOD)
    del plan["resource_changes"][0]["change"]["after"]
    yield "change-without-after", plan
    plan = copy.deepcopy(GOOD)
    plan["resource_changes"][0] |= {"type": "awscc_s3_bucket", "address": "awscc_s3_bucket.b"}
    yield "other-provider", plan | {"planned_values": {"root_module": {}}}
    plan = copy.deepcopy(GOOD)
    del plan["resource_changes"][0]
    yield "planned-without-change", plan


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name, document in [("good", GOOD), *faulty()]:
        (FOLDER / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    (FOLDER / "not-json.json").write_text('{"format_version": "1.2",\n')


if __name__ == "__main__":
    main()
