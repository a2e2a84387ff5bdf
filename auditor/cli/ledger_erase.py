"""`auditor ledger erase`."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.app.evidence.erasure import erase as erase_disclosures
from auditor.app.project import open_project
from auditor.app.runs import find_run
from auditor.cli.common import config_option, guard


@click.command()
@config_option
@click.option("--run", "run_id", required=True, help="Whose values: an id or its beginning.")
@click.option("--field", "fields", multiple=True, help="Only this field; all without it.")
@guard
def erase(config: Path, run_id: str, fields: tuple[str, ...]) -> None:
    """Erase personal values of a run from the vault of this store, for ever.

    Evidence, log and signatures stay and go on verifying; findings that hang on an erased value
    cannot be judged again. Copies elsewhere (bundles, backups) are not reached: erase there too.

    \b
    auditor ledger erase --run 20260331T120000Z-1f2e3d
    auditor ledger erase --run 20260331T120000Z-1f2e3d --field host.authorized_key.owner
    """
    store = open_project(config).store
    done = erase_disclosures(store, find_run(store, run_id), fields)
    click.echo(f"run {done.run}: {done.values} values erased, {done.left} left")
    if done.before:
        click.echo(f"of {done.before} observations nothing was left before")
