"""`auditor waive`: ask for an exception."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.app.project import Project, open_project
from auditor.app.waiving.requesting import (
    Covered,
    check_request,
    covered,
    next_id,
    waivers_folder,
    write_request,
)
from auditor.catalog.source import Source, validate
from auditor.cli.common import config_option, guard
from auditor.core.model.waiver import WaiverRequest
from auditor.errors import DefinitionError, UsageError


@click.command()
@click.argument("check")
@click.option("--match", required=True, help="CEL over `resource`: which resources it is for.")
@click.option("--reason", required=True, help="Why the exception is needed.")
@click.option("--risk", required=True, help="What may happen, or the id of the risk.")
@click.option("--compensating", multiple=True, help="What lessens the risk; may be repeated.")
@click.option("--requested-by", required=True, help="Who asks for it.")
@click.option("--expires", required=True, metavar="TIME", help="With a zone; at most 180 days on.")
@click.option("--max-items", required=True, type=int, help="The most resources it may cover.")
@click.option("--environment", "environments", multiple=True, help="Default: the only one.")
@click.option("--run", default="latest", show_default=True, help="The run to hold it against.")
@click.option("--id", "name", help="Default: the next free W-YEAR-NUMBER.")
@config_option
@guard
def waive(
    *,
    check: str,
    match: str,
    reason: str,
    risk: str,
    compensating: tuple[str, ...],
    requested_by: str,
    expires: str,
    max_items: int,
    environments: tuple[str, ...],
    run: str,
    name: str | None,
    config: Path,
) -> None:
    """Ask for an exception of CHECK; nothing is waived until another person approves it.

    \b
    auditor waive console-mfa/console-users --match 'resource.arn.endsWith(":user/breakglass")' \\
      --reason "Sealed emergency account" --risk R-014 --requested-by head-of-platform \\
      --expires 2026-09-30T00:00:00Z --max-items 1
    """
    now = datetime.now(UTC)
    project = open_project(config)
    request = _request(
        {
            "id": name or next_id(waivers_folder(project), now),
            "check": check,
            "match": match,
            "environments": list(environments) or _only_environment(project),
            "reason": reason,
            "risk": risk,
            "compensating": list(compensating),
            "requested_by": requested_by,
            "expires": expires,
            "max_items": max_items,
        }
    )
    check_request(project, request, now)
    seen = covered(project, request, run)
    _check_covers(seen, request)
    for finding in seen.findings:
        click.echo(f"would waive  {finding.short}  {finding.id}  {finding.severity}")
    click.echo(f"{len(seen.findings)} of {seen.failing} failing, at most {request.max_items}")
    path = write_request(project, request)
    click.echo(f"wrote {path}")
    click.echo(f"next: auditor waivers approve {path} --as NAME --key KEY")


def _request(values: dict[str, object]) -> WaiverRequest:
    """The options as a model; problems are named by the option.

    Raises:
        UsageError: An option has a wrong form.
    """
    try:
        return validate(Source("", "", values), WaiverRequest)
    except DefinitionError as error:
        found = [(f"--{p.message.replace('_', '-')}", p.hint) for p in error.problems]
        raise UsageError("\n".join(text for text, _ in found), hint=found[0][1]) from error


def _only_environment(project: Project) -> list[str]:
    names = list(project.loaded.config.environments)
    if len(names) > 1:
        raise UsageError(f"give --environment: one of {', '.join(names)}")
    return names


def _check_covers(seen: Covered, request: WaiverRequest) -> None:
    """Refuse a waiver that would not do what it is asked for.

    Raises:
        UsageError: It covers nothing, or more than `--max-items`, or cannot be decided.
    """
    if seen.refused:
        raise UsageError(
            f"it would not count in run {seen.run}: {seen.refused}",
            hint="narrow --match, or ask for as many as it covers",
        )
    if not seen.findings:
        raise UsageError(
            f"--match covers none of the {seen.failing} failing findings of {request.check} "
            f"in run {seen.run}",
            hint=f"auditor run show {seen.run}",
        )
