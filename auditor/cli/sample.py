"""`auditor sample`: draw a sample that anybody can draw again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.period.bounds import parse_bounds
from auditor.app.project import open_project
from auditor.app.sampling.checking import check_log, load_sample, parse_sample
from auditor.app.sampling.drawing import SizeWish, draw_sample, freeze
from auditor.app.sampling.outputs import (
    check_output,
    listed_samples,
    load_sizes,
    sample_lines,
    write_sample,
)
from auditor.app.sampling.records import sample_entry
from auditor.cli.common import config_option, guard, note
from auditor.core.sampling import check_nonce
from auditor.errors import ExitCode, UsageError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(invoke_without_command=True)
@config_option
@click.option("--control", help="A control, or CONTROL/CHECK: whose population.")
@click.option("--period", help="2026-Q3, 2026-09, 2026, or START/END.")
@click.option("--frozen", type=int, help="The entry of a population frozen before, instead.")
@click.option("--nonce", help="What the auditor chose, after the population was frozen.")
@click.option("--size", type=click.IntRange(min=1), help="Items.  [default: by frequency]")
@click.option("--sizes", type=FILE, help="A table by frequency in place of `sample_sizes`.")
@click.option("--reason", default="", help="Why it is drawn again; stands in the log for ever.")
@click.option(
    "--output", type=click.Path(path_type=Path), help="A worksheet (.xlsx), or all of it (.json)."
)
@click.option("--attribute", "attributes", multiple=True, help="A column to fill in; several.")
@click.pass_context
@guard
def sample(
    context: click.Context,
    *,
    config: Path,
    control: str | None,
    period: str | None,
    frozen: int | None,
    nonce: str | None,
    size: int | None,
    sizes: Path | None,
    reason: str,
    output: Path | None,
    attributes: tuple[str, ...],
) -> None:
    """Freeze a population, draw a sample of it, check a sample.

    Without --nonce the population is frozen and nothing is drawn: give the auditor its digest, and
    draw with the nonce that comes back. With --nonce both are done, in this order.

    \b
    auditor sample --control console-mfa --period 2026-Q3
    auditor sample --frozen 812 --nonce "K7 rolled on 3 October" --output sample.xlsx
    auditor sample --control console-mfa --period 2026-Q3 --nonce 4711 --size 25
    auditor sample list
    auditor sample verify 815
    """
    if context.invoked_subcommand is not None:
        return
    if (frozen is None) == (control is None or period is None):
        raise UsageError("give --control and --period, or --frozen")
    if nonce is None and (output or frozen is not None):
        raise UsageError("a sample needs --nonce: the auditor chooses it")
    if output:
        check_output(output, attributes)
    if nonce is not None:
        check_nonce(nonce)
    project = open_project(config)
    wish = SizeWish(size, load_sizes(sizes) if sizes else project.loaded.config.sample_sizes)
    if frozen is None:
        bounds = parse_bounds(period or "")
        frozen = freeze(project, control or "", bounds, _now, note)
    if nonce is None:
        _tell_frozen(config, frozen)
        return
    index = draw_sample(project, frozen, nonce, wish, reason, _now, note)
    drawn = load_sample(project.store, index)
    if output:
        write_sample(drawn, output, project.loaded.config.organisation, attributes)
        note(f"wrote {output}")
    for line in sample_lines(drawn):
        click.echo(line)


def _tell_frozen(config: Path, index: int) -> None:
    found = sample_entry(open_project(config).store, index).freeze
    if found is None:
        raise UsageError(f"entry {index} is a draw, not a population", hint="auditor sample list")
    click.echo(f"population of {found.count} items frozen: entry {index}, {found.blob.digest}")
    note(f"Next: auditor sample --frozen {index} --nonce NONCE --output sample.xlsx")


@sample.command("list")
@config_option
@guard
def list_(config: Path) -> None:
    """Print every population and draw of the log, in its order."""
    lines = list(listed_samples(open_project(config).store))
    for line in lines:
        click.echo(line)
    if not lines:
        note("nothing was sampled.  Next: auditor sample --control CONTROL --period PERIOD")


@sample.command()
@config_option
@click.argument("what")
@guard
def verify(config: Path, what: str) -> None:
    """Derive a sample again: WHAT is the number of its entry, or a JSON file of a sample.

    A file is derived from itself alone; where there is a project here, its log is compared too.
    """
    if what.isascii() and what.isdigit():
        for line in sample_lines(load_sample(open_project(config).store, int(what))):
            click.echo(line)
        note("ok: population, root, seed and order are as the log has them")
        return
    path = Path(what)
    if not path.is_file():
        raise UsageError(f"`{what}` is no entry's number and no file", hint="auditor sample list")
    found = parse_sample(path.read_bytes())
    project = open_project(config) if config.is_file() else None
    if project is not None:
        check_log(found, project.store)
    for line in sample_lines(found):
        click.echo(line)
    if project is None:
        note("the draw derives again; cannot tell whether the log has it: no project is here")
        raise click.exceptions.Exit(ExitCode.INCOMPLETE)
    note("ok: the draw derives again, and the log has its entries and root")


def _now() -> datetime:
    return datetime.now(UTC)
