"""This machine as it is: every type gives rows or says why not, as root and as nobody."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from auditor.collectors.host import HostCollector
from auditor.collectors.interface import CollectionContext
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from auditor.errors import ConfigError, UsageError
from tests.services.host.conftest import Collect, rows

pytestmark = pytest.mark.service
_TYPES = sorted(HostCollector().resource_types())
_AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="reads what only root may read")


@pytest.mark.parametrize("name", _TYPES)
def test_every_type_of_this_machine_is_read_or_explained(collect: Collect, name: str) -> None:
    observation = collect(name)
    assert observation.resources or observation.gaps or observation.facts
    assert all(call.endpoint == "local" for call in observation.calls)


@pytest.mark.parametrize("name", _TYPES)
def test_every_type_of_an_empty_tree_is_read_or_explained(
    collect: Collect, tmp_path: Path, name: str
) -> None:
    observation = collect(name, root=str(tmp_path))
    assert observation.resources or observation.gaps or observation.facts


@pytest.mark.parametrize("name", ["host.user", "host.sudo_rule", "host.cron_job", "host.pam"])
def test_unchanged_machine_gives_equal_rows(collect: Collect, name: str) -> None:
    assert collect(name).resources == collect(name).resources


def test_preflight_says_who_we_are(context: CollectionContext) -> None:
    found = HostCollector().preflight(Target("h", "host", "prod"), context)
    assert found.gap is None
    assert found.identity.startswith(f"uid={os.geteuid()}")
    assert found.identity.endswith(socket.gethostname())


def test_root_that_is_not_there_is_a_gap(context: CollectionContext, collect: Collect) -> None:
    target = Target("h", "host", "prod", settings={"root": "/no/such/root"})
    preflight = HostCollector().preflight(target, context)
    assert preflight.gap is not None
    observation = collect("host.user", root="/no/such/root")
    assert [gap.cause for gap in observation.gaps] == [Cause.UNREACHABLE]


@pytest.mark.parametrize(
    "settings",
    [
        {"rooot": "/"},
        {"root": "relative"},
        {"backup_sets": [{"name": "a", "path": "/b", "pattern": "no group"}]},
        {"backup_sets": [{"name": "a", "path": "/b", "pattern": "("}]},
        {"listeners": [{"port": 0}]},
    ],
)
def test_wrong_settings_are_refused(
    context: CollectionContext, settings: dict[str, object]
) -> None:
    target = Target("h", "host", "prod", settings=settings)
    with pytest.raises(ConfigError, match="h"):
        list(HostCollector().collect(target, ["host.user"], context))


def test_unknown_type_is_refused(context: CollectionContext) -> None:
    with pytest.raises(UsageError, match=r"host\.nothing"):
        list(HostCollector().collect(Target("h", "host", "prod"), ["host.nothing"], context))


def test_own_socket_is_found_with_its_program(collect: Collect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        listed = [{"port": port, "process": "pytest-or-python"}, {"port": 1}]
        row = rows(collect("host.listener", listeners=listed), "id")[f"tcp/127.0.0.1:{port}"]
        free = rows(collect("host.listener", listeners=[{"port": port}]), "id")
    assert row["loopback"] is True
    assert row["any_address"] is False
    assert row["processes"] == [Path("/proc/self/comm").read_text(encoding="utf-8").strip()]
    assert row["listed"] is False
    assert free[f"tcp/127.0.0.1:{port}"]["listed"] is True


def test_use_of_the_root_file_system_is_that_of_statvfs(collect: Collect) -> None:
    row = rows(collect("host.filesystem", data_mounts=["/"]), "mount_point")["/"]
    found = os.statvfs("/")
    assert row["size_kib"] == found.f_blocks * found.f_frsize // 1024
    assert row["listed"] is True
    used = found.f_blocks - found.f_bfree
    assert row["used_permille"] == pytest.approx(used * 1000 / (used + found.f_bavail), abs=3)


@_AS_ROOT
def test_append_only_and_immutable_are_seen(collect: Collect, tmp_path: Path) -> None:
    log = tmp_path / "incident.log"
    log.write_text("entry\n", encoding="utf-8")
    other = tmp_path / "other.log"
    other.write_text("x", encoding="utf-8")
    subprocess.run(["chattr", "+a", str(log)], check=True)
    try:
        wanted = [{"path": str(path), "digest": True} for path in (log, other, tmp_path / "none")]
        found = rows(collect("host.file", files=wanted), "path")
    finally:
        subprocess.run(["chattr", "-a", str(log)], check=True)
    assert found[str(log)]["append_only"] is True
    assert found[str(other)]["append_only"] is False
    assert found[str(other)]["sha256"] == (
        "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    )
    assert found[str(tmp_path / "none")]["exists"] is False


_AS_NOBODY = """
import json, os, sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from auditor.collectors.host import HostCollector
from auditor.collectors.interface import CollectionContext
from auditor.core.model.target import Target

collector = HostCollector()
names = sorted(collector.resource_types())

def collected():
    context = CollectionContext(clock=lambda: datetime.now(UTC), executor=ThreadPoolExecutor(1))
    target = Target("h", "host", "prod", settings=json.loads(sys.argv[1]))
    return [each.to_json() for each in collector.collect(target, names, context)]

collected()  # loads every module: nobody may not read the folders of this program
os.setgroups([]); os.setgid(65534); os.setuid(65534)
print(json.dumps(collected()))
"""


@_AS_ROOT
def test_without_rights_nothing_is_guessed(python: str, public_folder: Path) -> None:
    backups = public_folder
    (backups / "db_20260331.gz").write_bytes(b"secret")
    (backups / "db_20260331.gz").chmod(0o600)
    one = {"name": "b", "path": str(backups), "pattern": r"(?P<class>db)_(?P<slot>\d{8})\.gz"}
    done = subprocess.run(
        [python, "-c", _AS_NOBODY, json.dumps({"backup_sets": [one]})],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    found = {each["resource_type"]: each for each in json.loads(done.stdout)}
    for user in found["host.user"]["resources"]:
        assert user["unread"]["password"]["cause"] == "denied"
        assert "shadow" in user["unread"]["password"]["hint"]
        assert "password" not in user["data"]
    (backup,) = found["host.backup_file"]["resources"]
    assert backup["unread"]["read_to_end"]["cause"] == "denied"
    assert backup["data"]["manifest"] == "no_manifest"
    assert "sha256" not in backup["data"]
    for name in ("host.sudo_rule", "host.sudo_holder"):
        assert [gap["cause"] for gap in found[name]["gaps"]] == ["denied"]
        assert found[name]["resources"] == []
    assert found["host.cron_job"]["gaps"], "crontabs of users are not readable to nobody"
    (sshd,) = found["host.sshd"]["resources"]
    assert "permit_root_login" in sshd["unread"] or "permit_root_login" in sshd["data"]
