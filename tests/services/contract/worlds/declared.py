"""What somebody wrote down: a Compose file, a Terraform plan, a CloudFormation template."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.services.contract.reading import shut
from tests.services.contract.world import Trouble, World
from tests.services.contract.worlds.files import AT_ONCE, NOTHING_SENT, ONE_PIECE, closed, state_of

_SECRET = "Pl4nted-in-a-declaration"
_COMPOSE = {
    "services": {
        "web": {
            "image": "registry.example.org/web:${TAG}",
            "environment": {"DB_PASSWORD": _SECRET},
            "ports": ["127.0.0.1:8080:80"],
        }
    }
}
_BUCKET = {"bucket": "declared-bucket", "tags": {"db-password": _SECRET}}
_PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "planned_values": {
        "root_module": {
            "resources": [
                {
                    "address": "aws_s3_bucket.one",
                    "mode": "managed",
                    "type": "aws_s3_bucket",
                    "name": "one",
                    "provider_name": "registry.terraform.io/hashicorp/aws",
                    "schema_version": 0,
                    "values": _BUCKET,
                    "sensitive_values": {},
                }
            ]
        }
    },
    "resource_changes": [
        {
            "address": "aws_s3_bucket.one",
            "mode": "managed",
            "type": "aws_s3_bucket",
            "name": "one",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["create"],
                "before": None,
                "after": _BUCKET,
                "after_unknown": {"arn": True},
                "before_sensitive": False,
                "after_sensitive": {},
            },
        }
    ],
    "configuration": {"provider_config": {}, "root_module": {}},
}
_TEMPLATE = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Resources": {
        "One": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": "declared-bucket",
                "Tags": [{"Key": "db-password", "Value": _SECRET}],
            },
        }
    },
}


def compose_world(folder: Path) -> AbstractContextManager[World]:
    """One service."""
    return _world(folder, "compose-file", _COMPOSE)


def plan_world(folder: Path) -> AbstractContextManager[World]:
    """One bucket that is to be made."""
    return _world(folder, "terraform-plan", _PLAN)


def template_world(folder: Path) -> AbstractContextManager[World]:
    """One bucket."""
    return _world(folder, "cloudformation-template", _TEMPLATE)


@contextmanager
def _world(folder: Path, kind: str, document: Mapping[str, object]) -> Iterator[World]:
    place = folder / "declared"
    place.mkdir()
    (place / "file.json").write_text(json.dumps(document))
    locked = closed(folder / "locked")
    (locked / "file.json").write_text(json.dumps(document))

    def target(path: Path) -> Target:
        settings = {"path": str(path)}
        return Target("files", kind, "prod", settings=settings, declared=True)

    yield World(
        target=target(place / "file.json"),
        state=state_of(place),
        secrets=[_SECRET],
        denied=Trouble(
            target(locked / "file.json"),
            {Cause.DENIED},
            meanwhile=partial(shut, locked),
            answers=True,
        ),
        timeout=AT_ONCE,
        unreachable=Trouble(
            target(folder / "none"), {Cause.NOT_COLLECTED, Cause.UNREACHABLE}, answers=True
        ),
        pages=ONE_PIECE,
        requests=NOTHING_SENT,
        silent=(),
    )
