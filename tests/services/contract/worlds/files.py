"""What is read from files: a tree that stands for a host, and manifests of Kubernetes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import yaml

from auditor.collectors.host import HostCollector
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.services.contract.reading import shut
from tests.services.contract.world import CannotBe, Trouble, World
from tests.services.kubernetes.objects_good import good
from tests.services.redaction.planted import Planted
from tests.services.redaction.systems import plant_host

NOTHING_SENT = CannotBe("files are not asked for: a read of this machine is not counted")
ONE_PIECE = CannotBe("a file is read whole")
AT_ONCE = CannotBe("a file answers at once; programs are timed in tests/services/host")
_HOST_SECRETS = (
    "cron_environment", "cron_bearer", "crontab_mysql", "crontab_variable", "script_aws_secret",
    "sudoers_comment", "sudoers_argument", "sshd_comment", "shadow_hash", "env_file",
    "authorized_key_option", "timer_option", "timer_environment", "logrotate_webhook",
    "archived_env_file", "journal_upload_url", "private_key_file", "chrony_key", "backup_config",
    "audit_rule_comment",
)  # fmt: skip


def state_of(folder: Path) -> Callable[[], object]:
    """Names, modes, times of change and content of everything below a folder."""

    def look() -> object:
        return [
            (str(path), path.lstat().st_mode, path.lstat().st_mtime_ns, _digest(path))
            for path in sorted(folder.rglob("*"))
        ]

    return look


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def closed(folder: Path) -> Path:
    """A folder to be shut while it is read."""
    folder.mkdir()
    return folder


@contextmanager
def host_world(folder: Path) -> Iterator[World]:
    """A tree with secrets in all the places where people put them."""
    root = folder / "root"
    root.mkdir()
    planted = Planted.make()
    settings = plant_host(root, planted)
    locked = closed(folder / "locked")
    plant_host(locked, planted)

    def target(place: Path) -> Target:
        return Target("tree", "host", "prod", settings={**settings, "root": str(place)})

    types = list(HostCollector().resource_types())
    yield World(
        target=target(root),
        state=state_of(root),
        secrets=[planted[kind] for kind in _HOST_SECRETS],
        denied=Trouble(
            target(locked), {Cause.DENIED}, meanwhile=partial(shut, locked), some_rights=True
        ),
        timeout=AT_ONCE,
        unreachable=Trouble(target(folder / "none"), {Cause.UNREACHABLE}),
        pages=ONE_PIECE,
        requests=NOTHING_SENT,
        keys={"host.log_file": "path"},
        silent=["host.restore_test"],
        gaps=dict.fromkeys(types, "a tree has no kernel and no programs, and not every file"),
    )


@contextmanager
def manifests_world(folder: Path) -> Iterator[World]:
    """The good cluster's objects, as somebody wrote them down."""
    place = folder / "manifests"
    place.mkdir()
    objects = [*good(datetime.now(UTC)).values(), _SECRET]
    (place / "all.yaml").write_text(yaml.safe_dump_all(objects), "utf-8")
    locked = closed(folder / "locked")
    (locked / "all.yaml").write_text("", "utf-8")

    def target(path: Path) -> Target:
        settings = {"paths": [str(path)]}
        return Target("files", "kubernetes-manifests", "prod", settings=settings, declared=True)

    yield World(
        target=target(place),
        state=state_of(place),
        secrets=[SECRET],
        denied=Trouble(
            target(locked), {Cause.DENIED}, meanwhile=partial(shut, locked), answers=True
        ),
        timeout=AT_ONCE,
        unreachable=Trouble(target(folder / "none"), {Cause.NOT_COLLECTED}, answers=True),
        pages=ONE_PIECE,
        requests=NOTHING_SENT,
    )


SECRET = "UGw0bnRlZC1pbi1hLXNlY3JldA=="
_SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "planted", "namespace": "shop"},
    "data": {"password": SECRET},
}
