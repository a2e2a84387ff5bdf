"""`auditor controls lint`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from auditor import __version__
from auditor.app.engine import DEFAULT, make_engine
from auditor.app.library import lint_library
from auditor.app.registry import Collectors
from auditor.catalog.library import load_library
from auditor.catalog.lint import Diagnostic
from auditor.catalog.lint.reference import reference
from auditor.catalog.lint.sarif import to_sarif
from auditor.cli.common import chosen_engine, echo, guard
from auditor.cli.controls_common import controls_option, library_folders
from auditor.errors import ExitCode


@click.command()
@controls_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
)
@click.option("--rules", is_flag=True, help="Print the reference of all rules (Markdown).")
@guard
def lint(folders: tuple[Path, ...], form: str, *, rules: bool) -> int:
    """Find what is wrong in the files: file:line:column, level, rule, message."""
    if rules:
        echo(reference().encode())
        return ExitCode.OK
    library = load_library(library_folders(folders))
    found = lint_library(library, Collectors(), make_engine(chosen_engine() or DEFAULT))
    if form == "sarif":
        echo(to_sarif(found, __version__))
    elif form == "json":
        click.echo(json.dumps([_row(diagnostic) for diagnostic in found], indent=2))
    else:
        _text(found, len(library.controls))
    failed = any(d.rule.level == "error" for d in found)
    return ExitCode.USAGE if failed else ExitCode.OK


def _row(diagnostic: Diagnostic) -> dict[str, object]:
    rule, problem = diagnostic.rule, diagnostic.problem
    return {
        "rule": rule.id,
        "level": rule.level,
        "control": diagnostic.control,
        "where": problem.where,
        "message": problem.message,
        "hint": problem.hint,
    }


def _text(found: Sequence[Diagnostic], controls: int) -> None:
    for diagnostic in found:
        click.echo(str(diagnostic))
        if diagnostic.problem.hint:
            click.echo(f"  hint: {diagnostic.problem.hint}")
    errors = sum(d.rule.level == "error" for d in found)
    click.echo(f"{controls} controls: {errors} errors, {len(found) - errors} warnings")
