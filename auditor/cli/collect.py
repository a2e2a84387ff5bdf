"""`auditor collect`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.collect import Collected, find_targets
from auditor.app.collect import collect as collect_type
from auditor.app.engine import make_engine
from auditor.app.registry import Collectors
from auditor.app.scan import ScanOptions
from auditor.cli.common import chosen_engine, config_option, guard, note
from auditor.cli.progress import make_progress
from auditor.core.model.resource_type import ResourceType
from auditor.errors import ExitCode, UsageError
from auditor.render.escape import visible

_MAX_CELL = 40


@click.command()
@click.argument("type_name", metavar="TYPE", required=False)
@config_option
@click.option("--list", "list_types", is_flag=True, help="List the resource types; read nothing.")
@click.option("--target", "targets", multiple=True, help="Only this target; repeatable.")
@click.option("--where", metavar="CEL", help="Only resources for which this is true.")
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "table"]), help="Default: table on a terminal."
)
@click.option("--field", "fields", multiple=True, help="A column of the table; repeatable.")
@click.option("--workers", type=click.IntRange(1, 256), default=16, show_default=True)
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=30.0, show_default=True)
@click.option("--allow-probes", is_flag=True, help="Allow active probes.")
@guard
def collect(
    *,
    type_name: str | None,
    config: Path,
    list_types: bool,
    targets: tuple[str, ...],
    where: str | None,
    form: str | None,
    fields: tuple[str, ...],
    workers: int,
    timeout: float,
    allow_probes: bool,
) -> int:
    """Print resources of one TYPE, as JSON lines or as a table; judge and record nothing.

    Without an auditor.yaml it reads what is at hand: the AWS credentials of the environment, this
    host. What could not be read is said on stderr, and the exit code is 3.

    \b
    auditor collect --list
    auditor collect aws.s3.bucket --where 'resource.versioning != "Enabled"'
    auditor collect host.user --format table --field name --field shell
    """
    collectors = Collectors()
    if list_types or type_name is None:
        _print_types(list(collectors.resource_types().values()))
        return ExitCode.OK
    chosen = find_targets(config, collectors, type_name, targets)
    kind = collectors.resource_types()[type_name]
    columns = _columns(kind, fields)
    engine = make_engine(chosen_engine() or "cel")
    with make_progress() as progress:
        options = ScanOptions(workers, timeout, allow_probes, progress)
        now = lambda: datetime.now(UTC)  # noqa: E731 - a clock
        found = list(collect_type(chosen, collectors, type_name, where, engine, now, options))
    if (form or ("table" if sys.stdout.isatty() else "jsonl")) == "table":
        _print_table(found, columns)
    else:
        _print_lines(found)
    return _said(found)


def _columns(kind: ResourceType, fields: Sequence[str]) -> list[str]:
    known = list(kind.fields.fields)
    unknown = [name for name in fields if name not in known]
    if unknown:
        raise UsageError(f"{kind.name} has no field {unknown[0]!r}", hint=f"{', '.join(known)}")
    return list(fields) or known[:8]


def _print_types(kinds: Sequence[ResourceType]) -> None:
    width = max(len(kind.name) for kind in kinds)
    for kind in sorted(kinds, key=lambda one: one.name):
        click.echo(f"{kind.name:{width}}  {kind.title}")


def _print_lines(found: Sequence[Collected]) -> None:
    for one in found:
        for resource in one.observation.resources:
            row = {"target": one.observation.target, **resource.to_json()}
            click.echo(json.dumps(row, ensure_ascii=False))


def _print_table(found: Sequence[Collected], columns: Sequence[str]) -> None:
    from rich.console import Console  # only for tables: it costs start-up time
    from rich.table import Table

    table = Table(*columns)
    for one in found:
        for resource in one.observation.resources:
            table.add_row(*(_cell(resource.data.get(name), name, resource) for name in columns))
    Console().print(table)


def _cell(value: object, name: str, resource: object) -> str:
    unread = getattr(resource, "unread", {})
    if name in unread:
        return f"({unread[name].cause.value})"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    shown = visible(text)
    return shown if len(shown) <= _MAX_CELL else shown[: _MAX_CELL - 1] + "\u2026"


def _said(found: Sequence[Collected]) -> int:
    """What is missing, on stderr."""
    for one in found:
        place = one.observation.target
        for gap in one.observation.gaps:
            subject = f" {gap.subject}" if gap.subject else ""
            note(f"{place}{subject}: {gap.cause.value}: {visible(gap.detail)}")
        unread = sum(bool(resource.unread) for resource in one.observation.resources)
        if unread:
            note(f"{place}: {unread} resources have fields that could not be read")
    return ExitCode.OK if all(one.complete for one in found) else ExitCode.INCOMPLETE
