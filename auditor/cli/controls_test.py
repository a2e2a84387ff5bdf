"""`auditor controls test`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from auditor.app.cases.control_cases import CaseResult
from auditor.app.cases.run import CaseRunner, ControlRun
from auditor.app.engine import DEFAULT, make_engine
from auditor.app.library import checked_library
from auditor.app.registry import Collectors
from auditor.catalog.library import LoadedControl
from auditor.cli.common import chosen_engine, guard
from auditor.cli.controls_common import controls_option, library_folders, one_control
from auditor.errors import ExitCode, UsageError


@click.command()
@click.argument("control_ids", nargs=-1)
@controls_option
@click.option("--verbose", "-v", is_flag=True, help="Also the findings of cases that agree.")
@click.option("--coverage", is_flag=True, help="Demand each assertion and `when` seen both ways.")
@click.option("--mutate", is_flag=True, help="Damage what is read: verdicts must change.")
@click.option("--mutate-expressions", is_flag=True, help="Change operators and literals: a list.")
@click.option("--update", is_flag=True, help="Write the verdicts of now into `expect`.")
@click.option("--accept-loosening", is_flag=True, help="With --update: also fail or error to pass.")
@guard
def test(
    control_ids: tuple[str, ...],
    folders: tuple[Path, ...],
    *,
    verbose: bool,
    coverage: bool,
    mutate: bool,
    mutate_expressions: bool,
    update: bool,
    accept_loosening: bool,
) -> int:
    """Judge the cases beside each control and compare with what they expect."""
    if accept_loosening and not update:
        raise UsageError("--accept-loosening says something about --update only")
    collectors, engine = Collectors(), make_engine(chosen_engine() or DEFAULT)
    library = checked_library(library_folders(folders), collectors, engine)
    chosen = [one_control(library, i) for i in control_ids or sorted(library.controls)]
    runner = CaseRunner(collectors.resource_types(), engine)
    if update:
        return _update(runner, chosen, accept_loosening=accept_loosening)
    runs = []
    for loaded in chosen:
        run = runner.run(loaded, coverage=coverage, mutation=mutate, expressions=mutate_expressions)
        runs.append(run)
        _say_cases(run.results, verbose=verbose)
        _say_coverage(run)
        _say_mutants(run)
        _say_changed(run)
    _say_totals(runs)
    return ExitCode.OK if all(run.complete for run in runs) else ExitCode.FAILING


def _say_cases(results: Sequence[CaseResult], *, verbose: bool) -> None:
    for result in results:
        if result.differences or verbose:
            verdict = "FAIL" if result.differences else "ok"
            click.echo(f"{verdict} {result.control}: {result.name}")
            for difference in result.differences:
                click.echo(f"     {difference}")
        if verbose:
            for finding in result.findings:
                click.echo(f"     {finding.status.value:14} {finding.id}  {finding.reason}")


def _say_coverage(run: ControlRun) -> None:
    if run.coverage is not None:
        seen, wanted = run.coverage.seen, run.coverage.wanted
        click.echo(f"{run.control}: {seen} of {wanted} outcomes seen")
        for sentence in run.coverage.missing:
            click.echo(f"     never seen: {sentence}")


def _say_mutants(run: ControlRun) -> None:
    tally = run.tally
    if tally is not None:
        counts = f"{tally.killed} killed, {tally.excused} excused, {len(tally.survived)} survived"
        click.echo(f"{run.control}: mutants: {counts}")
        for survivor in tally.survived:
            click.echo(f"     survived: {survivor}")
        for reason in tally.unused:
            click.echo(f"     not needed: {reason}")


def _say_changed(run: ControlRun) -> None:
    changed = run.changed
    if changed is not None:
        counts = f"{changed.killed} killed, {len(changed.survived)} survived"
        click.echo(f"{run.control}: changed expressions: {counts}")
        for survivor in changed.survived:
            click.echo(f"     no case notices: {survivor}")


def _say_totals(runs: Sequence[ControlRun]) -> None:
    results = [result for run in runs for result in run.results]
    coverages = [run.coverage for run in runs if run.coverage is not None]
    tallies = [run.tally for run in runs if run.tally is not None]
    if coverages:
        seen, wanted = sum(c.seen for c in coverages), sum(c.wanted for c in coverages)
        click.echo(f"coverage: {seen} of {wanted} outcomes seen ({_percent(seen, wanted)})")
    if tallies:
        killed, excused = sum(t.killed for t in tallies), sum(t.excused for t in tallies)
        survived = sum(len(t.survived) for t in tallies)
        click.echo(f"mutation: {killed} killed, {excused} excused, {survived} survived")
    changed = [run.changed for run in runs if run.changed is not None]
    if changed:
        killed, survived = sum(c.killed for c in changed), sum(len(c.survived) for c in changed)
        click.echo(f"changed expressions: {killed} killed, {survived} survived")
    expectations = sum(result.expectations for result in results)
    failed = sum(bool(result.differences) for result in results)
    click.echo(
        f"{len(runs)} controls, {len(results)} cases, {expectations} expectations, {failed} failing"
    )


def _percent(part: int, whole: int) -> str:
    """Never rounded up: 100 % means all."""
    return f"{100 * part // whole} %" if whole else "nothing to see"


def _update(
    runner: CaseRunner, chosen: Sequence[LoadedControl], *, accept_loosening: bool
) -> ExitCode:
    """Rewrite expectations; what became laxer is named, and refused unless it is accepted."""
    changed = open_ = 0
    for loaded in chosen:
        update = runner.update(loaded, accept_loosening=accept_loosening)
        for change in update.changed:
            word = "LOOSENED" if change.loosens else "updated"
            click.echo(f"{word} {loaded.control.id}: {change}")
        for change in update.refused:
            click.echo(f"REFUSED {loaded.control.id}: {change} (--accept-loosening writes it)")
        for change in update.by_hand:
            click.echo(f"BY HAND {loaded.control.id}: {change}")
        changed += len(update.changed)
        open_ += len(update.refused) + len(update.by_hand)
    click.echo(f"{changed} expectations updated, {open_} left as they are")
    return ExitCode.FAILING if open_ else ExitCode.OK
