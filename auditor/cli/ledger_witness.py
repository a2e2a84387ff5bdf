"""`auditor ledger witness`."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.app.log_proofs import require_log
from auditor.app.project import Project, open_project
from auditor.app.witnesses.asking import Outcome, add_lines, ask_witnesses, said, sign_second
from auditor.catalog.config import WitnessEntry
from auditor.catalog.source import did_you_mean
from auditor.cli.common import config_option, guard, note
from auditor.errors import ExitCode, UsageError
from auditor.ledger.add_checkpoint import MAX_ANSWER
from auditor.render.escape import visible

_HOW = (
    "name one in auditor.yaml, `witnesses: [{url: ..., vkey: ...}]`; without a network, give an"
    " auditor the store or the file of `auditor ledger consistency 0 -o FILE` for `auditor witness"
    " cosign`, and add what comes back: auditor ledger witness --add FILE"
)


@click.command()
@config_option
@click.argument("urls", nargs=-1)
@click.option(
    "--add",
    "lines",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Signature lines of a witness that came another way.",
)
@guard
def witness(config: Path, urls: tuple[str, ...], lines: Path | None) -> int:
    """Have the checkpoint cosigned by the witnesses of auditor.yaml, or by those at URLS.

    Exit 0: every one has cosigned; 3: one has not answered or refused; 5: one says that the log was
    rewritten or cut.

    \b
    auditor ledger witness
    auditor ledger witness https://witness.example.org
    auditor ledger witness --add cosignature.txt
    """
    project = open_project(config)
    require_log(project.store)
    if lines is not None:
        with lines.open("rb") as file:
            added = add_lines(project, file.read(MAX_ANSWER + 1))
        for answer in added:
            note(visible(said(answer)))
        return ExitCode.OK
    chosen = _chosen(project, urls)
    sign_second(project)
    answers = ask_witnesses(project, chosen, lambda line: note(visible(line)))
    outcomes = {answer.outcome for answer in answers}
    if Outcome.INCONSISTENT in outcomes:
        return ExitCode.INTEGRITY
    return ExitCode.OK if outcomes == {Outcome.COSIGNED} else ExitCode.INCOMPLETE


def _chosen(project: Project, urls: tuple[str, ...]) -> list[WitnessEntry]:
    known = project.loaded.config.witnesses
    if not known:
        raise UsageError("auditor.yaml names no witness", hint=_HOW)
    if not urls:
        return list(known)
    by_url = {item.url.rstrip("/"): item for item in known}
    chosen: list[WitnessEntry] = []
    for url in urls:
        entry = by_url.get(url.rstrip("/"))
        if entry is None:
            nearest = did_you_mean(url, by_url)
            raise UsageError(
                f"auditor.yaml names no witness at {url}{nearest}",
                hint="its vkey must be known before its cosignature counts: add it to `witnesses:`",
            )
        chosen.append(entry)
    return chosen
