"""`auditor export`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from auditor.app.evidence.redaction import disclose
from auditor.app.export.choice import Wish
from auditor.app.export.make import Exported, Extras, export, keep_all
from auditor.app.export.period import parse_period
from auditor.app.project import open_project
from auditor.app.runs import find_run
from auditor.cli.common import config_option, guard, note
from auditor.errors import UsageError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.note import MAX_NOTE

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SHOWN = 10
_ATTACHMENTS = "attachments"


@click.command("export")
@config_option
@click.option("--run", "runs", multiple=True, help="A run; repeat for several. `latest` is one.")
@click.option("--period", help="2026, 2026-Q3, 2026-09, or FROM..TO (UTC; TO is not included).")
@click.option("--control", help="Only runs that judged this control.")
@click.option(
    "--only-needed",
    is_flag=True,
    help="With --control: leave out evidence that the control does not read. The rest can then "
    "not be judged again, and verification says so (exit 3).",
)
@click.option(
    "--redact",
    is_flag=True,
    help="Leave out the values of personal fields, and documents attached to attestations.",
)
@click.option(
    "--show",
    multiple=True,
    metavar="FIELD",
    help="With --redact: keep this personal field (FIELD or TYPE.FIELD), or `attachments`; "
    "repeatable.",
)
@click.option("--report", "reports", multiple=True, type=_FILE, help="A report to go along.")
@click.option(
    "--since",
    "heads",
    multiple=True,
    type=_FILE,
    help="An earlier checkpoint of the auditor, from which growth is proven.",
)
@click.option(
    "--since-size", "sizes", multiple=True, type=click.IntRange(1), help="The same, by its size."
)
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE"
)
@guard
def export_(
    config: Path,
    runs: tuple[str, ...],
    period: str | None,
    control: str | None,
    *,
    only_needed: bool,
    redact: bool,
    show: tuple[str, ...],
    reports: tuple[Path, ...],
    heads: tuple[Path, ...],
    sizes: tuple[int, ...],
    output: Path,
) -> None:
    """Pack what an outside auditor needs into one signed zip file.

    Entries of the log with their proofs, evidence, statements, readable controls, reports, and a
    VERIFY.md with commands for other people's tools.

    \b
    auditor export --run latest -o run.zip
    auditor export --period 2026-Q3 --report report.pdf -o q3.zip
    auditor export --control console-mfa --period 2026-Q3 -o console-mfa.zip
    auditor export --run latest --redact --show host.authorized_key.owner -o run.zip
    """
    if bool(runs) == bool(period or control):
        raise UsageError(
            "choose runs either by --run or by --period and --control",
            hint="auditor export --run latest -o run.zip",
        )
    if only_needed and not control:
        raise UsageError("--only-needed says nothing without --control")
    if show and not redact:
        raise UsageError("--show says nothing without --redact")
    if not output.absolute().parent.is_dir():
        raise UsageError(
            f"the folder {output.parent} does not exist", hint=f"mkdir {output.parent}"
        )
    project = open_project(config)
    wish = Wish(
        runs=tuple(find_run(project.store, run) for run in runs),
        period=parse_period(period) if period else None,
        control=control,
        only_needed=only_needed,
    )
    extras = Extras(
        reports=reports,
        since_sizes=(*sizes, *(_size(path) for path in heads)),
        trust=project.trust_folder,
        disclose=partial(disclose, show=show) if redact else keep_all,
        attachments=not redact or _ATTACHMENTS in show,
    )
    _tell(export(project.store, wish, extras, project.run_key(), output), output)


def _size(path: Path) -> int:
    with path.open("rb") as file:
        return SignedCheckpoint.parse(file.read(MAX_NOTE + 1)).checkpoint.size


def _tell(done: Exported, output: Path) -> None:
    for item in done.left_out[:_SHOWN]:
        note(f"left out: {item.path}: {item.reason}")
    if len(done.left_out) > _SHOWN:
        note(f"left out: {len(done.left_out) - _SHOWN} more, listed in manifest.json")
    if done.no_report:
        note(f"the report of the period cannot be made from this bundle: {done.no_report}")
    if done.before:
        note(
            f"before the period, for its report: policy, verdicts, statements of {done.before} runs"
        )
    if done.records:
        note(f"attestations and samples: {done.records} blobs, {done.record_bytes} bytes unpacked")
    note(
        f"wrote {output}: {done.runs} runs, {done.entries} entries, {done.members} members,"
        f" {done.size} bytes.  Next: auditor verify {output} --trust DIR"
    )
