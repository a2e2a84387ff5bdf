"""The command line: one file per command, imported only when that command is called.

stdout carries the result and nothing else; progress, warnings and errors go to stderr.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from auditor import __version__
from auditor.app.boundary import guarded
from auditor.errors import AuditorError, ExitCode

_HELP = """Policy as code for SOC 2 and ISO 27001, with evidence that others can verify.

Start with `auditor demo`: it needs no account and shows the whole job. Then `auditor init` writes
an auditor.yaml for the systems it can reach, and `auditor scan` judges them.

\b
Exit codes: 0 all evaluated, nothing failing   1 failing controls   2 usage or configuration
            3 evidence incomplete              4 nothing evaluated  5 integrity failure
            70 internal error                  130 interrupted
"""
COMMANDS: Mapping[str, str] = {
    "approve": "auditor.cli.approve:approve_",
    "archive": "auditor.cli.archive:archive",
    "attest": "auditor.cli.attest:attest_group",
    "bridge": "auditor.cli.bridge:bridge",
    "collect": "auditor.cli.collect:collect",
    "controls": "auditor.cli.controls:controls",
    "demo": "auditor.cli.demo:demo",
    "diff": "auditor.cli.diff:diff",
    "doctor": "auditor.cli.doctor:doctor",
    "export": "auditor.cli.export:export_",
    "gate": "auditor.cli.gate:gate_",
    "hold": "auditor.cli.hold:hold",
    "init": "auditor.cli.init:init",
    "keys": "auditor.cli.keys:keys",
    "ledger": "auditor.cli.ledger:ledger",
    "notify": "auditor.cli.notify:notify",
    "pbc": "auditor.cli.pbc:pbc",
    "reperform": "auditor.cli.reperform:reperform_",
    "report": "auditor.cli.report:report",
    "restore-test": "auditor.cli.restore_test:restore_test",
    "run": "auditor.cli.run:run",
    "sample": "auditor.cli.sample:sample",
    "scan": "auditor.cli.scan:scan",
    "soa": "auditor.cli.soa:soa",
    "verify": "auditor.cli.verify:verify",
    "waive": "auditor.cli.waive:waive",
    "waivers": "auditor.cli.waivers:waivers",
    "why": "auditor.cli.why:why",
    "witness": "auditor.cli.witness:witness",
}
_SUMMARY: Mapping[str, str] = {
    "approve": "Approve a weaker part of the policy that a gate found.",
    "archive": "Make a signed PDF report last: PAdES B-LTA.",
    "attest": "State something that people know, and sign it.",
    "bridge": "Facts for a bridge letter: what changed since a period's end.",
    "collect": "Print the resources of one type; judge and record nothing.",
    "controls": "Browse, lint and test the library of controls.",
    "demo": "Show the whole job on a stand-in company: no account needed.",
    "diff": "Compare two runs: new, fixed, incomparable, policy.",
    "doctor": "Say which targets answer and what is missing; print permissions.",
    "export": "Pack runs and what proves them for an outside auditor.",
    "gate": "Fail a change that makes things worse than a signed baseline.",
    "hold": "Keep evidence whatever its retention says: legal holds.",
    "init": "Write auditor.yaml for what can be reached, and make keys.",
    "keys": "Make, list, rotate and revoke signing keys.",
    "ledger": "Show the append-only log, prove it, have it witnessed.",
    "notify": "Tell channels what recorded runs show: webhook, Slack, mail.",
    "pbc": "Pack what an auditor usually asks for, with an index.",
    "reperform": "Judge recorded evidence again, in a bundle or a store.",
    "report": "Render the report of a run: pdf, html, json, text.",
    "restore-test": "Sign records of restore tests.",
    "run": "List, show and judge again recorded runs.",
    "sample": "Draw samples that anybody can draw again.",
    "scan": "Read the targets, judge the controls, record and sign.",
    "soa": "The Statement of Applicability: decide, check, render.",
    "verify": "Check log, signatures, evidence and verdicts, offline.",
    "waive": "Ask for an exception, held against the newest run.",
    "waivers": "List, approve and audit exceptions.",
    "why": "Say why a finding is what it is, from the evidence.",
    "witness": "Cosign other people's logs, online or from a USB stick.",
}


# Known without importing the engines, which would cost every start; a test compares.
ENGINES = ("cel", "cel-cpp")


class LazyGroup(click.Group):
    """A group whose commands are imported on use, so that `--version` stays cheap."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, sorted."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        del ctx
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name in the error."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from auditor.catalog.source import did_you_mean  # only for this error

            raise click.UsageError(f"no command `{args[0]}`{did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table: help must not import them all."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, _SUMMARY[name]) for name in sorted(COMMANDS)])


@click.command(cls=LazyGroup, help=_HELP, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="auditor")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    envvar="AUDITOR_ENGINE",
    help="Who evaluates expressions: our own code (cel), or Google's C++ runtime (cel-cpp), which "
    "never gives another verdict. Recorded runs are judged again by their own engine.",
)
def main(engine: str | None) -> None:
    """Keep the engine for the command that asks for it (`common.chosen_engine`)."""
    del engine


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; errors are printed on stderr."""
    try:
        # Guarded as a whole: Python's own answer to a defect is 1, which here means failing.
        result: Any = guarded(
            lambda: main.main(args=list(argv), prog_name="auditor", standalone_mode=False),
            passing=(click.ClickException, click.Abort),
        )
    except click.ClickException as error:
        error.show(file=sys.stderr)
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except AuditorError as error:
        from auditor.cli.job_log import inert_for_log  # only for errors, as below

        click.echo(inert_for_log(_said(error).encode(), os.environ, "text"), err=True)
        return error.exit_code
    return int(result) if isinstance(result, int) else ExitCode.OK


def _said(error: AuditorError) -> str:
    """The error for people; a defect of our own also shows where it happened."""
    from auditor.core.scrub import scrub  # only for errors: every start would pay for it

    text = f"auditor: {error}"
    if error.exit_code is ExitCode.INTERNAL and error.__cause__ is not None:
        trace = "".join(traceback.format_exception(error.__cause__))
        text = f"{text}\n{trace}"
    return scrub(text).text
