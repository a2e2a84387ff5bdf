"""`auditor reperform`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.reperform import Reperformed, exit_code, rejudge_with, reperform
from auditor.app.subject import find_subject
from auditor.cli.common import chosen_engine, guard
from auditor.errors import ExitCode
from auditor.render.escape import visible

_SHOWN = 200


@click.command("reperform")
@click.argument("path", default=".")
@click.option("--run", "run_id", help="Only this run; all complete ones without it.")
@click.option(
    "--controls",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Judge by the controls of this folder instead, and say what flips.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@guard
def reperform_(path: str, run_id: str | None, controls: Path | None, form: str) -> int:
    """Judge recorded evidence again: the verdicts must be the same bytes.

    PATH is a bundle, a store or a working folder. Entries and evidence are proven against the
    checkpoint first; whose signatures count is `auditor verify`'s matter. Exit 0: the same; 3:
    evidence is missing; 5: another verdict, or evidence that was changed.

    \b
    auditor reperform q3.zip
    auditor reperform q3.zip --controls ./stricter-controls --format json
    """
    now, engine = datetime.now(UTC), chosen_engine()
    subject = find_subject(path)
    if controls is None:
        results = reperform(subject, run_id, now, engine)
    else:
        results = rejudge_with(subject, run_id, controls, now, engine)
    if form == "json":
        click.echo(json.dumps([_row(result) for result in results], indent=2))
    else:
        _print(results, changed_controls=controls is not None)
    return ExitCode.OK if controls is not None else exit_code(results)


def _row(result: Reperformed) -> dict[str, object]:
    return {
        "run": result.run,
        "same": result.same,
        "note": result.note,
        "differences": [
            {"finding": item.finding, "then": item.then, "now": item.now}
            for item in result.differences
        ],
    }


def _print(results: Sequence[Reperformed], *, changed_controls: bool) -> None:
    for result in results:
        click.echo(f"{result.run}  {_answer(result, changed_controls=changed_controls)}")
        shown = result.differences[: _SHOWN if changed_controls else 1]
        for item in shown:
            what = f"{item.then} -> {item.now}" if item.then != item.now else "another reason"
            click.echo(visible(f"    {item.finding}: {what}"))
        rest = len(result.differences) - len(shown)
        if rest:
            click.echo(f"    and {rest} more (--format json)")


def _answer(result: Reperformed, *, changed_controls: bool) -> str:
    told = f"  {result.note}" if result.note else ""
    if changed_controls:
        kinds = {"flip": 0, "appear": 0, "vanish": 0}
        for item in result.differences:
            absent = {item.then: "appear", item.now: "vanish"}.get("absent", "flip")
            kinds[absent] += 1
        return ", ".join(f"{count} {kind}" for kind, count in kinds.items()) + told
    if result.same is None:
        return f"cannot tell{told}"
    return "same bytes" if result.same else f"OTHER VERDICTS, {len(result.differences)} findings"
