"""`auditor pbc`: what an auditor usually asks for, in one pack."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.app.pbc import make_pack
from auditor.app.project import open_project
from auditor.cli.common import config_option, guard, note


@click.command()
@config_option
@click.option("--period", required=True, help="2026-Q3, 2026-09, 2026, or START/END.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    required=True,
    help="A .zip file, or a new folder.",
)
@guard
def pbc(config: Path, period: str, output: Path) -> None:
    """Pack the request list of an auditor (PBC) with an index that names what is missing.

    \b
    auditor pbc --period 2026-Q3 -o requests.zip
    """
    made = make_pack(open_project(config), period, output)
    for one in made.requests:
        if one.missing:
            click.echo(f"missing: {one.area}: {one.control or 'all'}: {one.item}  ({one.note})")
    note(f"wrote {output}: {len(made.requests)} items, {made.missing} missing")
