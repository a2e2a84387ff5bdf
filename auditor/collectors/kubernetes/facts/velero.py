"""Velero: the backups of a schedule, and the storage that they go to (velero.io/v1)."""

from __future__ import annotations

from auditor.collectors.kubernetes.world import Item, World, mapping, text

_SCHEDULE = "velero.io/schedule-name"
_FINISHED = frozenset({"Completed", "PartiallyFailed", "Failed", "FailedValidation"})


def newest_backup_phase(_value: object, item: Item, world: World) -> str | None:
    """How its newest finished backup ended, null where none has."""
    newest = _newest(item, world)
    return None if newest is None else text(newest.status.get("phase"))


def newest_backup_errors(_value: object, item: Item, world: World) -> object:
    """Errors of it; Velero leaves 0 out."""
    newest = _newest(item, world)
    return None if newest is None else newest.status.get("errors", 0)


def newest_completed_at(_value: object, item: Item, world: World) -> str | None:
    """When the newest of its complete backups was complete, null where none is."""
    found = [
        text(backup.status.get("completionTimestamp"))
        for backup in _backups(item, world)
        if backup.status.get("phase") == "Completed"
    ]
    return max(found, default=None)  # RFC 3339 in UTC: the order of texts is the order of times


def _newest(item: Item, world: World) -> Item | None:
    finished = (b for b in _backups(item, world) if b.status.get("phase") in _FINISHED)
    return max(finished, key=lambda b: text(b.metadata.get("creationTimestamp")), default=None)


def _backups(item: Item, world: World) -> list[Item]:
    return world.find("VeleroBackup", _schedule_of, item.name, item.namespace)


def _schedule_of(backup: Item) -> tuple[str, ...]:
    return (text(mapping(backup.metadata.get("labels")).get(_SCHEDULE)),)


def backup_location(_value: object, item: Item, world: World) -> str:
    """Name of the storage; the default one where the schedule names none, "" where none is that.

    Raises:
        UnreadError: Storages could not be read.
    """
    named = text(mapping(item.spec.get("template")).get("storageLocation"))
    if named:
        return named
    locations = world.all("BackupStorageLocation", item.namespace)
    return next((one.name for one in locations if one.spec.get("default") is True), "")


def location_phase(_value: object, item: Item, world: World) -> str | None:
    """`Available` or `Unavailable`; null where there is no such storage, or none has looked."""
    name = backup_location(None, item, world)
    found = world.find("BackupStorageLocation", _by_name, name, item.namespace)
    return text(found[0].status.get("phase")) or None if found else None


def _by_name(item: Item) -> tuple[str, ...]:
    return (item.name,)
