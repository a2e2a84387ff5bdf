"""`auditor waivers`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.project import load_signing_key, open_project
from auditor.app.waivers import sign_waiver
from auditor.cli.common import config_option, guard
from auditor.core.times import format_instant


@click.group()
def waivers() -> None:
    """List and sign exceptions.

    \b
    auditor waivers list
    auditor waivers sign waivers/W-2026-003.yaml --key keys/ciso.pem
    """


@waivers.command("list")
@config_option
@guard
def list_(config: Path) -> None:
    """List every waiver, with whether its signature counts and until when."""
    now = datetime.now(UTC)
    found = open_project(config).waivers
    for signed in found:
        waiver = signed.waiver
        state = "expired" if now >= waiver.expires else "in force"
        state = state if signed.signature == "valid" else f"does not count: {signed.signature}"
        click.echo(f"{waiver.id}  {waiver.check}  until {format_instant(waiver.expires)}  {state}")
    if not found:
        click.echo("no waivers")


@waivers.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The approver's private key (PKCS#8 PEM).",
)
@guard
def sign(file: Path, key: Path) -> None:
    """Sign a waiver file as its approver; writes the signature beside it."""
    click.echo(f"wrote {sign_waiver(file, load_signing_key(key))}")
