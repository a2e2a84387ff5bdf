"""A collector on a tree of files, on this machine, or as a user without rights."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.collectors.host import HostCollector
from auditor.collectors.interface import CollectionContext
from auditor.core.canonical import canonical
from auditor.core.model.fields import Record, typed_record
from auditor.core.model.observation import Observation
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.target import Target

Collect = Callable[..., Observation]

_PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
alice:x:1000:1000::/home/alice:/bin/bash
toor:x:0:0::/root:/bin/sh
"""
_GROUP = "root:x:0:\nsudo:x:27:alice\nalice:x:1000:\n"
_SHADOW = """root:!:19800:0:99999:7:::
daemon:*:1:0:99999:7:::
alice::19800:0:99999:7:::
toor:*:1::::::
"""


@pytest.fixture(scope="session")
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def context(executor: Executor) -> CollectionContext:
    return CollectionContext(clock=lambda: datetime.now(UTC), executor=executor)


@pytest.fixture
def collect(context: CollectionContext) -> Collect:
    """Collect one type with settings; what comes must keep the contract of collectors."""

    def run(name: str, **settings: object) -> Observation:
        collector = HostCollector()
        target = Target("this-host", "host", "prod", settings=settings)
        (observation,) = collector.collect(target, [name], context)
        keep_contract(collector.resource_types()[name], observation)
        return observation

    return run


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[Mapping[str, str | bytes]], Path]:
    """Write files below a root; a machine with four accounts is there already."""

    def write(files: Mapping[str, str | bytes]) -> Path:
        base: dict[str, str | bytes] = {
            "/etc/passwd": _PASSWD,
            "/etc/group": _GROUP,
            "/etc/shadow": _SHADOW,
            "/etc/hostname": "tree\n",
        }
        for path, content in {**base, **files}.items():
            place = tmp_path / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return write


def program(root: Path, path: str, text: str = "") -> None:
    """An executable file of a tree."""
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    place.chmod(0o755)


def touch(path: Path, when: datetime) -> None:
    """Set a file's modification time."""
    os.utime(path, (when.timestamp(), when.timestamp()))


def rows(observation: Observation, key: str) -> dict[str, Mapping[str, object]]:
    """Rows by one of their fields, which must be unique."""
    found = {str(resource.data[key]): resource.data for resource in observation.resources}
    assert len(found) == len(observation.resources)
    return found


def keep_contract(kind: ResourceType, observation: Observation) -> None:
    """Declared fields and no others, each read or explained, canonical, with provenance."""
    canonical(observation.to_json())
    assert Observation.from_json(observation.to_json()) == observation
    for resource in observation.resources:
        names = set(resource.data) | set(resource.unread)
        assert names == set(kind.fields.fields), names ^ set(kind.fields.fields)
        assert not set(resource.data) & set(resource.unread)
        typed_record(resource.data, _only(kind.fields, resource.data))
    typed_record(observation.facts, _only(kind.facts, observation.facts))
    assert set(observation.facts) <= set(kind.facts.fields)
    if not observation.gaps:
        typed_record(observation.facts, kind.facts)
    assert observation.identity.startswith("uid=")


def _only(record: Record, present: Mapping[str, object]) -> Record:
    fields = {name: field for name, field in record.fields.items() if name in present}
    return Record(fields, record.nullable)


@pytest.fixture(scope="session")
def python() -> str:
    """An interpreter that other users may run, with the path to our packages."""
    return sys.executable


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that other users may read: pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="auditor-host-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
