"""The table of the suite: kind of target to its world, of this program and of other packages."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from tests.services.contract.world import MakeWorld

ENTRY_POINT_GROUP = "auditor.contract"
"""Where another package names its worlds: kind of target = `module:function`."""
_HERE = "tests.services.contract.worlds"
_OWN: Mapping[str, str] = {
    "aws-account": f"{_HERE}.aws:aws_world",
    "cloudformation-template": f"{_HERE}.declared:template_world",
    "compose-file": f"{_HERE}.declared:compose_world",
    "host": f"{_HERE}.files:host_world",
    "kubernetes-cluster": f"{_HERE}.kubernetes:cluster_world",
    "kubernetes-manifests": f"{_HERE}.files:manifests_world",
    "mysql-server": f"{_HERE}.sql:mysql_world",
    "organisation": f"{_HERE}.records:records_world",
    "postgres-server": f"{_HERE}.sql:postgres_world",
    "terraform-plan": f"{_HERE}.declared:plan_world",
    "tls-endpoint": f"{_HERE}.tls:tls_world",
}


def world_places() -> dict[str, str]:
    """Kind of target to where its world is made."""
    found = dict(_OWN)
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        assert entry.name not in found, f"two worlds for {entry.name}"
        found[entry.name] = entry.value
    return found


def make_world(kind: str) -> MakeWorld:
    """What makes the world of a kind; only its own servers' modules are imported."""
    module, _, attribute = world_places()[kind].partition(":")
    return cast("MakeWorld", getattr(import_module(module), attribute))
