"""`auditor gate`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from auditor.app.assess import assemble, recorded
from auditor.app.declared import with_declared
from auditor.app.gating.baseline import Reference
from auditor.app.gating.gate import GateOptions, gate
from auditor.app.project import Project, open_project
from auditor.app.reports.outputs import OutputRequest, write_files, write_outputs
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
    DEFAULT_RULES,
    NEW,
    WEAKENING,
    GateResult,
    Refusal,
    Rules,
)
from auditor.core.model.status import Severity
from auditor.core.times import format_instant, parse_duration
from auditor.errors import AuditorError, ExitCode, UsageError
from auditor.render.gate.registry import GATE_FORMATS, render_gate

_BY_SEVERITY = "severity="
_RULES = (NEW, ANY, COVERAGE, WEAKENING)


@click.command()
@click.option("--baseline", required=True, help="What to compare with; see below.")
@click.option("--run", "run_id", help="Gate this recorded run instead of scanning.")
@click.option("--trust", help="Trust policy: DIR or git:REF.  [default: that of a git: baseline]")
@click.option(
    "--fail-on",
    multiple=True,
    metavar="RULE",
    help="new, any, coverage, weakening, severity=LEVEL; repeatable.  [default: new, weakening]",
)
@click.option("--min-coverage", type=click.IntRange(0, 100), help="Percent that must be judged.")
@click.option("--max-age", help="How old the baseline may be: 36h, 7d.")
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
    min_coverage: int | None,
    max_age: str | None,
    replay: bool,
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
    by the working folder of the commit that the baseline is in; never by the change itself.
    FORMAT is json, markdown (a comment), summary, github, text, or a format of `auditor report`.

    \b
    Exit codes: 0 open   1 worse by --fail-on   3 what the baseline judged is not judged any more
                2 baseline missing or too old   5 baseline edited or unsigned

    \b
    auditor gate --baseline git:origin/main:baseline.zip --max-age 7d --replay
    auditor gate --baseline ledger:latest --trust git:origin/main --fail-on any
    auditor gate --run latest --baseline main.zip --trust trust --output markdown=comment.md
    """
    files = [_Output.parse(text) for text in outputs]
    selection = selection_of(selected)
    reference, rules = Reference.parse(baseline), _rules(fail_on, min_coverage)
    oldest = _duration(max_age)
    scanning = ScanOptions(workers, timeout, allow_probes, max_calls=max_calls)
    try:
        project = open_project(config, chosen_engine())
        declared = declared_of(selected)
        if declared and run_id is not None:
            raise UsageError(f"--{next(iter(declared))} is for a scan: give no --run")
        project, selection = with_declared(project, selection, declared)
        options = GateOptions(reference, rules, trust, oldest, replay, selection)
        result = gate(project, options, run_id, _scan(project, scanning, selection), _now)
    except AuditorError as error:
        _refuse(error, reference, form, files)
        raise
    _write(project, result, files)
    echo(render_gate(form, result))
    code = result.exit_code
    soft = code in (ExitCode.FAILING, ExitCode.INCOMPLETE)
    return ExitCode.OK if exit_zero and soft else code


@dataclass(frozen=True, slots=True)
class _Output:
    """`FORMAT=FILE`: of the gate itself, or of the gated run."""

    form: str
    path: Path

    @property
    def is_own(self) -> bool:
        return self.form in GATE_FORMATS

    @classmethod
    def parse(cls, text: str) -> _Output:
        form, separator, name = text.partition("=")
        if form not in GATE_FORMATS:
            request = OutputRequest.parse(text)
            return cls(request.form, request.path)
        if not separator or not name:
            raise UsageError(f"got --output {text!r}, expected FORMAT=FILE such as json=gate.json")
        path = Path(name)
        if not path.parent.is_dir():
            raise UsageError(
                f"the folder {path.parent} does not exist", hint=f"mkdir {path.parent}"
            )
        return cls(form, path)


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


def _rules(fail_on: tuple[str, ...], min_coverage: int | None) -> Rules:
    severity: Severity | None = None
    names = set()
    for rule in fail_on or DEFAULT_RULES:
        if rule.startswith(_BY_SEVERITY):
            severity = _least(severity, rule.removeprefix(_BY_SEVERITY))
        elif rule in _RULES:
            names.add(rule)
        else:
            raise UsageError(
                f"got --fail-on {rule!r}", hint=f"{', '.join(_RULES)}, or severity=high"
            )
    return Rules(frozenset(names), severity, min_coverage)


def _least(known: Severity | None, text: str) -> Severity:
    """The lowest of the severities that were named: all above it count."""
    try:
        found = Severity(text)
    except ValueError:
        names = ", ".join(severity.value for severity in Severity)
        raise UsageError(f"got --fail-on severity={text}", hint=f"severities: {names}") from None
    return found if known is None or found.rank > known.rank else known


def _duration(text: str | None) -> timedelta | None:
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--max-age: {error}", hint="--max-age 7d") from error


def _refuse(error: AuditorError, baseline: Reference, form: str, files: list[_Output]) -> None:
    """Say where it is looked for that nothing was compared: silence would be read as a pass."""
    refusal = Refusal(
        baseline.text,
        format_instant(_now()),
        error.exit_code,
        f"{error.where}: {error.message}" if error.where else error.message,
        error.hint,
    )
    write_files([(f.path, render_gate(f.form, refusal)) for f in files if f.is_own])
    echo(render_gate(form, refusal))


def _write(project: Project, result: GateResult, files: list[_Output]) -> None:
    """The gate's own files first: they are read where a file of the run cannot be written."""
    write_files([(f.path, render_gate(f.form, result)) for f in files if f.is_own])
    others = [OutputRequest(f.form, f.path) for f in files if not f.is_own]
    if others:
        assessment = assemble(recorded(project.store, result.diff.after.run))
        write_outputs(project, assessment, others, progress=note)
    for file in files:
        note(f"wrote {file.path}")
