"""`auditor controls`: the library."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from auditor.app.coverage import TypeRow, coverage_rows, type_rows
from auditor.app.registry import Collectors
from auditor.catalog.library import load_library
from auditor.catalog.source import did_you_mean
from auditor.cli.common import guard
from auditor.cli.controls_common import FORMAT, controls_option, library_folders, one_control
from auditor.cli.controls_lint import lint
from auditor.cli.controls_new import new
from auditor.cli.controls_test import test
from auditor.core.model.control import Check
from auditor.core.times import format_duration
from auditor.errors import UsageError


@click.group()
def controls() -> None:
    """Browse, lint and test the library of controls.

    \b
    auditor controls list --framework soc2
    auditor controls show console-mfa
    auditor controls new access/my-control --collector aws --resource aws.iam.user
    auditor controls lint --controls ./controls
    auditor controls test console-mfa --coverage --mutate
    auditor controls coverage --framework iso27001
    """


for _command in (lint, new, test):
    controls.add_command(_command)


@controls.command("list")
@controls_option
@FORMAT
@click.option("--framework", help="Only controls mapped to it.")
@guard
def list_(folders: tuple[Path, ...], form: str, framework: str | None) -> None:
    """List the controls, one line each."""
    library = load_library(library_folders(folders))
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
@controls_option
@FORMAT
@guard
def show(control_id: str, folders: tuple[Path, ...], form: str) -> None:
    """Show one control: statement, mappings, parameters, checks."""
    loaded = one_control(load_library(library_folders(folders)), control_id)
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
@controls_option
@FORMAT
@click.option("--framework", "frameworks", multiple=True, help="Only this one; repeatable.")
@click.option("--collector", help="Only checks of this collector.")
@guard
def coverage(
    folders: tuple[Path, ...],
    form: str,
    frameworks: tuple[str, ...],
    collector: str | None,
) -> None:
    """Show which requirement has which controls and checks, and which has none.

    With --collector alone: its resource types, the requests that read them, the checks that judge
    them and the permissions that they need.
    """
    library = load_library(library_folders(folders))
    if collector is not None and not frameworks:
        _print_types(type_rows(library, collector, Collectors()), form)
        return
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


def _print_types(rows: Sequence[TypeRow], form: str) -> None:
    if form == "json":
        click.echo(json.dumps([row.to_json() for row in rows], indent=2))
        return
    for row in rows:
        click.secho(f"{row.type}: {row.title}", bold=True)
        click.echo(f"  requests     {', '.join(row.requests)}")
        click.echo(f"  checks       {', '.join(row.checks) or 'none'}")
        click.echo(f"  permissions  {', '.join(row.permissions) or 'none'}")
    requests = {request for row in rows for request in row.requests}
    permissions = {permission for row in rows for permission in row.permissions}
    checks = sum(len(row.checks) for row in rows)
    click.echo(
        f"\n{len(rows)} types, {len(requests)} requests, {checks} checks,"
        f" {len(permissions)} permissions.  Next: auditor doctor --permissions COLLECTOR"
    )
