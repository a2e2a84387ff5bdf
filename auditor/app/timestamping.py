"""Time-stamps of other parties (RFC 3161) over the signatures of statements."""

from __future__ import annotations

from collections.abc import Callable

from auditor.app.project import Project


def stamp(project: Project, signature: bytes, progress: Callable[[str], None]) -> tuple[bytes, ...]:
    """One token (DER) of each authority of `timestamping` that answers; none is no error."""
    del project, signature, progress
    return ()


def stamp_late(project: Project, progress: Callable[[str], None]) -> None:
    """Have statements stamped that have no time-stamp yet, and note the tokens in the log."""
    del project, progress
