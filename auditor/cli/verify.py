"""`auditor verify`."""

from __future__ import annotations

import json
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from auditor.app.reports.outputs import terminal_width
from auditor.app.verifying import find_subject
from auditor.app.verifying import verify as verify_subject
from auditor.attest.result import StepResult, StepVerdict, VerificationReport
from auditor.cli.common import chosen_engine, colour_option, guard, note, wants_colour
from auditor.core.times import parse_duration
from auditor.errors import UsageError
from auditor.render.escape import visible

_INDENT = " " * 17
_EVIDENCE_STEPS = frozenset({6, 7})
_MARKS = {
    StepVerdict.OK: ("ok", "green"),
    StepVerdict.WARNING: ("ok, warning", "yellow"),
    StepVerdict.CANNOT_TELL: ("cannot tell", "yellow"),
    StepVerdict.BAD: ("BAD", "red"),
}


@click.command()
@click.argument("path", default=".")
@click.option(
    "--trust",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the trust policy that you got by another way.",
)
@click.option("--store", help="Store or bundle of a report given as PATH.")
@click.option("--run", "run_id", help="Only this run; the log is verified as a whole all the same.")
@click.option(
    "--since", type=click.Path(path_type=Path), help="A checkpoint file kept from an earlier look."
)
@click.option(
    "--max-age", help="How old the newest run, and a report's run, may be: 36h, 7d. Older is BAD."
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@colour_option
@guard
def verify(
    path: str,
    trust: Path | None,
    store: str | None,
    run_id: str | None,
    since: Path | None,
    max_age: str | None,
    form: str,
    *,
    no_color: bool,
) -> int:
    """Check log, signatures, evidence, verdicts and reports, offline, in numbered steps.

    PATH is a working folder, an evidence store (a folder or s3://...), a bundle made by `auditor
    export` (the zip file, or unpacked), or a report file. Exit 0: everything holds; 3:
    something cannot be told (unknown signer, no trust policy); 5: something is wrong.

    \b
    auditor verify
    auditor verify evidence --trust ./trust-from-the-client
    auditor verify q3.zip --trust ./trust-from-the-client --max-age 7d
    auditor verify report.pdf --store evidence
    auditor verify --run latest --format json
    """
    report = verify_subject(
        find_subject(path, store),
        trust=trust,
        run=run_id,
        now=datetime.now(UTC),
        since=since,
        engine=chosen_engine(),
        max_age=_duration(max_age),
    )
    if form == "json":
        click.echo(json.dumps(report.to_json(), indent=2))
    else:
        _print(report, colour=wants_colour(no_color=no_color))
    return report.exit_code


def _duration(text: str | None) -> timedelta | None:
    try:
        return parse_duration(text) if text is not None else None
    except ValueError as error:
        raise UsageError(f"--max-age: {error}") from error


def _print(report: VerificationReport, *, colour: bool) -> None:
    for step in report.steps:
        mark, shade = _MARKS[step.verdict]
        label = click.style(f"{mark:11}", fg=shade) if colour else f"{mark:11}"
        click.echo(f"({step.number}) {label}  {_wrapped(f'{step.title}: {_said(step)}')}")
        for more in step.notes:
            if (more.where, more.detail) != (step.where, step.detail):
                click.echo(_INDENT + _wrapped(_joined(more.where, more.detail)))
        if step.left_out:
            click.echo(f"{_INDENT}and {step.left_out} more (--format json)")
    mark, shade = _MARKS[report.verdict]
    verdict = click.style(mark, fg=shade, bold=True) if colour else mark
    click.echo(f"\n{verdict} (exit {int(report.exit_code)})")
    if report.verdict is StepVerdict.CANNOT_TELL:
        note(f"Next: {_next(report)}")


def _next(report: VerificationReport) -> str:
    """Another policy helps where signers are not known, and not where evidence is not there."""
    doubtful = {one.number for one in report.steps if one.verdict is StepVerdict.CANNOT_TELL}
    if doubtful <= _EVIDENCE_STEPS:
        return "get what these steps name (evidence, a key, a plug-in), and verify again"
    return "auditor verify PATH --trust DIR, with the policy of whoever recorded this"


def _wrapped(text: str) -> str:
    """Within the terminal, words whole; as one line where there is none, for grep."""
    if not sys.stdout.isatty():
        return text
    width = max(terminal_width() - len(_INDENT), 20)
    return f"\n{_INDENT}".join(textwrap.wrap(text, width, break_on_hyphens=False))


def _said(step: StepResult) -> str:
    return _joined(step.where, step.detail)


def _joined(where: str, detail: str) -> str:
    return visible(f"{where}: {detail}" if where else detail)
