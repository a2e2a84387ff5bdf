"""`auditor ledger`: the group, and the table of its commands, each in its own file.

A new command is a line of `SUBCOMMANDS`; its module is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

# Command to the place of its function and the line that the help shows.
SUBCOMMANDS: Mapping[str, tuple[str, str]] = {
    "checkpoint": ("auditor.cli.ledger_show:checkpoint", "Print the signed checkpoint."),
    "consistency": (
        "auditor.cli.ledger_prove:consistency",
        "Prove that an earlier state is a beginning of a later one.",
    ),
    "prune": ("auditor.cli.ledger_store:prune", "Delete evidence whose retention is over."),
    "prove": ("auditor.cli.ledger_prove:prove", "Prove that an entry is in the log."),
    "copy": ("auditor.cli.ledger_store:copy", "Copy the log to another store and prove it."),
    "erase": ("auditor.cli.ledger_erase:erase", "Erase personal values of a run from the vault."),
    "show": ("auditor.cli.ledger_show:show", "Print the entries, one a line."),
    "timestamp": (
        "auditor.cli.ledger_timestamp:timestamp",
        "Have runs time-stamped that are not yet.",
    ),
    "verify-proof": ("auditor.cli.ledger_prove:verify_proof", "Check a proof, offline."),
    "witness": ("auditor.cli.ledger_witness:witness", "Have the checkpoint cosigned."),
}


class LedgerGroup(click.Group):
    """A group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, sorted."""
        del ctx
        return sorted(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        del ctx
        if cmd_name not in SUBCOMMANDS:
            return None
        module, _, attribute = SUBCOMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name in the error."""
        if args and args[0] not in SUBCOMMANDS and not args[0].startswith("-"):
            from auditor.catalog.source import did_you_mean  # only for this error

            nearest = did_you_mean(args[0], SUBCOMMANDS)
            raise click.UsageError(f"no command `ledger {args[0]}`{nearest}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table: help must not import them all."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUBCOMMANDS[name][1]) for name in sorted(SUBCOMMANDS)])


@click.group(cls=LedgerGroup)
def ledger() -> None:
    """Show the append-only log, prove what is in it, and have it witnessed.

    \b
    auditor ledger show
    auditor ledger show --from 12 --format json
    auditor ledger checkpoint > head.txt
    auditor ledger prove --run latest -o run.tlog-proof
    auditor ledger consistency head.txt
    auditor ledger witness
    """
