"""Controls, frameworks and the catalogue of known checks, from folders.

A folder holds `<domain>/<control-id>/control.yaml` and `frameworks/*.yaml`. Several folders make
one library: a later one adds controls, and may *extend* an earlier control by id (other parameter
defaults, another owner, more mappings); it can never silently replace one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from pydantic import Field

from auditor.catalog.source import Location, Source, did_you_mean, read_yaml, validate
from auditor.core.model.control import Control, Model, Owner, RequirementMapping
from auditor.core.model.framework import Framework
from auditor.core.model.ident import Id
from auditor.core.model.query import Query
from auditor.core.times import parse_duration
from auditor.errors import DefinitionError, NothingEvaluatedError, Problem, UsageError

CONTROL_FILE = "control.yaml"
CATALOGUE_FILE = "catalogue.csv"


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


_COLUMNS = tuple(field.name for field in fields(CatalogueEntry))
_LISTS = ("soc2", "iso27001", "equivalents")


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
        problems += _misnamed(folder)
        for path in sorted((folder / "frameworks").glob("*.yaml")):
            problems += _collect(_add_framework, path, folder, frameworks)
        problems += _collect(_add_catalogue, folder / CATALOGUE_FILE, folder, catalogue)
    problems += _queries_that_differ(controls)
    if problems:
        raise DefinitionError(problems)
    if not controls:
        names = ", ".join(str(folder) for folder in folders) or "no folder"
        raise NothingEvaluatedError(
            f"no control found in {names}",
            hint=f"a control is a file <folder>/*/<id>/{CONTROL_FILE}",
        )
    return Library(controls, frameworks, catalogue)


def _queries_that_differ(controls: Mapping[str, LoadedControl]) -> Iterator[Problem]:
    """A type that two queries make: one name would stand for two things."""
    first: dict[str, tuple[LoadedControl, Location, Query]] = {}
    for _id, loaded in sorted(controls.items()):
        for index, check in enumerate(loaded.control.checks):
            at: Location = ("checks", index, "query")
            if check.query is None or at not in loaded.source.keys:
                continue  # a check that uses the query of another one of its control
            known = first.setdefault(check.resource, (loaded, at, check.query))
            if known[1] == at and known[0] is loaded:
                continue
            place = known[0].source.where(known[1], key=True)
            if known[2] != check.query:
                message = f"`{check.resource}` is made by another query at {place}"
            elif known[0] is not loaded:
                message = f"`{check.resource}` is made by a query with other parameters at {place}"
            else:
                continue
            hint = "give the type another name: `sql.<name>`"
            yield loaded.source.problem(at, message, hint, key=True)


def _misnamed(folder: Path) -> list[Problem]:
    """Files that look like controls and would be passed over in silence."""
    names = sorted(path for s in ("yml", "YAML", "YML") for path in folder.rglob(f"control.{s}"))
    message = f"a control's file is called {CONTROL_FILE}"
    return [Problem(f"{display_name(path, folder)}:1:1", message) for path in names]


def _collect(add: object, path: Path, folder: Path, into: object) -> Sequence[Problem]:
    """Load one file; its problems do not keep the other files from being read."""
    try:
        add(path, folder, into)  # type: ignore[operator]
    except DefinitionError as error:
        return error.problems
    return ()


def _add_control(path: Path, folder: Path, controls: dict[str, LoadedControl]) -> None:
    source = read_yaml(path, display_name(path, folder))
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
    controls[control.id] = LoadedControl(control.with_queries(), source, path.parent)


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
        changed = _other_default(source, control, name, override)
        document["parameters"][name] |= changed
    if extension.owner is not None:
        document["owner"] = extension.owner.model_dump()
    for framework, mappings in extension.maps.items():
        existing = document["maps"].get(framework, ())
        document["maps"][framework] = (*existing, *(m.model_dump() for m in mappings))
    controls[control.id] = LoadedControl(
        Control.model_validate(document),
        loaded.source,
        loaded.folder,
        (*loaded.extended_by, source.name),
    )


def _other_default(
    source: Source, control: Control, name: str, override: ParameterOverride
) -> dict[str, object]:
    """The changed fields of a parameter.

    The direction stays that of the first definition: told from the new default, one beyond
    `loosest` would turn it round.
    """
    parameter = control.parameters.get(name)
    if parameter is None:
        message = f"no parameter `{name}`{did_you_mean(name, control.parameters)}"
        raise DefinitionError([source.problem(("parameters", name), message, key=True)])
    try:
        parameter.check(override.default)
    except ValueError as error:
        problem = source.problem(("parameters", name, "default"), f"{name}: {error}")
        raise DefinitionError([problem]) from error
    return {"default": override.default, "looser": parameter.direction()}


def load_frameworks(folder: Path) -> dict[str, Framework]:
    """The frameworks of one folder of controls, without its controls.

    Raises:
        DefinitionError: A file is wrong.
    """
    frameworks: dict[str, Framework] = {}
    for path in sorted((folder / "frameworks").glob("*.yaml")):
        _add_framework(path, folder, frameworks)
    return frameworks


def _add_framework(path: Path, folder: Path, frameworks: dict[str, Framework]) -> None:
    source = read_yaml(path, display_name(path, folder))
    framework = validate(source, Framework)
    if framework.id in frameworks:
        message = f"the framework `{framework.id}` is defined twice"
        raise DefinitionError([source.problem(("id",), message)])
    frameworks[framework.id] = framework


def _add_catalogue(path: Path, folder: Path, catalogue: dict[str, CatalogueEntry]) -> None:
    catalogue |= load_catalogue(path, display_name(path, folder))


def load_catalogue(path: Path, name: str = CATALOGUE_FILE) -> dict[str, CatalogueEntry]:
    """The catalogue of known checks; empty where the library has none.

    Args:
        name: How messages call the file.

    Raises:
        DefinitionError: It is not CSV in UTF-8 with the columns of `CatalogueEntry`.
    """
    if not path.is_file():
        return {}
    entries: dict[str, CatalogueEntry] = {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            header = next(rows, [])
            for cells in rows:
                entry = _catalogue_entry(header, cells)
                if entry.id in entries:
                    raise ValueError(f"the check `{entry.id}` stands here twice")
                entries[entry.id] = entry
        except (ValueError, csv.Error) as error:
            place = f"{name}:{max(rows.line_num, 1)}:1"
            raise DefinitionError([Problem(place, f"not a catalogue: {error}")]) from error
    return entries


def _catalogue_entry(header: Sequence[str], cells: Sequence[str]) -> CatalogueEntry:
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise ValueError(f"no column {', '.join(missing)}")
    if len(cells) != len(header):
        raise ValueError(f"a row of {len(cells)} cells, expected {len(header)}")
    row = dict(zip(header, cells, strict=True))
    parse_duration(row["freshness"])
    text = {column: row[column] for column in _COLUMNS}
    lists = {column: tuple(text.pop(column).split()) for column in _LISTS}
    return CatalogueEntry(**text, **lists)  # type: ignore[arg-type]  # columns are its fields


def display_name(path: Path, folder: Path) -> str:
    """How messages call a file: from its library's folder on."""
    return str(Path(folder.name) / path.relative_to(folder))
