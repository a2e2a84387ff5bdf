"""`auditor controls`: the library."""

from __future__ import annotations

import json
from pathlib import Path

import click

from auditor.app.control_cases import run_cases
from auditor.app.coverage import coverage_rows
from auditor.app.engine import make_engine
from auditor.app.library import checked_library, controls_folders, lint_library
from auditor.app.registry import Collectors
from auditor.catalog.config import SHIPPED, load_config
from auditor.catalog.library import Library, LoadedControl, load_library
from auditor.catalog.source import did_you_mean
from auditor.cli.common import guard
from auditor.core.model.control import Check
from auditor.core.times import format_duration
from auditor.errors import ExitCode, UsageError

_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.group()
def controls() -> None:
    """Browse, lint and test the library of controls.

    \b
    auditor controls list --framework soc2
    auditor controls show console-mfa
    auditor controls lint --controls ./controls
    auditor controls test console-mfa
    auditor controls coverage --framework iso27001
    """


_CONTROLS = click.option(
    "--controls",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder of controls instead of those in auditor.yaml (or the shipped ones).",
)


def _folders(chosen: tuple[Path, ...]) -> list[Path]:
    """Folders given, or those of an auditor.yaml here, or the shipped library."""
    if chosen:
        return [folder.resolve() for folder in chosen]
    here = Path("auditor.yaml")
    if here.is_file():
        loaded = load_config(here)
        return controls_folders(loaded.config.controls, loaded.folder)
    return controls_folders([SHIPPED], Path())


def _one(library: Library, control_id: str) -> LoadedControl:
    if control_id not in library.controls:
        nearest = did_you_mean(control_id, library.controls)
        raise UsageError(f"no control `{control_id}`{nearest}", hint="auditor controls list")
    return library.controls[control_id]


@controls.command("list")
@_CONTROLS
@_FORMAT
@click.option("--framework", help="Only controls mapped to it.")
@guard
def list_(folders: tuple[Path, ...], form: str, framework: str | None) -> None:
    """List the controls, one line each."""
    library = load_library(_folders(folders))
    if framework is not None and framework not in library.frameworks:
        nearest = did_you_mean(framework, library.frameworks)
        raise UsageError(f"no framework `{framework}`{nearest}")
    chosen = [c for c in library.sorted_controls() if framework is None or c.maps.get(framework)]
    if form == "json":
        rows = [c.model_dump(mode="json", by_alias=True, exclude_defaults=True) for c in chosen]
        click.echo(json.dumps(rows, indent=2))
        return
    width = max(len(c.id) for c in chosen) if chosen else 0
    for control in chosen:
        number = len(control.checks)
        click.echo(
            f"{control.id:{width}}  {number:2} check{'s' if number > 1 else ' '}  {control.title}"
        )
    total = sum(len(c.checks) for c in chosen)
    click.echo(f"\n{len(chosen)} controls, {total} checks.  Next: auditor controls show <id>")


@controls.command()
@click.argument("control_id")
@_CONTROLS
@_FORMAT
@guard
def show(control_id: str, folders: tuple[Path, ...], form: str) -> None:
    """Show one control: statement, mappings, parameters, checks."""
    loaded = _one(load_library(_folders(folders)), control_id)
    control = loaded.control
    if form == "json":
        click.echo(json.dumps(control.model_dump(mode="json", by_alias=True), indent=2))
        return
    click.secho(f"{control.id}: {control.title}", bold=True)
    click.echo(f"\n{control.statement.strip()}\n")
    click.echo(f"owner      {control.owner.role}")
    click.echo(f"nature     {control.nature.type}, {control.nature.execution}; {control.frequency}")
    for framework, mappings in control.maps.items():
        shown = ", ".join(f"{m.id} ({m.strength})" for m in mappings)
        click.echo(f"{framework:10} {shown}")
    for name, parameter in control.parameters.items():
        loosest = f", loosest {parameter.loosest}" if parameter.loosest is not None else ""
        click.echo(f"parameter  {name} = {parameter.default}{loosest}: {parameter.doc}")
    for check in control.checks:
        _show_check(check)
    click.echo(f"\nfile       {loaded.source.name}")


def _show_check(check: Check) -> None:
    click.secho(f"\n  {check.id}: {check.title}", bold=True)
    click.echo(f"    reads      {check.resource}, at most {format_duration(check.freshness)} old")
    if check.when:
        click.echo(f"    when       {check.when}")
    click.echo(f"    when empty {check.population.on_empty}")
    for assertion in check.assert_:
        click.echo(f"    {assertion.severity.value:10} {assertion.expr.strip()}")
    click.echo(f"    by hand    {check.verify_by_hand.strip()}")


@controls.command()
@_CONTROLS
@_FORMAT
@guard
def lint(folders: tuple[Path, ...], form: str) -> int:
    """Find what is wrong in the files: file:line:column, level, rule, message."""
    library = load_library(_folders(folders))
    found = lint_library(library, Collectors(), make_engine())
    if form == "json":
        rows = [
            {"rule": d.rule.id, "level": d.rule.level, "control": d.control}
            | {"where": d.problem.where, "message": d.problem.message, "hint": d.problem.hint}
            for d in found
        ]
        click.echo(json.dumps(rows, indent=2))
    else:
        for diagnostic in found:
            click.echo(str(diagnostic))
            if diagnostic.problem.hint:
                click.echo(f"  hint: {diagnostic.problem.hint}")
        errors = sum(d.rule.level == "error" for d in found)
        click.echo(
            f"{len(library.controls)} controls: {errors} errors, {len(found) - errors} warnings"
        )
    failed = any(d.rule.level == "error" for d in found)
    return ExitCode.USAGE if failed else ExitCode.OK


@controls.command()
@click.argument("control_ids", nargs=-1)
@_CONTROLS
@click.option("--verbose", "-v", is_flag=True, help="Also the findings of cases that agree.")
@guard
def test(control_ids: tuple[str, ...], folders: tuple[Path, ...], *, verbose: bool) -> int:
    """Judge the cases beside each control and compare with what they expect."""
    collectors, engine = Collectors(), make_engine()
    library = checked_library(_folders(folders), collectors, engine)
    chosen = [_one(library, i) for i in control_ids or sorted(library.controls)]
    types = collectors.resource_types()
    cases = expectations = failed = 0
    for loaded in chosen:
        for result in run_cases(loaded, types, engine):
            cases += 1
            expectations += result.expectations
            failed += bool(result.differences)
            if result.differences or verbose:
                click.echo(
                    f"{'FAIL' if result.differences else 'ok'} {result.control}: {result.name}"
                )
                for difference in result.differences:
                    click.echo(f"     {difference}")
            if verbose:
                for finding in result.findings:
                    click.echo(f"     {finding.status.value:14} {finding.id}  {finding.reason}")
    click.echo(
        f"{len(chosen)} controls, {cases} cases, {expectations} expectations, {failed} failing"
    )
    return ExitCode.FAILING if failed else ExitCode.OK


@controls.command()
@_CONTROLS
@_FORMAT
@click.option("--framework", "frameworks", multiple=True, help="Only this one; repeatable.")
@click.option("--collector", help="Only checks of this collector.")
@guard
def coverage(
    folders: tuple[Path, ...],
    form: str,
    frameworks: tuple[str, ...],
    collector: str | None,
) -> None:
    """Show which requirement has which controls and checks, and which has none."""
    library = load_library(_folders(folders))
    rows = coverage_rows(library, frameworks, collector, Collectors())
    if form == "json":
        click.echo(json.dumps([row.to_json() for row in rows], indent=2))
        return
    for row in rows:
        shown = ", ".join(row.controls) or "no control"
        click.echo(
            f"{row.framework:9} {row.requirement:7} {row.checks:3} checks  {shown}  ({row.title})"
        )
    for framework in sorted({row.framework for row in rows}):
        own_rows = [row for row in rows if row.framework == framework]
        covered = sum(bool(row.checks) for row in own_rows)
        click.echo(
            f"\n{framework}: {covered} of {len(own_rows)} requirements have at least one check"
        )
    known = {c.catalogue for loaded in library.controls.values() for c in loaded.control.checks}
    click.echo(
        f"catalogue: {len(known - {None})} of {len(library.catalogue)} known checks are shipped"
    )
