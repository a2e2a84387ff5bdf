"""An organisation that keeps a register, a document and a history, and time servers to ask."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from auditor.collectors.own_records import Reading
from auditor.collectors.records import RecordsCollector
from auditor.core.model.observation import Call, Resource
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.services.contract.reading import Clock, shut
from tests.services.contract.silence import silent_port
from tests.services.contract.world import CannotBe, Trouble, World
from tests.services.contract.worlds.files import closed, state_of
from tests.services.tls.servers import http_server
from tests.unit.collectors.records.reading import InMemory, write

_KEPT = ("records.register.contacts", "records.register.privacy_notices", "records.change",
         "records.clock", "records.document")  # fmt: skip
_IN_FOLDERS = ("records.register.", "records.attestation.", "records.document")
_DOCUMENT = """---
id: note
title: Note
kind: policy
version: "1"
owner: head-of-things
approved_by: Ann
approved_at: '2026-10-01T09:00:00Z'
review_due: '2027-10-01T09:00:00Z'
---
# Note
"""
_SECRET = "Pl4nted-in-a-file-beside"


@contextmanager
def records_world(folder: Path) -> Iterator[World]:
    """Three kinds of records; the other types say that nobody keeps them."""
    project, locked = folder / "project", closed(folder / "locked")
    _keep(project)
    types = list(RecordsCollector().resource_types())
    with http_server(lambda _path, _body: (200, b"")) as first, silent_port() as silent:

        def target(*ports: int, **settings: object) -> Target:
            sources = [f"http://127.0.0.1:{port}" for port in ports]
            return Target("us", "organisation", "prod", {}, {"time_sources": sources, **settings})

        good = target(first, first)
        yield World(
            target=good,
            state=state_of(project),
            secrets=[_SECRET],
            denied=Trouble(
                target(first, first, registers="../locked", documents="../locked"),
                {Cause.DENIED},
                types=[name for name in types if name.startswith(_IN_FOLDERS)],
                meanwhile=partial(shut, locked),
                answers=True,
            ),
            timeout=Trouble(
                target(silent, silent), {Cause.TIMEOUT}, types=["records.clock"], answers=True
            ),
            unreachable=Trouble(good, {Cause.NOT_COLLECTED}, project=False),
            pages=CannotBe("a file is read whole"),
            requests=CannotBe("only time servers are asked, and they keep no count here"),
            keys={"records.clock": "id"},
            moving={"records.clock": ["worst_offset"]},
            gaps={name: "nobody keeps it here" for name in types if name not in _KEPT},
            silent=[name for name in types if name != "records.clock"],
            records=InMemory(
                project, attestations="../locked", readings={"records.clock": _clock()}
            ),
        )


def _clock() -> Reading:
    return Reading(
        [Resource({"id": "clock", "behind_head": False})], {}, (), [Call("x", "local", Clock()())]
    )


def _keep(project: Path) -> None:
    write(project, "registers/contacts.yaml", "complete_at: '2026-10-01T09:00:00Z'\nrows: []\n")
    write(
        project, "registers/privacy_notices.yaml", "complete_at: '2026-10-01T09:00:00Z'\nrows: []\n"
    )
    write(project, "documents/note.md", _DOCUMENT)
    write(project, "secret.env", f"TOKEN={_SECRET}\n")
    write(project, "auditor.yaml", "version: 1\n")
    for command in (["init", "-q"], ["add", "auditor.yaml"], ["commit", "-q", "-m", "First"]):
        who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        subprocess.run(["git", *who, *command], cwd=project, check=True)
