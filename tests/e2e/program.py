"""Running the program as a user does: a process of its own, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.services.aws.server import ACCOUNT, CREDENTIALS


@dataclass(frozen=True, slots=True)
class Done:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def auditor(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Done:
    """Run `auditor` in a folder; nothing of the machine's own AWS configuration is seen."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "AUDITOR_"))}
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *arguments],
        cwd=folder,
        env={**kept, **CREDENTIALS, **(env or {})},
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # no terminal to ask for a passphrase
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def working_folder(folder: Path, **changes: object) -> Path:
    """A working folder made by `auditor init`, with changes to its auditor.yaml."""
    done = auditor(folder.parent, "init", str(folder), "--target", "host")
    assert done.code == 0, done.err
    config = folder / "auditor.yaml"
    document = yaml.safe_load(config.read_text("utf-8")) | changes
    config.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return folder


def aws_target(url: str, **more: object) -> dict[str, object]:
    """An AWS target at a stand-in, fixed to its account."""
    return {
        "name": "aws",
        "kind": "aws-account",
        "environment": "prod",
        "endpoint_url": url,
        "regions": ["eu-west-1"],
        "account": ACCOUNT,
        "max_attempts": 1,
        **more,
    }


def write_control(library: Path, **changes: object) -> Path:
    """A library with one small control over the host's file systems."""
    document: dict[str, object] = {
        "id": "disk-space",
        "title": "Disks have room",
        "statement": "Every file system of a host has room left for its work.",
        "owner": {"role": "head-of-platform"},
        "nature": {"type": "detective", "execution": "automated"},
        "frequency": "continuous",
        "evaluate": {"every": "24h", "gap_tolerance": "6h"},
        "maps": {"soc2": [{"id": "A1.1", "strength": "supporting"}]},
        "parameters": {
            "limit": {"type": "int", "default": 1000, "doc": "how full a disk may be, of 1000"}
        },
        "checks": [
            {
                "id": "usage",
                "title": "File systems are not full",
                "collector": "host",
                "resource": "host.filesystem",
                "key": "resource.mount_point",
                "population": {"on_empty": "error"},
                "freshness": "24h",
                "assert": [
                    {
                        "id": "room",
                        "expr": "resource.used_permille <= param.limit",
                        "severity": "high",
                        "message": "{resource.mount_point} is full",
                    }
                ],
                "remediation": {"text": "make room on the disk"},
                "verify_by_hand": "df -h",
            }
        ],
    }
    path = library / "operations" / "disk-space" / "control.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document | changes, sort_keys=False), "utf-8")
    shipped = Path(__file__).parents[2] / "controls" / "frameworks"
    (library / "frameworks").mkdir(exist_ok=True)
    for framework in shipped.glob("*.yaml"):
        (library / "frameworks" / framework.name).write_bytes(framework.read_bytes())
    return path
