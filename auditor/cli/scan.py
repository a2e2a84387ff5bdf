"""`auditor scan`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.declared import with_declared
from auditor.app.project import Project, open_project
from auditor.app.reports.outputs import render_parts, write_outputs
from auditor.app.reports.requests import parse_request
from auditor.app.resuming import find_interrupted
from auditor.app.runs import find_run
from auditor.app.scan import Scan, ScanOptions, plan_run
from auditor.app.selection import Selection, make_policy
from auditor.cli.common import (
    chosen_engine,
    colour_option,
    config_option,
    echo_parts,
    guard,
    note,
    wants_colour,
)
from auditor.cli.progress import make_progress
from auditor.cli.scan_options import SEVERITIES, declared_of, declared_options, selection_options
from auditor.cli.undelivered import note_undelivered
from auditor.core.model.policy import Policy
from auditor.core.model.status import Severity
from auditor.core.rollup import exit_code, outcome
from auditor.errors import AuditorError, ExitCode, UsageError
from auditor.render.formats import check_format
from auditor.render.registry import format_names


@click.command()
@config_option
@selection_options
@declared_options
@click.option("--severity", type=SEVERITIES, help="Only checks that can find something this bad.")
@click.option(
    "--fail-on-severity",
    type=SEVERITIES,
    default=Severity.INFO.value,
    show_default=True,
    help="Failures below it do not change the exit code.",
)
@click.option("--format", "form", default="text", show_default=True, help="What stdout gets.")
@click.option("--output", "outputs", multiple=True, metavar="FORMAT=FILE", help="Also to a file.")
@click.option(
    "--plan",
    "plan_only",
    is_flag=True,
    help="Say what would be read, by which requests; read nothing.",
)
@click.option("--resume", "resumed", metavar="RUN", help="Go on with an interrupted run.")
@click.option("--max-calls", type=click.IntRange(1), help="Ceiling of requests for the whole run.")
@click.option("--workers", type=click.IntRange(1, 256), default=16, show_default=True)
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=30.0, show_default=True)
@click.option("--allow-probes", is_flag=True, help="Allow active probes.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 also for failing and incomplete runs.")
@colour_option
@guard
def scan(
    *,
    config: Path,
    frameworks: tuple[str, ...],
    controls: tuple[str, ...],
    checks: tuple[str, ...],
    targets: tuple[str, ...],
    environments: tuple[str, ...],
    severity: str | None,
    fail_on_severity: str,
    form: str,
    outputs: tuple[str, ...],
    workers: int,
    timeout: float,
    resumed: str | None,
    max_calls: int | None,
    plan_only: bool,
    allow_probes: bool,
    exit_zero: bool,
    no_color: bool,
    **declared: tuple[str, ...],
) -> int:
    """Read the targets, judge the controls, record and sign the evidence.

    \b
    auditor scan
    auditor scan --framework soc2 --target aws-prod
    auditor scan --check console-mfa/console-users --format json
    auditor scan --output pdf=report.pdf --output html=report.html
    helm template CHART | auditor scan --manifests -
    terraform show -json tfplan | auditor scan --terraform-plan -
    auditor scan --plan
    auditor scan --max-calls 5000
    auditor scan --resume 20261121T1430
    """
    check_format(form, format_names())
    requests = [parse_request(text, format_names()) for text in outputs]
    project = open_project(config, chosen_engine())
    selection = Selection(
        frameworks,
        controls,
        checks,
        targets,
        environments,
        Severity(severity) if severity else None,
    )
    project, selection = with_declared(project, selection, declared_of(declared))
    if plan_only:
        _print_plan(project, make_policy(project, selection))
        return ExitCode.OK
    if resumed is not None and selection != Selection():
        raise UsageError("--resume goes on with the run's own selection: give no other")
    with make_progress() as progress:
        options = ScanOptions(workers, timeout, allow_probes, progress, max_calls)
        run = Scan(project, lambda: datetime.now(UTC), options)
        if resumed is None:
            assessment = run.execute(selection)
        else:
            name = find_run(project.store, resumed)
            assessment = run.resume(find_interrupted(project, name, datetime.now(UTC)))
    colour = wants_colour(no_color=no_color)
    try:
        written = write_outputs(project, assessment, requests, progress=note)
    except AuditorError:
        # It is recorded: show it all the same.
        echo_parts(render_parts(form, assessment, colour=colour), form)
        raise
    places = [("evidence", project.loaded.config.store)]
    places += [(request.form, str(request.path)) for request in requests]
    echo_parts(render_parts(form, assessment, colour=colour, places=places), form)
    for path in written:
        note(f"wrote {path}")
    note_undelivered(project)
    threshold = Severity(fail_on_severity)
    code = exit_code(outcome(assessment.findings, threshold))
    return ExitCode.OK if exit_zero and code in _SOFT else code


def _print_plan(project: Project, policy: Policy) -> None:
    """Target by target: the types, and the requests that reading them makes."""
    plan = plan_run(policy, project.engine)
    requests = plan.requests()
    targets = {target.name: target for target in policy.targets}
    for name, types in requests.items():
        click.echo(f"{name}: {', '.join(types)}")
        collector = project.collectors.by_kind(targets[name].kind)
        for call in collector.planned_calls(targets[name], types):
            times = f"{call.times} x" if call.times is not None else "each"
            click.echo(f"  {times:>5} {call.per}: {call.request}")
    told = "1 target" if len(requests) == 1 else f"{len(requests)} targets"
    note(f"{len(plan.checks)} checks on {told}; nothing was read.  Next: auditor scan")


_SOFT = (ExitCode.FAILING, ExitCode.INCOMPLETE)
