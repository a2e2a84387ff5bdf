"""`auditor doctor`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.doctor import Diagnosis, diagnose, permission_documents
from auditor.app.project import open_project
from auditor.app.registry import Collectors
from auditor.app.scan import ScanOptions
from auditor.app.selection import Selection
from auditor.catalog.library import load_frameworks, load_library
from auditor.catalog.source import did_you_mean
from auditor.cli.common import chosen_engine, config_option, guard, note
from auditor.cli.controls_common import FORMAT, library_folders
from auditor.cli.progress import make_progress
from auditor.errors import ExitCode, UsageError
from auditor.render.escape import visible
from auditor.shipped import shipped

_MANY = 6


@click.command()
@config_option
@click.option(
    "--permissions",
    "collector",
    metavar="COLLECTOR",
    help="Print the least that the selected checks need there (aws, host, ...); read nothing.",
)
@click.option("--form", "document", help="Of --permissions: policy, terraform, cloudformation, ...")
@click.option("--framework", "frameworks", multiple=True, help="Only controls mapped to it.")
@click.option("--control", "controls", multiple=True, help="Only this control; repeatable.")
@click.option("--target", "targets", multiple=True, help="Only this target; repeatable.")
@click.option("--quick", is_flag=True, help="Only ask each target who we are there.")
@click.option("--workers", type=click.IntRange(1, 256), default=16, show_default=True)
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=30.0, show_default=True)
@click.option("--allow-probes", is_flag=True, help="Allow active probes.")
@FORMAT
@guard
def doctor(
    *,
    config: Path,
    collector: str | None,
    document: str | None,
    frameworks: tuple[str, ...],
    controls: tuple[str, ...],
    targets: tuple[str, ...],
    quick: bool,
    workers: int,
    timeout: float,
    allow_probes: bool,
    form: str,
) -> int:
    """Say which targets answer, what is missing there, and which checks it turns to error.

    Reads what a scan would read, and records nothing. Exit 0: everything can be read; 3: not.

    \b
    auditor doctor
    auditor doctor --quick
    auditor doctor --permissions aws --framework soc2 > policy.json
    auditor doctor --permissions aws --form terraform
    """
    if collector is not None:
        _print_permissions(collector, document, frameworks, controls)
        return ExitCode.OK
    project = open_project(config, chosen_engine())
    selection = Selection(frameworks=frameworks, controls=controls, targets=targets)
    with make_progress() as progress:
        options = ScanOptions(workers, timeout, allow_probes, progress)
        found = diagnose(project, selection, lambda: datetime.now(UTC), options, quick=quick)
    if form == "json":
        click.echo(json.dumps([one.to_json() for one in found], indent=2))
    else:
        for one in found:
            _print(one)
    return ExitCode.OK if all(one.complete for one in found) else ExitCode.INCOMPLETE


def _print_permissions(
    collector: str, form: str | None, frameworks: Sequence[str], controls: Sequence[str]
) -> None:
    library = load_library(library_folders(()))
    if not library.frameworks:
        library = replace(library, frameworks=load_frameworks(shipped("controls")))
    documents = permission_documents(
        library, Collectors(), collector, frameworks=frameworks, controls=controls
    )
    chosen = form or next(iter(documents))
    if chosen not in documents:
        nearest = did_you_mean(chosen, documents)
        raise UsageError(f"no form `{chosen}`{nearest}", hint=f"forms: {', '.join(documents)}")
    click.echo(documents[chosen], nl=False)


def _print(one: Diagnosis) -> None:
    click.secho(f"{one.target.name} ({one.target.kind}, {one.target.environment})", bold=True)
    if one.problem is not None:
        click.echo(f"  does not answer: {visible(one.problem.detail)}")
        if one.problem.hint:
            click.echo(f"  next: {visible(one.problem.hint)}")
        return
    click.echo(f"  answers, as {visible(one.identity)}")
    if one.read:
        click.echo(f"  {one.read} types read, {one.resources} resources")
    for item in one.missing:
        name = item.action or item.cause.value
        click.echo(f"  missing: {visible(name)} ({visible(item.detail)})")
        shown = ", ".join(item.checks[:_MANY])
        more = f" and {len(item.checks) - _MANY} more" if len(item.checks) > _MANY else ""
        click.echo(f"    {item.findings} findings in error: {shown}{more}")
        if item.hint:
            click.echo(f"    next: {visible(item.hint)}")
    if one.read and not one.missing:
        note(f"{one.target.name}: everything that the selected checks need can be read")
