"""Judging manifests that no target of the configuration names: `auditor scan --manifests`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from auditor.app.project import Project, check_known
from auditor.app.selection import Selection
from auditor.catalog.config import TargetEntry
from auditor.errors import UsageError

NAME = "manifests"
KIND = "kubernetes-manifests"
STDIN = "-"


def with_manifests(
    project: Project, selection: Selection, paths: Sequence[str]
) -> tuple[Project, Selection]:
    """The project with one target more, and a selection of it and of what `--target` names.

    Args:
        paths: Files, folders, or `-` for standard input.

    Raises:
        UsageError: A path is not there, or the environment is not clear: its parameters hold.
    """
    for path in paths:
        if path != STDIN and not Path(path).exists():
            raise UsageError(
                f"there is no file or folder {path}", hint="auditor scan --manifests -"
            )
    config = project.loaded.config
    if NAME in {target.name for target in config.targets}:
        raise UsageError(
            f"auditor.yaml has a target {NAME!r} already", hint=f"auditor scan --target {NAME}"
        )
    entry = TargetEntry.model_validate(
        {
            "name": NAME,
            "kind": KIND,
            "environment": _environment(project, selection),
            "paths": list(paths),
        }
    )
    extended = config.model_copy(update={"targets": (*config.targets, entry)})
    loaded = replace(project.loaded, config=extended)
    chosen = replace(selection, targets=(*selection.targets, NAME))
    return replace(project, loaded=loaded), chosen


def _environment(project: Project, selection: Selection) -> str:
    """The one environment that is selected, or that there is."""
    known = tuple(project.loaded.config.environments)
    chosen = selection.environments or known
    problems = check_known("environment", chosen, known)
    if problems:
        raise UsageError("\n".join(problems))
    if len(chosen) != 1:
        raise UsageError(
            "manifests are judged for one environment, and there are several",
            hint=f"--environment {known[0]}",
        )
    return chosen[0]
