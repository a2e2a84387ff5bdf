"""What the kernel shows below /sys and /proc, rebuilt as a tree where this kernel has it not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.collectors.host import HostCollector
from auditor.collectors.host.errors import Unread
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.parse.accounts import Account, Group
from auditor.collectors.host.parse.mounts import Mount
from auditor.collectors.host.parse.sudo import Rule
from auditor.collectors.host.read.block_devices import encryption_below
from auditor.collectors.host.read.mac import state_of
from auditor.collectors.host.read.packages import installed_kernel, waiting_row
from auditor.collectors.host.read.sudo import People
from auditor.core.model.status import Cause
from tests.services.host.conftest import Collect

pytestmark = pytest.mark.service
Tree = Callable[[Mapping[str, str | bytes]], Path]
_LUKS = "CRYPT-LUKS2-0123456789abcdef-root\n"


def _machine(root: Path, timeout_s: float = 30) -> Machine:
    return Machine(root, "tree", lambda: datetime.now(UTC), timeout_s)


def _block(root: Path, device: str, *slaves: str, uuid: str = "", parent: str = "") -> None:
    """A block device as sysfs shows it; a partition lies in the folder of its disk."""
    place = root / "sys/devices" / parent / device
    place.mkdir(parents=True)
    if parent:
        (place / "partition").write_text("1\n", encoding="utf-8")
    if uuid:
        (place / "dm").mkdir()
        (place / "dm/uuid").write_text(uuid, encoding="utf-8")
    for slave in slaves:
        (place / "slaves" / slave).mkdir(parents=True)
    by_name = root / "sys/class/block"
    by_name.mkdir(parents=True, exist_ok=True)
    (by_name / device).symlink_to(f"../../devices/{parent + '/' if parent else ''}{device}")
    (root / "dev").mkdir(exist_ok=True)
    (root / f"dev/{device}").write_bytes(b"")


def _below(root: Path, source: str, fs_type: str = "ext4") -> Mapping[str, object]:
    return encryption_below(_machine(root), Mount(source, "/srv", fs_type, ("rw",)))


def test_volume_on_an_encrypted_partition(tmp_path: Path) -> None:
    _block(tmp_path, "vda")
    _block(tmp_path, "vda2", parent="vda")
    _block(tmp_path, "dm-0", "vda2", uuid=_LUKS)
    _block(tmp_path, "dm-1", "dm-0", uuid="LVM-abc\n")
    (tmp_path / "dev/mapper").mkdir()
    (tmp_path / "dev/mapper/vg-srv").symlink_to("../dm-1")
    found = _below(tmp_path, "/dev/mapper/vg-srv")
    assert found["encrypted"] is True
    assert found["devices"] == ["dm-1"]
    assert _below(tmp_path, "/dev/vda2") == {
        "encrypted": False,
        "layers": ["vda2", "vda"],
        "devices": ["vda2"],
    }


def test_volume_on_two_disks_is_encrypted_only_if_both_are(tmp_path: Path) -> None:
    _block(tmp_path, "vdb")
    _block(tmp_path, "vdc")
    _block(tmp_path, "dm-0", "vdb", uuid=_LUKS)
    _block(tmp_path, "dm-2", "vdc", uuid=_LUKS)
    _block(tmp_path, "dm-1", "dm-0", "vdc", uuid="LVM-half\n")
    _block(tmp_path, "dm-3", "dm-0", "dm-2", uuid="LVM-whole\n")
    assert _below(tmp_path, "/dev/dm-1")["encrypted"] is False
    assert _below(tmp_path, "/dev/dm-3")["encrypted"] is True


def test_btrfs_on_two_devices(tmp_path: Path) -> None:
    _block(tmp_path, "vdb")
    _block(tmp_path, "dm-0", "vdb", uuid=_LUKS)
    _block(tmp_path, "vdc")
    with pytest.raises(Unread, match="not listed"):
        _below(tmp_path, "/dev/dm-0", "btrfs")
    for device in ("dm-0", "vdc"):
        (tmp_path / "sys/fs/btrfs/some-uuid/devices" / device).mkdir(parents=True)
    assert _below(tmp_path, "/dev/dm-0", "btrfs")["encrypted"] is False


@pytest.mark.parametrize("source", ["tank/data", "/dev/loop0", "/dev/gone", "/dev/null"])
def test_layers_that_cannot_be_seen_are_unread(tmp_path: Path, source: str) -> None:
    _block(tmp_path, "loop0")
    (tmp_path / "dev/null").write_bytes(b"")
    with pytest.raises(Unread):
        _below(tmp_path, source)


_APPARMOR = {"/sys/module/apparmor/parameters/enabled": "Y\n"}
_PROFILES = "/sys/kernel/security/apparmor/profiles"


@pytest.mark.parametrize(
    ("files", "framework", "enforcing"),
    [
        ({}, "none", False),
        ({"/sys/fs/selinux/enforce": "1"}, "selinux", True),
        ({"/sys/fs/selinux/enforce": "0"}, "selinux", False),
        ({**_APPARMOR, _PROFILES: "/usr/bin/man (enforce)\nx (complain)\n"}, "apparmor", True),
        ({**_APPARMOR, _PROFILES: "x (complain)\n"}, "apparmor", False),
        ({"/sys/module/apparmor/parameters/enabled": "N\n"}, "none", False),
    ],
)
def test_mandatory_access_control(
    tree: Tree,
    files: Mapping[str, str],
    framework: str,
    enforcing: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    found = state_of(_machine(tree(files)))
    assert (found["framework"], found["enforcing"]) == (framework, enforcing)


@pytest.mark.parametrize("files", [_APPARMOR, {**_APPARMOR, _PROFILES: "odd line\n"}])
def test_profiles_that_cannot_be_read_are_not_called_off(
    tree: Tree, files: Mapping[str, str]
) -> None:
    with pytest.raises(Unread):
        state_of(_machine(tree(files)))


def test_time_daemon_by_its_configuration(collect: Collect, tree: Tree) -> None:
    chrony = {
        "/etc/chrony/chrony.conf": "pool a.example iburst\nsourcedir /etc/chrony/s\n# server no\n",
        "/etc/chrony/s/x.sources": "server b.example\n",
    }
    (row,) = collect("host.time", root=str(tree(chrony))).resources
    assert (row.data["daemon"], row.data["sources"]) == ("chrony", ["a.example", "b.example"])
    assert row.unread["synchronised"].cause is Cause.NOT_SUPPORTED


def test_time_servers_of_timesyncd(collect: Collect, tree: Tree) -> None:
    files = {"/etc/systemd/timesyncd.conf": "[Time]\nNTP=c.example d.example\nFallbackNTP=e\n"}
    (row,) = collect("host.time", root=str(tree(files))).resources
    assert row.data["daemon"] == "systemd-timesyncd"
    assert row.data["sources"] == ["c.example", "d.example"]


def test_commands_that_fail_are_gaps(tmp_path: Path) -> None:
    machine = _machine(Path("/"), timeout_s=0.2)
    for command, cause in (
        (("sleep", "5"), Cause.TIMEOUT),
        (("no-such-program",), Cause.NOT_SUPPORTED),
        (("ls", "/no/such/folder"), Cause.UNPARSABLE),
    ):
        with pytest.raises(Unread) as caught:
            machine.run(*command)
        assert caught.value.gap.cause is cause
    assert [call.ok for call in machine.calls if not call.request.startswith("which")] == [
        False
    ] * 2
    with pytest.raises(Unread, match="running machine"):
        _machine(tmp_path).run("true")


def _rule(principal: str, kind: str) -> Rule:
    return Rule(
        principal,
        kind,
        negated=False,
        hosts=("ALL",),
        run_as_users=(),
        run_as_groups=(),
        commands=("ALL",),
        nopasswd=False,
        setenv=False,
    )


_PEOPLE = (
    [Account("alice", "x", 1000, 27, "/", "/bin/sh"), Account("bob", "x", 1001, 1, "/", "/bin/sh")],
    [Group("sudo", 27, ("bob",))],
)


@pytest.mark.parametrize(
    ("principal", "kind", "members"),
    [
        ("%sudo", "group", ["alice", "bob"]),
        ("%#27", "gid", ["alice", "bob"]),
        ("%none", "group", []),
        ("#1001", "uid", ["bob"]),
        ("ALL", "all", ["alice", "bob"]),
        ("zoe", "user", ["zoe"]),
    ],
)
def test_whom_a_sudo_rule_means(principal: str, kind: str, members: list[str]) -> None:
    assert People(*_PEOPLE, ()).members(_rule(principal, kind)) == members


@pytest.mark.parametrize(
    ("principal", "kind", "abroad"),
    [("+ops", "netgroup", ()), ("%sudo", "group", ("sss",)), ("ALL", "all", ("sss",))],
)
def test_members_in_a_directory_service_are_unread(
    principal: str, kind: str, abroad: tuple[str, ...]
) -> None:
    with pytest.raises(Unread) as caught:
        People(*_PEOPLE, abroad).members(_rule(principal, kind))
    assert caught.value.gap.cause is Cause.NOT_SUPPORTED


@pytest.mark.parametrize("kind", ["INTEGRITY", "VERITY", "LUKS1", "BITLK", "TCRYPT", "PLAIN"])
def test_layer_of_dm_crypt_that_encrypts(tmp_path: Path, kind: str) -> None:
    _block(tmp_path, "vdb")
    _block(tmp_path, "dm-0", "vdb", uuid=f"CRYPT-{kind}-0123456789abcdef-data\n")
    assert _below(tmp_path, "/dev/dm-0")["encrypted"] is (kind not in ("INTEGRITY", "VERITY"))


def test_encryption_above_or_below_integrity_counts(tmp_path: Path) -> None:
    _block(tmp_path, "vdb")
    _block(tmp_path, "dm-0", "vdb", uuid=_LUKS)
    _block(tmp_path, "dm-1", "dm-0", uuid="CRYPT-INTEGRITY-0123456789abcdef-data\n")
    assert _below(tmp_path, "/dev/dm-1")["encrypted"] is True


def test_no_kernel_in_boot_is_right_for_a_container_only(tree: Tree) -> None:
    with pytest.raises(Unread, match="not known to be a container"):
        installed_kernel(_machine(tree({})))
    assert installed_kernel(_machine(tree({"/.dockerenv": ""}))) is None
    root = tree({"/boot/vmlinuz-6.1.0-9-amd64": "", "/boot/vmlinuz-6.1.0-10-amd64": ""})
    assert installed_kernel(_machine(root)) == "6.1.0-10-amd64"


def test_update_that_apt_keeps_back_is_a_row_of_unknown_origin(tree: Tree) -> None:
    row = waiting_row(_machine(tree({})), "openssl:i386", {"openssl"}, None)
    assert (row.data["id"], row.data["held"]) == ("openssl:i386", True)
    assert row.unread["security"].cause is Cause.INCOMPLETE
    declared = HostCollector().resource_types()["host.pending_update"].fields.fields
    assert set(row.data) | set(row.unread) == set(declared)
    assert waiting_row(_machine(tree({})), "a", set(), None).data["id"] == "a:native"
