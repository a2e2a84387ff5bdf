"""What lies below a mount: its devices, their layers, and whether all pass dm-crypt."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.collectors.host.errors import Unread, from_os_error, unparsable
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.parse.mounts import Mount
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_BLOCK = "/sys/class/block"
_MAX_DEPTH = 16
# cryptsetup names what it sets up CRYPT-TYPE-...; VERITY and INTEGRITY encrypt nothing.
_CIPHERS = frozenset({"LUKS1", "LUKS2", "PLAIN", "TCRYPT", "BITLK", "FVAULT2"})


def encryption_below(machine: Machine, mount: Mount) -> dict[str, object]:
    """The fields `encrypted`, `layers` and `devices` of a mount.

    Raises:
        Unread: The layers cannot be seen from here: a network, a loop device, ZFS, an overlay.
    """
    layers: list[str] = []
    devices = [_device(machine, path) for path in _sources(machine, mount)]
    encrypted = [_encrypted(machine, device, layers, 0) for device in devices]
    return {"encrypted": all(encrypted), "layers": layers, "devices": devices}


def _sources(machine: Machine, mount: Mount) -> Sequence[str]:
    if not mount.source.startswith("/dev/"):
        detail = f"{mount.fs_type} on {mount.point} is no block device: its layers are not visible"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, subject=mount.point))
    if mount.fs_type != "btrfs":
        return [mount.source]
    # btrfs spans devices, and /proc/mounts names one of them
    name = _device(machine, mount.source)
    for uuid in machine.names("/sys/fs/btrfs") or ():
        devices = machine.names(f"/sys/fs/btrfs/{uuid}/devices") or ()
        if name in devices:
            return [f"/dev/{device}" for device in devices]
    detail = f"the devices of btrfs on {mount.point} are not listed in /sys/fs/btrfs"
    raise Unread(Gap(Cause.NOT_SUPPORTED, detail, subject=mount.point))


def _device(machine: Machine, source: str) -> str:
    """The kernel's name: /dev/mapper/root is a link to /dev/dm-0."""
    try:
        name = machine.path(source).resolve(strict=True).name
    except OSError as error:
        raise from_os_error(error, source, "resolve") from error
    if not machine.exists(f"{_BLOCK}/{name}"):
        detail = f"{source} is not in {_BLOCK}"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, subject=source))
    return name


def _encrypted(machine: Machine, device: str, layers: list[str], depth: int) -> bool:
    """dm-crypt itself, or standing on devices that all are."""
    uuid = (machine.text(f"{_BLOCK}/{device}/dm/uuid") or "").strip()
    layers.append(f"{device} ({uuid.rsplit('-', 1)[0][:40]})" if uuid else device)
    if uuid.startswith("CRYPT-") and uuid.split("-")[1] in _CIPHERS:
        return True
    if device.startswith("loop"):
        detail = f"{device} is a file on another file system: look at that one"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, subject=device))
    if depth > _MAX_DEPTH:
        raise Unread(unparsable(f"{_BLOCK}/{device}", "its layers do not end"))
    below = machine.names(f"{_BLOCK}/{device}/slaves") or ()
    if not below and machine.exists(f"{_BLOCK}/{device}/partition"):
        parent = machine.path(f"{_BLOCK}/{device}").resolve().parent.name
        return _encrypted(machine, parent, layers, depth + 1)
    answers = [_encrypted(machine, each, layers, depth + 1) for each in below]
    return bool(answers) and all(answers)
