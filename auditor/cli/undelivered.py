"""What reports say of notifications that did not reach anybody."""

from __future__ import annotations

from auditor.app.notifying.delivering import undelivered
from auditor.app.project import Project
from auditor.cli.common import note


def note_undelivered(project: Project) -> None:
    """Say on stderr how many wait after a failed attempt; nothing where none does."""
    waiting = undelivered(project)
    if waiting:
        told = "1 notification is" if len(waiting) == 1 else f"{len(waiting)} notifications are"
        note(f"{told} not delivered: auditor notify --list")
