"""`auditor gate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from auditor.app.assess import assemble, recorded
from auditor.app.declared import with_declared
from auditor.app.gating.baseline import Reference
from auditor.app.gating.gate import GateOptions, gate
from auditor.app.project import Project, open_project
from auditor.app.reports.outputs import write_files, write_outputs
from auditor.app.reports.requests import OutputRequest, parse_request
from auditor.app.scan import Scan, ScanOptions
from auditor.app.selection import Selection
from auditor.cli.common import chosen_engine, config_option, echo, guard, note
from auditor.cli.progress import make_progress
from auditor.cli.scan_options import (
    SEVERITIES,
    declared_of,
    declared_options,
    selection_of,
    selection_options,
)
from auditor.core.diff.gate import (
    ANY,
    COVERAGE,
    DEFAULT_MAX_AGE,
    NEW,
    WEAKENING,
    GateResult,
    Refusal,
    Rules,
)
from auditor.core.model.status import Severity
from auditor.core.times import format_duration, format_instant, parse_duration
from auditor.errors import AuditorError, ConfigError, ExitCode, UsageError
from auditor.render.gate.registry import GATE_FORMATS, render_gate
from auditor.render.registry import format_names

_BY_SEVERITY = "severity="
_RULES = (NEW, ANY, COVERAGE, WEAKENING)


class _GateCommand(click.Command):
    """Removes the files that it is to write before it reads its options.

    Whatever is wrong with them, and whatever happens then: a comment of an earlier run is not taken
    for one of this run.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, afterwards; a shell that completes a line, and --help, remove nothing."""
        if not ctx.resilient_parsing and not set(args) & set(ctx.help_option_names):
            for text in _given_outputs(args):
                _remove_earlier(text)
        return super().parse_args(ctx, args)


def _given_outputs(args: Sequence[str]) -> Iterator[str]:
    """Every value of `--output`, as click takes them: beside it, or behind its equals sign."""
    for index, text in enumerate(args):
        name, separator, value = text.partition("=")
        if name == "--output":
            yield value if separator else "".join(args[index + 1 : index + 2])


def _formats() -> frozenset[str]:
    """Of the gate, and of the report of the run."""
    return frozenset({*GATE_FORMATS, *format_names()})


def _remove_earlier(text: str) -> None:
    form, _, name = text.partition("=")
    path = Path(name)
    if form not in _formats() or not name or not (path.is_file() or path.is_symlink()):
        return
    try:
        path.unlink()
    except OSError as error:
        raise ConfigError(
            f"an earlier {path} cannot be removed: {error.strerror}",
            hint="it must not be taken for one of this run: remove it, or name another file",
        ) from error


@click.command(cls=_GateCommand)
@click.option("--baseline", required=True, help="What to compare with, as above.")
@click.option("--run", "run_id", help="Gate this recorded run instead of scanning.")
@click.option(
    "--accept-unverified-run",
    is_flag=True,
    help="With --run: also one that the trust policy cannot vouch for; every output says so.",
)
@click.option("--trust", help="Trust policy: DIR or git:REF.  [default: that of a git: baseline]")
@click.option(
    "--fail-on",
    multiple=True,
    metavar="RULE",
    help="new, any, coverage, severity=LEVEL; repeatable.  [default: new]  Always: weakening.",
)
@click.option(
    "--allow-weakening", is_flag=True, help="Let weaker policy through; every output says so."
)
@click.option("--min-coverage", type=click.IntRange(0, 100), help="Percent that must be judged.")
@click.option(
    "--max-age",
    default=format_duration(DEFAULT_MAX_AGE),
    show_default=True,
    help="How old the baseline may be: 36h, 7d.",
)
@click.option("--replay", is_flag=True, help="Judge changed controls on the baseline's evidence.")
@click.option(
    "--format", "form", type=click.Choice(GATE_FORMATS), default="text", show_default=True
)
@click.option("--output", "outputs", multiple=True, metavar="FORMAT=FILE", help="Also to a file.")
@selection_options
@click.option("--severity", type=SEVERITIES, help="Only checks that can find something this bad.")
@declared_options
@click.option("--max-calls", type=click.IntRange(1), help="Ceiling of requests for the whole run.")
@click.option("--workers", type=click.IntRange(1, 256), default=16, show_default=True)
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=30.0, show_default=True)
@click.option("--allow-probes", is_flag=True, help="Allow active probes.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 also where the gate is closed (1 and 3).")
@config_option
@guard
def gate_(
    *,
    baseline: str,
    run_id: str | None,
    trust: str | None,
    fail_on: tuple[str, ...],
    allow_weakening: bool,
    min_coverage: int | None,
    max_age: str,
    replay: bool,
    accept_unverified_run: bool,
    form: str,
    outputs: tuple[str, ...],
    max_calls: int | None,
    workers: int,
    timeout: float,
    allow_probes: bool,
    exit_zero: bool,
    config: Path,
    **selected: object,
) -> int:
    """Scan, or take a run, and fail where it is worse than a signed baseline.

    \b
    --baseline git:origin/main:baseline.zip   a signed bundle in a commit
    --baseline ledger:latest                  the newest complete run before
    --baseline ledger:20261120T0900           that run
    --baseline baseline.zip                   a signed bundle

    The baseline is verified before anything is read. Whose signatures count is told by --trust, or
    by the working folder of the commit that the baseline is in; never by the change itself. The
    same signatures are asked of a --run. Files of --output are removed before anything else.
    FORMAT is json, markdown (a comment), summary, github, text, or a format of `auditor report`.

    \b
    Exit codes: 0 open   1 worse by --fail-on   3 what the baseline judged is not judged any more
                2 baseline missing or too old   5 baseline or --run edited or unsigned

    \b
    auditor gate --baseline git:origin/main:baseline.zip --max-age 7d --replay
    auditor gate --baseline ledger:latest --trust git:origin/main --fail-on any
    auditor gate --run latest --baseline main.zip --trust trust --output markdown=comment.md
    """
    files: list[OutputRequest] = []
    try:
        # One by one: where a file is wrong, those before it still get the refusal.
        files.extend(parse_request(text, _formats()) for text in outputs)
        selection = selection_of(selected)
        rules = _rules(fail_on, min_coverage, _duration(max_age), allow_weakening=allow_weakening)
        reference = Reference.parse(baseline)
        if accept_unverified_run and run_id is None:
            raise UsageError("--accept-unverified-run is about a --run, and there is none")
        project = open_project(config, chosen_engine())
        declared = declared_of(selected)
        if declared and run_id is not None:
            raise UsageError(f"--{next(iter(declared))} is for a scan: give no --run")
        project, selection = with_declared(project, selection, declared)
        options = GateOptions(reference, rules, trust, replay, selection, accept_unverified_run)
        scanning = ScanOptions(workers, timeout, allow_probes, max_calls=max_calls)
        result = gate(project, options, run_id, _scan(project, scanning, selection), _now)
    except AuditorError as error:
        _refuse(error, baseline, form, files)
        raise
    _write(project, result, files)
    _show(form, result)
    code = result.exit_code
    soft = code in (ExitCode.FAILING, ExitCode.INCOMPLETE)
    return ExitCode.OK if exit_zero and soft else code


def _now() -> datetime:
    return datetime.now(UTC)


def _scan(project: Project, options: ScanOptions, selection: Selection) -> Callable[[], str]:
    def scan() -> str:
        with make_progress() as progress:
            telling = ScanOptions(
                options.workers,
                options.timeout_s,
                options.allow_probes,
                progress,
                options.max_calls,
            )
            return Scan(project, _now, telling).execute(selection).run

    return scan


def _rules(
    fail_on: Sequence[str],
    min_coverage: int | None,
    max_age: timedelta,
    *,
    allow_weakening: bool,
) -> Rules:
    """What was typed instead of `new`; weaker policy is let through by that very name alone."""
    severity: Severity | None = None
    names = set() if allow_weakening else {WEAKENING}
    for rule in fail_on or (NEW,):
        if rule == WEAKENING and allow_weakening:
            raise UsageError("--fail-on weakening and --allow-weakening contradict each other")
        if rule.startswith(_BY_SEVERITY):
            severity = _least(severity, rule.removeprefix(_BY_SEVERITY))
        elif rule in _RULES:
            names.add(rule)
        else:
            raise UsageError(
                f"got --fail-on {rule!r}", hint=f"{', '.join(_RULES)}, or severity=high"
            )
    return Rules(frozenset(names), severity, min_coverage, max_age)


def _least(known: Severity | None, text: str) -> Severity:
    """The lowest of the severities that were named: all above it count."""
    try:
        found = Severity(text)
    except ValueError:
        names = ", ".join(severity.value for severity in Severity)
        raise UsageError(f"got --fail-on severity={text}", hint=f"severities: {names}") from None
    return found if known is None or found.rank > known.rank else known


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--max-age: {error}", hint="--max-age 7d") from error


def _refuse(error: AuditorError, baseline: str, form: str, files: list[OutputRequest]) -> None:
    """Say where it is looked for that nothing was compared: silence would be read as a pass."""
    refusal = Refusal(
        baseline,
        format_instant(_now()),
        error.exit_code,
        f"{error.where}: {error.message}" if error.where else error.message,
        error.hint,
    )
    own = [file for file in files if file.form in GATE_FORMATS]
    try:
        write_files([(file.path, render_gate(file.form, refusal)) for file in own])
    finally:
        _show(form, refusal)


def _show(form: str, said: GateResult | Refusal) -> None:
    """Annotations are commands for the log of the job; nothing else may be."""
    echo(render_gate(form, said), form)


def _write(project: Project, result: GateResult, files: list[OutputRequest]) -> None:
    """The gate's own files first: they are read where a file of the run cannot be written."""
    write_files([(f.path, render_gate(f.form, result)) for f in files if f.form in GATE_FORMATS])
    others = [f for f in files if f.form not in GATE_FORMATS]
    if others:
        assessment = assemble(recorded(project.store, result.diff.after.run))
        write_outputs(project, assessment, others, progress=note)
    for file in files:
        note(f"wrote {file.path}")
