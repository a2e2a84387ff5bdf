"""`auditor restore-test`."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.app.project import load_signing_key
from auditor.app.restore import sign_record
from auditor.cli.common import guard


@click.group("restore-test")
def restore_test() -> None:
    """Sign records of restore tests.

    A record is a JSON file (schema restore-1) in the folder that `restore_records` of a host
    target names; it counts when signed by one of the target's `restore_signers`.

    \b
    auditor restore-test sign restores/2026-03.json --key keys/reviewer.pem
    """


@restore_test.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The reviewer's private key (PKCS#8 PEM).",
)
@guard
def sign(file: Path, key: Path) -> None:
    """Sign a record as its reviewer; writes the signature beside it."""
    click.echo(f"wrote {sign_record(file, load_signing_key(key))}")
