"""`auditor controls new`."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.app.cases.new_control import new_control
from auditor.app.registry import Collectors
from auditor.cli.common import guard


@click.command()
@click.argument("name", metavar="DOMAIN/ID")
@click.option("--collector", required=True, help="The collector that reads the resources.")
@click.option("--resource", required=True, metavar="TYPE", help="Such as aws.s3.bucket.")
@click.option(
    "--controls",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("controls"),
    show_default=True,
    help="The library to write into.",
)
@guard
def new(name: str, collector: str, resource: str, folder: Path) -> None:
    """Write a control to begin with, and a case that fails until it is finished.

    \b
    auditor controls new data/bucket-names --collector aws --resource aws.s3.bucket
    """
    made = new_control(folder, name, collector, resource, Collectors())
    for path in made.files:
        click.echo(f"wrote {path}")
    click.echo("\nNext:")
    for number, step in enumerate(made.next_steps, start=1):
        click.echo(f"  {number}. {step}")
