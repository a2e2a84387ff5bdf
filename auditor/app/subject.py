"""What PATH of `auditor verify` and `auditor reperform` is: a store, a bundle, or a report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from auditor.app.project import LAST_CHECKPOINT, TRUST_FILE
from auditor.app.upkeep.stores import is_remote, open_store
from auditor.attest.package import ENTRIES, MANIFEST
from auditor.attest.reader import StoreReader
from auditor.catalog.config import CONFIG_FILE, load_config
from auditor.errors import UsageError
from auditor.store.interface import Store
from auditor.store.reader import FolderReader
from auditor.store.zip_reader import ZipReader

_ZIP_BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06")
_HINT = "auditor verify PATH --trust DIR"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be verified: exactly one of `store` and `package`, or neither for a lone report.

    Args:
        store: The evidence store.
        package: The members of a bundle.
        trust: Folder of the trust policy beside it, None where there is none.
        report: Report file to compare with the log and with what it says of its run.
        head: The checkpoint that was signed last from this working folder, None where none is kept.
    """

    store: Store | None = None
    package: StoreReader | None = None
    trust: Path | None = None
    report: Path | None = None
    head: Path | None = None


def find_subject(path: str | Path, store: str | Path | None = None) -> Subject:
    """What PATH is.

    Args:
        path: A working folder, a store (folder or `s3://`), a bundle (zip, or unpacked), a report.
        store: For a report: where its evidence is; the working folder at hand where it is None.

    Raises:
        UsageError: Nothing of the kind.
    """
    text = str(path)
    if is_remote(text):
        return Subject(store=_remote(text))
    place = Path(text)
    if not place.exists():
        raise UsageError(f"there is no {text}", hint=_HINT)
    if place.is_file():
        return _file(place, store)
    found = _folder(place)
    if found is None:
        raise UsageError(
            f"{text} is no working folder with {CONFIG_FILE}, no evidence store, no bundle and no"
            " report",
            hint=_HINT,
        )
    return found


def _file(path: Path, store: str | Path | None) -> Subject:
    if path.name == CONFIG_FILE:
        return _configured(path)
    if path.suffix == ".zip" or _begins_like_a_zip(path):
        return Subject(package=ZipReader(path))
    if store is not None:
        beside = find_subject(store)
        return Subject(beside.store, beside.package, beside.trust, path)
    found = _folder(Path())
    if found is None:
        return Subject(report=path)
    return replace(found, report=path)


def _folder(folder: Path) -> Subject | None:
    if (folder / CONFIG_FILE).is_file():
        return _configured(folder / CONFIG_FILE)
    if (folder / "log").is_dir() and (folder / ENTRIES).is_dir() and (folder / MANIFEST).exists():
        return Subject(package=FolderReader(folder))
    if (folder / "log").is_dir():
        trust = folder.parent / "trust"
        beside = trust if (trust / TRUST_FILE).is_file() else None
        return Subject(store=open_store(str(folder.absolute()), folder), trust=beside)
    return None


def _configured(path: Path) -> Subject:
    loaded = load_config(path)
    config = loaded.config
    store = open_store(config.store, loaded.folder, config.object_store)
    if not is_remote(config.store) and not (loaded.path(config.store) / "log").is_dir():
        place = loaded.path(config.store)
        raise UsageError(f"there is no evidence store in {place}", hint="auditor scan")
    trust = loaded.path(config.trust)
    head = trust / LAST_CHECKPOINT
    return Subject(store=store, trust=trust, head=head if head.is_file() else None)


def _remote(location: str) -> Store:
    """A bucket, reached as the working folder at hand says where it names the same one."""
    config = Path(CONFIG_FILE)
    if config.is_file():
        loaded = load_config(config)
        if loaded.config.store == location:
            return open_store(location, loaded.folder, loaded.config.object_store)
    return open_store(location, Path())


def _begins_like_a_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in _ZIP_BEGINNINGS
