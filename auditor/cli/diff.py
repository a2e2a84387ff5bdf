"""`auditor diff`."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.app.gating.gate import read_side
from auditor.app.project import open_project
from auditor.app.runs import find_run
from auditor.cli.common import config_option, echo, guard
from auditor.core.diff.compare import compare
from auditor.render.gate.registry import DIFF_FORMATS, render_diff


@click.command()
@click.argument("before")
@click.argument("after", default="latest")
@config_option
@click.option(
    "--format", "form", type=click.Choice(DIFF_FORMATS), default="text", show_default=True
)
@guard
def diff(before: str, after: str, config: Path, form: str) -> None:
    """Compare two recorded runs: what is new, fixed, incomparable, vanished; and the policy.

    A finding is the same over renamed files, another order and another machine. It exits 0
    whatever it finds: `auditor gate` is what fails.

    \b
    auditor diff 20261120T0900 latest
    auditor diff 20261120T0900 20261121T0900 --format json
    """
    store = open_project(config).store
    sides = [read_side(store, find_run(store, name)) for name in (before, after)]
    echo(render_diff(form, compare(*sides)), form)
