"""Controls, frameworks and the catalogue of known checks, from folders.

A folder holds `<domain>/<control-id>/control.yaml` and `frameworks/*.yaml`. Several folders make
one library: a later one adds controls, and may *extend* an earlier control by id (other parameter
defaults, another owner, more mappings); it can never silently replace one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field, ValidationError

from auditor.catalog.source import Source, did_you_mean, parse_yaml, validate
from auditor.core.model.control import Control, Model, Owner, RequirementMapping
from auditor.core.model.framework import Framework
from auditor.core.model.ident import Id
from auditor.errors import DefinitionError, NothingEvaluatedError, Problem, UsageError

CONTROL_FILE = "control.yaml"


class ParameterOverride(Model):
    """Another default for a parameter of an extended control."""

    default: object


class ControlExtension(Model):
    """What a later library changes about an earlier control."""

    extends: Id
    owner: Owner | None = None
    parameters: dict[str, ParameterOverride] = Field(default_factory=dict)
    maps: dict[Id, tuple[RequirementMapping, ...]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoadedControl:
    """A control, the file it stands in, and the files that extended it."""

    control: Control
    source: Source
    folder: Path
    extended_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One row of `controls/catalogue.csv`: a check that is known in the field."""

    id: str
    title: str
    collector: str
    severity: str
    on_empty: str
    freshness: str
    soc2: tuple[str, ...]
    iso27001: tuple[str, ...]
    equivalents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that was loaded, by id."""

    controls: Mapping[str, LoadedControl]
    frameworks: Mapping[str, Framework]
    catalogue: Mapping[str, CatalogueEntry] = field(default_factory=dict)

    def sorted_controls(self) -> list[Control]:
        """The controls in order of id."""
        return [self.controls[i].control for i in sorted(self.controls)]


def load_library(folders: Sequence[Path]) -> Library:
    """The library of all folders together.

    Raises:
        UsageError: A folder does not exist.
        NothingEvaluatedError: There is no control in any of them.
        DefinitionError: With every problem in every file.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"the controls folder {folder} does not exist")
    problems: list[Problem] = []
    controls: dict[str, LoadedControl] = {}
    frameworks: dict[str, Framework] = {}
    catalogue: dict[str, CatalogueEntry] = {}
    for folder in folders:
        for path in sorted(folder.rglob(CONTROL_FILE)):
            problems += _collect(_add_control, path, folder, controls)
        for path in sorted((folder / "frameworks").glob("*.yaml")):
            problems += _collect(_add_framework, path, folder, frameworks)
        catalogue |= load_catalogue(folder / "catalogue.csv")
    if problems:
        raise DefinitionError(problems)
    if not controls:
        names = ", ".join(str(folder) for folder in folders) or "no folder"
        raise NothingEvaluatedError(
            f"no control found in {names}",
            hint=f"a control is a file <folder>/*/<id>/{CONTROL_FILE}",
        )
    return Library(controls, frameworks, catalogue)


def _collect(add: object, path: Path, folder: Path, into: object) -> Sequence[Problem]:
    """Load one file; its problems do not keep the other files from being read."""
    try:
        add(path, folder, into)  # type: ignore[operator]
    except DefinitionError as error:
        return error.problems
    return ()


def _add_control(path: Path, folder: Path, controls: dict[str, LoadedControl]) -> None:
    source = parse_yaml(path.read_text("utf-8"), display_name(path, folder))
    if isinstance(source.data, Mapping) and "extends" in source.data:
        _extend(source, validate(source, ControlExtension), controls)
        return
    control = validate(source, Control)
    if control.id != path.parent.name:
        message = f"id is `{control.id}` and the folder is `{path.parent.name}`: make them equal"
        raise DefinitionError([source.problem(("id",), message)])
    if control.id in controls:
        first = controls[control.id].source.name
        hint = "write `extends: <id>` to change parameters, owner or mappings of the first one"
        message = f"the control `{control.id}` is already defined in {first}"
        raise DefinitionError([source.problem(("id",), message, hint)])
    controls[control.id] = LoadedControl(control, source, path.parent)


def _extend(
    source: Source, extension: ControlExtension, controls: dict[str, LoadedControl]
) -> None:
    loaded = controls.get(extension.extends)
    if loaded is None:
        message = f"no control `{extension.extends}`{did_you_mean(extension.extends, controls)}"
        raise DefinitionError([source.problem(("extends",), message)])
    control = loaded.control
    document = control.model_dump(mode="python", by_alias=True)
    for name, override in extension.parameters.items():
        if name not in control.parameters:
            message = f"no parameter `{name}`{did_you_mean(name, control.parameters)}"
            raise DefinitionError([source.problem(("parameters", name), message, key=True)])
        document["parameters"][name]["default"] = override.default
    if extension.owner is not None:
        document["owner"] = extension.owner.model_dump()
    for framework, mappings in extension.maps.items():
        existing = document["maps"].get(framework, ())
        document["maps"][framework] = (*existing, *(m.model_dump() for m in mappings))
    try:
        changed = Control.model_validate(document)
    except ValidationError as error:
        message = "; ".join(str(item["msg"]) for item in error.errors())
        raise DefinitionError([source.problem(("parameters",), message)]) from error
    controls[control.id] = LoadedControl(
        changed, loaded.source, loaded.folder, (*loaded.extended_by, source.name)
    )


def _add_framework(path: Path, folder: Path, frameworks: dict[str, Framework]) -> None:
    source = parse_yaml(path.read_text("utf-8"), display_name(path, folder))
    framework = validate(source, Framework)
    if framework.id in frameworks:
        message = f"the framework `{framework.id}` is defined twice"
        raise DefinitionError([source.problem(("id",), message)])
    frameworks[framework.id] = framework


def load_catalogue(path: Path) -> dict[str, CatalogueEntry]:
    """The catalogue of known checks; empty where the library has none."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {entry.id: entry for entry in _catalogue_entries(csv.DictReader(file))}


def _catalogue_entries(rows: Iterable[Mapping[str, str]]) -> Iterator[CatalogueEntry]:
    for row in rows:
        yield CatalogueEntry(
            id=row["id"],
            title=row["title"],
            collector=row["collector"],
            severity=row["severity"],
            on_empty=row["on_empty"],
            freshness=row["freshness"],
            soc2=tuple(row["soc2"].split()),
            iso27001=tuple(row["iso27001"].split()),
            equivalents=tuple(row["equivalents"].split()),
        )


def display_name(path: Path, folder: Path) -> str:
    """How messages call a file: from its library's folder on."""
    return str(Path(folder.name) / path.relative_to(folder))
