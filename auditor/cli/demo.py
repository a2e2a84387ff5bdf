"""`auditor demo`."""

from __future__ import annotations

import shutil
import signal
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import click

from auditor.app.demo.run import DemoResult, demonstration
from auditor.app.reports.outputs import render_to
from auditor.cli.common import colour_option, echo, guard, note, wants_colour
from auditor.core.model.status import Status
from auditor.core.rollup import exit_code
from auditor.errors import ExitCode


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="demo-company")
@click.option("--serve", is_flag=True, help="Keep the stand-in systems running until Ctrl-C.")
@colour_option
@guard
def demo(folder: Path, *, serve: bool, no_color: bool) -> int:
    """Show the whole job on a stand-in company: init, scan, report, export, verify.

    Starts a stand-in AWS account and two TLS endpoints on loopback, seeds good and bad resources
    (one permission denied, one waiver expired), looks at them and at this host; a witness outside
    cosigns the log. FOLDER then has auditor.yaml, waivers, evidence, reports and a bundle for an
    outside auditor, and every other command works in it.

    Exits 0 when every step ended as the story has it, 1 when something surprised.

    \b
    auditor demo
    auditor demo /tmp/larkspur --serve
    """
    with demonstration(folder, lambda: datetime.now(UTC), _formats(), note) as result:
        places = [("evidence", f"{folder}/evidence")]
        places += [(form, str(path)) for form, path in result.reports.items()]
        colour = wants_colour(no_color=no_color)
        echo(render_to("text", result.assessment, colour=colour, places=places), "text")
        _tell(result, folder)
        if serve:
            note("\nThe stand-in systems are running; press Ctrl-C to end them.")
            signal.pause()
    return ExitCode.FAILING if result.surprises else ExitCode.OK


def _formats() -> tuple[str, ...]:
    """PDF where its extra is installed."""
    return ("html", "json", "pdf") if find_spec("weasyprint") else ("html", "json")


def _tell(result: DemoResult, folder: Path) -> None:
    verdict = "holds" if not result.verification.exit_code else "DOES NOT HOLD"
    code = int(exit_code(result.assessment.outcome))
    note(f"\nscan ended with exit code {code}; the evidence {verdict} (9 steps of auditor verify)")
    for form, path in result.reports.items():
        note(f"{form:5} report  {path}")
    note(f"{'zip':5} bundle  {result.bundle}  (for an outside auditor)")
    for surprise in result.surprises:
        note(f"NOT AS EXPECTED: {surprise}")
    failing = [f for f in result.assessment.findings if f.status is Status.FAIL]
    short = failing[0].short if failing else result.assessment.findings[0].short
    command = _command()
    note("\nTry next:")
    note(f"  cd {folder} && {command} why {short}")
    note(f"  cd {folder} && {command} verify bundle.zip --trust trust")
    note(f"  cd {folder} && {command} reperform bundle.zip")
    note(f"  {command} controls coverage --framework soc2")


def _command() -> str:
    """How to call this program from any folder: by name where it is on the PATH."""
    called = Path(sys.argv[0])
    if shutil.which("auditor") or not called.is_file():
        return "auditor"
    return str(called.resolve()) if called.name == "auditor" else f"{sys.executable} -m auditor"
