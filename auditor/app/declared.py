"""Judging what is written down and no target of the configuration names.

`auditor scan --manifests`, `--terraform-plan`, `--cloudformation`, `--compose`: each adds targets
for one run. They go through the same collectors, and are judged by the same controls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.app.project import Project, check_known
from auditor.app.selection import Selection
from auditor.catalog.config import TargetEntry
from auditor.errors import UsageError

STDIN = "-"


@dataclass(frozen=True, slots=True)
class DeclaredOption:
    """One option of the command line.

    Args:
        name: Of the option, and of the target that it adds.
        kind: Kind of that target.
        folders: Folders are taken, and all paths together are one target; else each is its own.
    """

    name: str
    kind: str
    help: str
    folders: bool = False

    @property
    def parameter(self) -> str:
        """Its name as an argument of a function."""
        return self.name.replace("-", "_")


OPTIONS = (
    DeclaredOption("manifests", "kubernetes-manifests", "Kubernetes manifests", folders=True),
    DeclaredOption("terraform-plan", "terraform-plan", "Terraform plan (terraform show -json)"),
    DeclaredOption("cloudformation", "cloudformation-template", "CloudFormation template"),
    DeclaredOption("compose", "compose-file", "Docker Compose file"),
)


def with_declared(
    project: Project, selection: Selection, given: Mapping[str, Sequence[str]]
) -> tuple[Project, Selection]:
    """The project with a target for each thing that is given, and a selection of these targets.

    What `--target` names is selected beside them; where nothing is given, nothing changes.

    Args:
        given: Name of an option to its paths; `-` is standard input.

    Raises:
        UsageError: A path is not there, standard input is asked for twice, or the environment is
            not clear: its parameters hold.
    """
    wanted = [(option, given[option.name]) for option in OPTIONS if given.get(option.name)]
    if not wanted:
        return project, selection
    for option, paths in wanted:
        _check_paths(option, paths)
    if [path for _option, paths in wanted for path in paths].count(STDIN) > 1:
        raise UsageError("standard input can be read once only", hint="give the others as files")
    environment = _environment(project, selection)
    entries = [
        TargetEntry.model_validate(
            {"name": name, "kind": option.kind, "environment": environment, **settings}
        )
        for option, paths in wanted
        for name, settings in _targets(option, paths)
    ]
    config = project.loaded.config
    known = {target.name for target in config.targets}
    for entry in entries:
        if entry.name in known:
            raise UsageError(
                f"auditor.yaml has a target {entry.name!r} already",
                hint=f"auditor scan --target {entry.name}",
            )
    extended = config.model_copy(update={"targets": (*config.targets, *entries)})
    names = tuple(entry.name for entry in entries)
    chosen = replace(selection, targets=(*selection.targets, *names))
    return replace(project, loaded=replace(project.loaded, config=extended)), chosen


def _check_paths(option: DeclaredOption, paths: Sequence[str]) -> None:
    for path in paths:
        if path == STDIN:
            continue
        place = Path(path)
        if not place.exists():
            what = "file or folder" if option.folders else "file"
            raise UsageError(f"there is no {what} {path}", hint=f"auditor scan --{option.name} -")
        if place.is_dir() and not option.folders:
            raise UsageError(f"{path} is a folder, and --{option.name} takes files")


def _targets(
    option: DeclaredOption, paths: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Names and settings; the second file of an option is `terraform-plan-2`."""
    if option.folders:
        yield option.name, {"paths": list(paths)}
        return
    for number, path in enumerate(paths, 1):
        yield option.name if number == 1 else f"{option.name}-{number}", {"path": path}


def _environment(project: Project, selection: Selection) -> str:
    """The one environment that is selected, or that there is."""
    known = tuple(project.loaded.config.environments)
    chosen = selection.environments or known
    problems = check_known("environment", chosen, known)
    if problems:
        raise UsageError("\n".join(problems))
    if len(chosen) != 1:
        raise UsageError(
            "what is declared is judged for one environment, and there are several",
            hint=f"--environment {known[0]}",
        )
    return chosen[0]
