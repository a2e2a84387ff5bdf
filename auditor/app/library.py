"""Loading a library and finding everything wrong with it before it is used."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from auditor.app.lint_cache import CleanLibraries, cache_folder, library_digest
from auditor.app.registry import Collectors
from auditor.catalog.config import SHIPPED
from auditor.catalog.library import Library, load_frameworks, load_library
from auditor.catalog.lint import Diagnostic, LintContext, lint
from auditor.core.expression.interface import Engine
from auditor.core.model.control import query_types
from auditor.core.model.query import COLLECTOR as QUERY_COLLECTOR
from auditor.errors import DefinitionError
from auditor.shipped import shipped


def controls_folders(entries: Sequence[str], base: Path) -> list[Path]:
    """The folders of `controls:` entries, `package:auditor` being the shipped one."""
    return [shipped("controls") if e == SHIPPED else (base / e).resolve() for e in entries]


def lint_library(library: Library, collectors: Collectors, engine: Engine) -> list[Diagnostic]:
    """Every diagnostic of every rule.

    A library without frameworks of its own maps to the shipped ones.
    """
    if not library.frameworks:
        library = replace(library, frameworks=load_frameworks(shipped("controls")))
    context = LintContext(
        library=library,
        resource_types=collectors.resource_types() | query_types(library.sorted_controls()),
        collectors=frozenset({*collectors.names, QUERY_COLLECTOR}),
        engine=engine,
    )
    return lint(context)


def checked_library(folders: Sequence[Path], collectors: Collectors, engine: Engine) -> Library:
    """A library that may be judged with.

    Raises:
        DefinitionError: A file is wrong, or a lint rule of level error found something.
    """
    library = load_library(folders)
    # What another package's collector declares is not in the digest: then lint runs each time.
    known = CleanLibraries(cache_folder(os.environ) if collectors.own_only else None)
    frameworks = shipped("controls") / "frameworks"
    digest = library_digest([*folders, frameworks], engine.name)
    if digest in known:
        return library
    errors = [d for d in lint_library(library, collectors, engine) if d.rule.level == "error"]
    if errors:
        raise DefinitionError([diagnostic.problem for diagnostic in errors])
    known.add(digest)
    return library
